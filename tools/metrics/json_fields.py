"""Metric `json_fields`: how many of the expected JSON object's fields the answer has right."""

import math
from dataclasses import dataclass
from typing import Any

from library.datasets import Item
from library.errors import InputError
from tools.metrics.folding import folded
from tools.metrics.json_match import equal, json_object
from tools.metrics.judgement import Judgement, expected_of, misformatted, revision_of
from tools.structured import unfenced


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields:
    """The share of fields that are right: present and equal, or absent on both sides. Not an object: a format error.

    keys: the fields that count; default: those of the expected answer, and `strict` adds those that only the answer
    has. tolerance: relative, for numbers. fold: texts are compared without case, spacing and punctuation. fenced:
    accept a code fence around the answer.
    """

    keys: list[str] | None = None
    strict: bool = False
    tolerance: float = 0.0
    fold: bool = False
    fenced: bool = False

    name = "json_fields"
    needs_expected = True

    def __post_init__(self) -> None:
        if self.keys == [] or not 0 <= self.tolerance < math.inf:
            raise InputError("no keys, or a tolerance below 0", "metric json_fields", "Correct it.")

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Compare field by field."""
        wanted = json_object(expected_of(item, self.name))
        if wanted is None or not (self.keys or wanted):
            raise InputError(
                f"the expected answer of item {item.id} is not a JSON object with fields",
                f"dataset {item.dataset}",
                "Correct the item, or use another metric.",
            )
        said = json_object(unfenced(output) if self.fenced else output)
        if said is None:
            return misformatted("the answer is not a JSON object")
        keys = self.keys or sorted(wanted.keys() | said.keys() if self.strict else wanted)
        off = [
            key for key in keys if (key in said) != (key in wanted) or not self._same(said.get(key), wanted.get(key))
        ]
        reason = f"differs in {', '.join(off)}"[:300] if off else "all fields right"
        return Judgement(score=1 - len(off) / len(keys), reason=reason)

    def _same(self, said: Any, wanted: Any) -> bool:
        if isinstance(said, str) and isinstance(wanted, str) and self.fold:
            return folded(said) == folded(wanted)
        both = (said, wanted)
        if self.tolerance and all(isinstance(n, int | float) and not isinstance(n, bool) for n in both):
            return math.isclose(said, wanted, rel_tol=0.0, abs_tol=self.tolerance * abs(wanted))
        return equal(said, wanted)
