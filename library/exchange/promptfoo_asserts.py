"""promptfoo's assertions and our metrics.

There a test has assertions of its own; here an item has an expected answer, and the prompt has metrics for all items.
So an assertion that is the same in every test becomes a metric, one that compares with a text gives the expected
answer, and any other is told as left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from library.datasets import ItemRole
from library.errors import InputError
from library.exchange.carried import Case, mapping
from library.prompts import canonical_json

FOLDED = "output.trim().toLowerCase()"
"""The transform that stands for `exact_match`, which counts neither case nor white space at the ends."""
ROLES: Mapping[str, ItemRole] = {"learn": "learn", "select": "select", "gate": "gate", "anchor": "anchor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """The tests of a configuration, in our words."""

    metrics: tuple[Mapping[str, Any], ...]
    cases: tuple[Case, ...]
    left_out: tuple[str, ...]


def asserted(tests: Sequence[Mapping[str, Any]], place: str) -> Asserted:
    """Metrics and cases of the tests; InputError where tests expect in different ways, or a value is no text."""
    asked = [[mapping(one, "assert", place) for one in test["assert"]] for test in tests]
    everywhere = {canonical_json(one) for one in asked[0]} if asked else set()
    for others in asked[1:]:
        everywhere &= {canonical_json(one) for one in others}
    metrics: dict[str, Mapping[str, Any]] = {}
    cases, left = [], []
    for number, (test, assertions) in enumerate(zip(tests, asked, strict=True), 1):
        expected: str | None = None
        for one in assertions:
            spec = _shared_metric(one) if canonical_json(one) in everywhere and len(tests) > 1 else None
            if spec is None and expected is None and (spec := _expecting(one)) is not None:
                expected = _expected(one, test)
            elif spec is None and len(tests) == 1:
                spec = _shared_metric(one)
            if spec is None:
                left.append(f"test {number}: assertion '{one.get('type')}'")
            else:
                metrics[canonical_json(spec)] = spec
        cases.append(_case(test, expected, f"{place}, test {number}"))
    found = list(metrics.values())
    if len([spec for spec in found if _needs_expected(spec)]) > 1:
        raise InputError("some tests expect by 'equals', others by 'contains'", place, "Split the file.")
    found.sort(key=lambda spec: not _needs_expected(spec))  # the first metric is the one that counts
    return Asserted(metrics=tuple(_told_apart(found)), cases=tuple(cases), left_out=tuple(left))


def shared(metrics: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], Mapping[str, Any] | None, list[str]]:
    """Assertions for every test; the metric that compares with the expected answer; what has no counterpart."""
    asked: list[dict[str, Any]] = []
    wanted: Mapping[str, Any] | None = None
    left = []
    for spec in metrics:
        assertion = _assertion(spec)
        if assertion is not None:
            asked.append(assertion)
        elif _needs_expected(spec) and wanted is None:
            wanted = spec
        else:
            left.append(f"metric '{spec['name']}' has no counterpart in promptfoo")
    return asked, wanted, left


def expectation(case: Case, wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """The assertion of one test about its expected answer."""
    if wanted is None or case.expected is None:
        return {}
    exactly = bool(wanted.get("case_sensitive"))
    if wanted["name"] == "contains":
        return {"assert": [{"type": "contains" if exactly else "icontains", "value": case.expected}]}
    if exactly:
        return {"assert": [{"type": "equals", "value": case.expected}]}
    return {"assert": [{"type": "equals", "value": case.expected.strip().lower(), "transform": FOLDED}]}


def _case(test: Mapping[str, Any], expected: str | None, place: str) -> Case:
    for key, value in test["vars"].items():
        if isinstance(value, list) or str(value).startswith("file://"):
            raise InputError(f"variable '{key}' is a list or a file", place, "Write one test for each value.")
    metadata = mapping(test.get("metadata"), "metadata", place)
    inputs = {key: value if isinstance(value, str) else canonical_json(value) for key, value in test["vars"].items()}
    role, segment = ROLES.get(str(metadata.get("role"))), metadata.get("segment")
    return Case(inputs=inputs, expected=expected, role=role, segment=segment if isinstance(segment, str) else None)


def _expecting(one: Mapping[str, Any]) -> dict[str, Any] | None:
    if not isinstance(one.get("value"), str | int | float) or str(one["value"]).startswith("file://"):
        return None
    if one.get("type") == "equals":
        if one.get("transform") not in {None, FOLDED}:
            return None
        return {"name": "exact_match"} if one.get("transform") else {"name": "exact_match", "case_sensitive": True}
    match one.get("type"):
        case "contains":
            return {"name": "contains", "case_sensitive": True}
        case "icontains":
            return {"name": "contains"}
    return None


def _expected(one: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    said = one["value"] if isinstance(one["value"], str) else canonical_json(one["value"])
    kept = (test.get("metadata") or {}).get("expected")
    # What was written from here keeps its own spelling beside the folded one.
    return kept if isinstance(kept, str) and kept.strip().lower() == said.strip().lower() else said


def _shared_metric(one: Mapping[str, Any]) -> dict[str, Any] | None:
    value = one.get("value")
    if isinstance(value, str) and value.startswith("file://"):
        return None
    match one.get("type"):
        case "is-json" if value is None or isinstance(value, dict):
            return {"name": "json_schema", "schema": value or {}}
        case "regex" if isinstance(value, str):
            full = value.startswith("^(?:") and value.endswith(")$")
            return {"name": "regex", "pattern": value[4:-2], "match": "full"} if full else _search(value)
        case "llm-rubric" if isinstance(value, str):
            return {"name": "judge", "rubric": value}
        case "contains" | "icontains" if isinstance(value, str):
            exactly = {"case_sensitive": True} if one["type"] == "contains" else {}
            return {"name": "contains", "text": value, **exactly}
    return None


def _search(pattern: str) -> dict[str, Any]:
    return {"name": "regex", "pattern": pattern}


def _assertion(spec: Mapping[str, Any]) -> dict[str, Any] | None:
    if spec.get("direction", "higher") != "higher":
        return None
    match spec["name"]:
        case "json_schema" if not spec.get("fenced"):
            return {"type": "is-json", **({"value": spec["schema"]} if spec.get("schema") else {})}
        case "regex":
            full = spec.get("match") == "full"
            return {"type": "regex", "value": f"^(?:{spec['pattern']})$" if full else spec["pattern"]}
        case "judge" if spec.get("rubric") and not spec.get("preset"):
            return {"type": "llm-rubric", "value": spec["rubric"]}
        case "contains" if spec.get("text"):
            return {"type": "contains" if spec.get("case_sensitive") else "icontains", "value": spec["text"]}
    return None


def _needs_expected(spec: Mapping[str, Any]) -> bool:
    plain = spec.get("direction", "higher") == "higher"
    return plain and (spec["name"] == "exact_match" or (spec["name"] == "contains" and not spec.get("text")))


def _told_apart(specs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    names = [spec["name"] for spec in specs]
    return [{**spec, "aspect": f"p{at}"} if names[:at].count(spec["name"]) else spec for at, spec in enumerate(specs)]
