"""From the traces of an incident to test items: an honest sample, without duplicates, with roles by stable hash."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from library.datasets import HARVEST, Item, ItemRole, item_id, normalised, role_for
from library.scores import Score
from library.traces import Trace

T = TypeVar("T")


def harvest(
    judged: Sequence[tuple[Trace, Score]],
    *,
    prompt: str,
    incident_id: int | None,
    limit: int,
    trusted_sources: Collection[str],
    known_groups: Mapping[str, ItemRole],
    created_at: datetime,
) -> tuple[Item, ...]:
    """Items from judged traces with a known right answer, at most `limit`, spread evenly over time.

    Failing and passing traces are taken alike, so that the gate sees the traffic as it is; which of them a teacher
    may read is decided by the hash of the normalised text alone. A text that some dataset already holds is left out:
    it has its role there. Errors (no output) are left out: they say nothing about the prompt. incident_id: None where
    there was none.
    """
    fresh: dict[str, Item] = {}
    for trace, score in judged:
        group = normalised(trace.inputs)
        if trace.expected is None or trace.error is not None or group in known_groups or group in fresh:
            continue
        fresh[group] = Item(
            id=item_id(prompt, HARVEST, trace.inputs),
            prompt=prompt,
            dataset=HARVEST,
            role=role_for(prompt, group),
            inputs=trace.inputs,
            expected=trace.expected,
            segment=trace.segment,
            group=group,
            source="harvest",
            trusted=trace.expected_source in trusted_sources,
            trace_id=trace.id,
            incident_id=incident_id,
            baseline_score=score.value,
            created_at=created_at,
        )
    return tuple(evenly(list(fresh.values()), limit))


def evenly(values: Sequence[T], limit: int) -> list[T]:
    """At most `limit` values, spread evenly over the sequence, in order."""
    if len(values) <= limit:
        return list(values)
    return [values[i * len(values) // limit] for i in range(limit)]
