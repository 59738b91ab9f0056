"""Reads parcels of traces and scores and stores several of them in one transaction: one commit serves many requests."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from agent.entrypoints.redacting import Redaction, Redactor
from agent.entrypoints.rows import complaint
from agent.entrypoints.trace_rows import Id, Name, ScoreRow, TraceRow, resolve, to_trace
from agent.entrypoints.web.parcels import Parcel, Taken, accepted, refused
from library.errors import InputError, NotFound, Outage
from library.prompts import Prompt
from library.scores import Score
from library.store.stores import Library
from library.store.traces import Added
from library.traces import Trace

BATCH = 10_000  # rows in one request
AHEAD = timedelta(days=1)  # how far a sender's clock may be ahead of ours
PROMPTS_SECONDS = 1.0  # how long the list of prompts and labels is believed
EVALUATOR = "api"


class GivenScore(ScoreRow):
    """A score of a trace that was sent, or is still to come."""

    trace_id: Id
    name: Name
    evaluator: Name = EVALUATOR


_TRACES = TypeAdapter(Annotated[list[TraceRow], Field(max_length=BATCH)])
_SCORES = TypeAdapter(Annotated[list[GivenScore], Field(max_length=BATCH)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What one parcel holds, and how to answer it once it is stored."""

    traces: Sequence[Trace]
    scores: Sequence[Score]
    answer: Callable[[Added], Taken]


class Keeper:
    """Stores parcels. Each is all or nothing; a bad one never spoils its neighbours."""

    def __init__(self, library: Library, now: Callable[[], datetime], redact: Redaction = "none") -> None:
        """redact: what is taken out of every free text before it is stored."""
        self._library, self._now, self._redactor = library, now, Redactor(redact)
        self._prompts: Mapping[str, Prompt] = {}
        self._read_at = float("-inf")

    def keep(self, parcels: Sequence[Parcel]) -> list[Taken]:
        """Store them in one transaction; one answer each, in order. Answers of 200 are committed."""
        unpacked = [self._cleaned(self._unpack(parcel)) for parcel in parcels]
        good = [one for one in unpacked if isinstance(one, Unpacked)]
        try:
            done = iter(self._together(good))
        except Outage as error:
            return [one if isinstance(one, Taken) else refused(503, error.thing) for one in unpacked]
        return [one if isinstance(one, Taken) else next(done) for one in unpacked]

    def _cleaned(self, one: Unpacked | Taken) -> Unpacked | Taken:
        if isinstance(one, Taken):
            return one
        clean = self._redactor
        return replace(one, traces=[clean.trace(t) for t in one.traces], scores=[clean.score(s) for s in one.scores])

    def _together(self, good: Sequence[Unpacked]) -> list[Taken]:
        if not good:
            return []
        try:
            traces = [trace for one in good for trace in one.traces]
            scores = [score for one in good for score in one.scores]
            added = self._library.traces.add(traces, scores, early_at=self._now())
        except InputError:
            return [self._alone(one) for one in good]
        if len(good) == 1:
            return [good[0].answer(added)]
        # What was new cannot be told apart by request after a common commit: each is told what it brought.
        return [one.answer(Added(traces=len(one.traces), scores=len(one.scores))) for one in good]

    def _alone(self, one: Unpacked) -> Taken:
        try:
            return one.answer(self._library.traces.add(one.traces, one.scores, early_at=self._now()))
        except InputError as error:
            return refused(400, error.thing, place=error.place, mend=error.mend)

    def _unpack(self, parcel: Parcel) -> Unpacked | Taken:
        try:
            if parcel.kind.startswith("otlp"):
                return self._telemetry(parcel)
            return self._rows(parcel) if parcel.kind == "traces" else self._judgements(parcel)
        except NotFound as error:
            return refused(422, error.thing, place=error.place, mend=error.mend)
        except InputError as error:
            return refused(400, error.thing, place=error.place, mend=error.mend)

    def _rows(self, parcel: Parcel) -> Unpacked:
        rows = _read(_TRACES, parcel.body)
        traces, scores = [], []
        for place, row in enumerate(rows):
            trace, given = self.trace(row, f"trace {place}", trusted=parcel.trusted)
            traces.append(trace)
            scores += given
        return Unpacked(
            traces=traces,
            scores=scores,
            answer=lambda added: accepted(received=len(traces), new=added.traces, scores=added.scores),
        )

    def trace(self, row: TraceRow, place: str, *, trusted: bool) -> tuple[Trace, list[Score]]:
        """A row as a trace with its scores; InputError for a human score from somebody who may give none."""
        version = resolve(row, self._known(row.prompt), place)
        trace, given = to_trace(row, version, source="human" if trusted else EVALUATOR)
        if trace.ts > self._now() + AHEAD:
            raise InputError(
                f"the call is of {trace.ts:%Y-%m-%d}, which is to come", place, "Correct the sender's clock."
            )
        if not trusted:
            for score in given:
                _no_human(score.source, place)
        return trace, given

    def _judgements(self, parcel: Parcel) -> Unpacked:
        rows = _read(_SCORES, parcel.body)
        now = self._now()
        scores = [_score(row, now) for row in rows]
        if not parcel.trusted:
            for place, score in enumerate(scores):
                _no_human(score.source, f"score {place}")
        return Unpacked(
            traces=(),
            scores=scores,
            answer=lambda added: accepted(received=len(scores), changed=added.scores),
        )

    def _telemetry(self, parcel: Parcel) -> Unpacked | Taken:
        from agent.entrypoints.web.otlp.intake import unpack

        return unpack(parcel, self.trace, self._now())

    def _known(self, name: str) -> Mapping[str, Prompt]:
        age = time.monotonic() - self._read_at
        if age > PROMPTS_SECONDS or (name not in self._prompts and age > 0.05):
            self._prompts = {prompt.name: prompt for prompt in self._library.prompts.list()}
            self._read_at = time.monotonic()
        return self._prompts


def _read(adapter: TypeAdapter[Any], body: bytes) -> list[Any]:
    """One object or a list of them. InputError names the row and the field."""
    start = body.lstrip()[:1]
    try:
        return list(adapter.validate_json(b"[" + body + b"]" if start == b"{" else body))
    except ValidationError as error:
        raise complaint(error, "body") from error


def _score(row: GivenScore, now: datetime) -> Score:
    return Score(
        trace_id=row.trace_id,
        name=row.name,
        value=row.value,
        source=row.source,
        evaluator=row.evaluator,
        revision=row.revision,
        ts=row.ts or now,
        comment=row.comment,
    )


def _no_human(source: str, place: str) -> None:
    if source == "human":
        raise InputError("this token may not give human scores", place, "Use source 'programmatic', or another token.")
