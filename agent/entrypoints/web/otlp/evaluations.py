"""Evaluation events become scores."""

from collections.abc import Mapping
from typing import Any

from agent.entrypoints.web.otlp.dialects import JUDGEMENTS, LABELS
from agent.entrypoints.web.otlp.wire import Attributes

EVALUATOR = "otlp"
REVISION = "1"
SOURCES = frozenset({"human", "programmatic", "judge", "implicit"})
NAME_LIMIT = 100  # characters, as everywhere where scores come in


class Unscored(Exception):
    """The event gives no score; the text says why."""


def score(attributes: Attributes, trace_id: str, ts: str) -> dict[str, Any] | None:
    """A score as `POST /api/v1/scores` takes it; None where the evaluation itself failed.

    A failed evaluation says nothing about the answer. Unscored where there is no name, or no value between 0 and 1.
    """
    said: dict[str, Any] = {place.what: place.read(attributes.get(place.attribute)) for place in JUDGEMENTS}
    if said["failed"] is not None:
        return None
    name, source = said["name"], said["source"] or "programmatic"
    evaluator, revision = said["evaluator"] or EVALUATOR, said["revision"] or REVISION
    if name is None:
        raise Unscored("an evaluation without a name")
    if any(len(one) > NAME_LIMIT for one in (name, evaluator, revision)):
        raise Unscored(f"evaluation '{name[:40]}…' has a name longer than {NAME_LIMIT} characters")
    if source not in SOURCES:
        raise Unscored(f"evaluation '{name}': source '{source[:40]}' is none of {', '.join(sorted(SOURCES))}")
    return {
        "trace_id": trace_id,
        "name": name,
        "value": _value(name, said),
        "source": source,
        "evaluator": evaluator,
        "revision": revision,
        "comment": said["comment"] or "",
        "ts": ts,
    }


def _value(name: str, said: Mapping[str, Any]) -> float:
    value, label = said["value"], said["label"]
    if value is None and label is not None:
        value = LABELS.get(label.casefold())
        if value is None:
            raise Unscored(f"evaluation '{name}': label '{label[:40]}' is neither pass nor fail, and there is no value")
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Unscored(f"evaluation '{name}': the value is not a number between 0 and 1")
    return float(value)
