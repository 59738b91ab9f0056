"""Metric `json_match`: the answer is the expected JSON object, however it is spelled."""

from dataclasses import dataclass
from typing import Any

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, expected_of, misformatted, revision_of, right, wrong
from tools.structured import read_json, unfenced


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonMatch:
    """1 when answer and expected answer are equal as JSON objects: key order and white space do not count.

    keys: compare only these. fenced: accept a code fence around the answer. No JSON object: a format error.
    """

    keys: list[str] | None = None
    fenced: bool = False

    name = "json_match"
    needs_expected = True

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Read both and compare."""
        wanted = json_object(expected_of(item, self.name))
        if wanted is None:
            raise InputError(
                f"the expected answer of item {item.id} is not a JSON object",
                f"dataset {item.dataset}",
                "Correct the item, or use another metric.",
            )
        said = json_object(unfenced(output) if self.fenced else output)
        if said is None:
            return misformatted("the answer is not a JSON object")
        keys = self.keys if self.keys is not None else sorted(wanted.keys() | said.keys())
        differing = [k for k in keys if (k in said) != (k in wanted) or not equal(said.get(k), wanted.get(k))]
        return wrong(f"differs in {', '.join(differing)}"[:300]) if differing else right("equal")


def json_object(text: str) -> dict[str, Any] | None:
    try:
        said = read_json(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def equal(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 equals 1.0, and unlike in Python true does not equal 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
