"""When another revision of an evaluator began to judge: a new series begins then, and nothing else says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChange:
    """One evaluator, the revision that judged before, the one that judges since a moment, and that moment."""

    evaluator: str
    before: str
    after: str
    at: datetime

    @property
    def sentence(self) -> str:
        """What a person should know before reading a trend across it."""
        return (
            f"{self.evaluator}: revision {self.after} judges since {self.at:%Y-%m-%d %H:%M}, {self.before} did before; "
            "scores before and after are not compared."
        )


def revision_changes(judged: Iterable[tuple[str, str, datetime]]) -> tuple[RevisionChange, ...]:
    """The changes among judgements, given as (evaluator, revision, time) in any order; oldest first.

    A revision counts from its first judgement on, also where an older one still judges now and then.
    """
    first: dict[str, dict[str, datetime]] = {}
    for evaluator, revision, at in judged:
        seen = first.setdefault(evaluator, {})
        seen[revision] = min(at, seen.get(revision, at))
    found = [
        RevisionChange(evaluator=evaluator, before=old, after=new, at=at)
        for evaluator, seen in first.items()
        for (old, _), (new, at) in pairwise(sorted(seen.items(), key=lambda pair: (pair[1], pair[0])))
    ]
    return tuple(sorted(found, key=lambda change: (change.at, change.evaluator)))
