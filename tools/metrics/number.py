"""Metric `number`: the answer names the expected number, within a tolerance."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, expected_of, misformatted, revision_of, right, wrong

_GROUPS = r"(?:[ '’\u00a0\u202f]\d{3})+|(?:%s\d{2,3})+"
_NUMBER = r"(?<![\w%s])[-+−]?(?:\d+(?:%s)?(?:%s\d+)?|%s\d+)(?:[eE][-+−]?\d+)?(?!\w)"


def _pattern(decimal: str) -> re.Pattern[str]:
    mark, other = (r"\.", ",") if decimal == "." else (",", r"\.")
    return re.compile(_NUMBER % (mark, _GROUPS % other, mark, mark))


_PATTERNS = {mark: _pattern(mark) for mark in (".", ",")}


def numbers(text: str, decimal: str) -> list[float]:
    """Every number in a text, in order; digits may be grouped by blanks, apostrophes or the other mark."""
    found = []
    for match in _PATTERNS[decimal].finditer(text):
        plain = re.sub(r"[ '’\u00a0\u202f]", "", match[0]).replace("−", "-")
        plain = plain.replace("." if decimal == "," else ",", "").replace(",", ".")
        found.append(float(plain))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """1 when the answer's number is within max(absolute, relative x |expected|) of the expected one.

    pick: which number of the answer counts; `only` wants exactly one. decimal: the decimal mark of the answer,
    expected_decimal that of the expected text; neither is guessed, since `1,234` is two numbers. No such number, or
    one too large for arithmetic: a format error.
    """

    absolute: float = 0.0
    relative: float = 0.0
    pick: Literal["only", "first", "last"] = "only"
    decimal: Literal[".", ","] = "."
    expected_decimal: Literal[".", ","] = "."

    name = "number"
    needs_expected = True

    def __post_init__(self) -> None:
        if not (0 <= self.absolute < math.inf and 0 <= self.relative < math.inf):
            raise InputError("a tolerance is negative or endless", "metric number", "Give numbers from 0 up.")

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Read both numbers and compare."""
        expected = numbers(expected_of(item, self.name), self.expected_decimal)
        if len(expected) != 1 or not math.isfinite(expected[0]):
            raise InputError(
                f"the expected answer of item {item.id} is not one number",
                f"dataset {item.dataset}",
                "Correct the item or expected_decimal, or use another metric.",
            )
        found = numbers(output, self.decimal)
        if not found or (self.pick == "only" and len(found) > 1):
            return misformatted(f"{len(found)} numbers in the answer")
        said, wanted = found[-1 if self.pick == "last" else 0], expected[0]
        if not math.isfinite(said):
            return misformatted("the number is too large")
        # Binary fractions: 0.1 + 0.2 is within 0.3 and nothing.
        room = max(self.absolute, self.relative * abs(wanted)) + 1e-12 * max(1.0, abs(wanted))
        off = abs(said - wanted)
        return right("within the tolerance") if off <= room else wrong(f"{said:g} is off by {off:g}")
