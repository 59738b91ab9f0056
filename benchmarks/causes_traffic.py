"""Invented production traffic with a known cause of its degradation: calls are drawn first, then faults change them.

A scenario is a domain (a prompt, its topics and its wording), a seed and the faults that begin at the onset. Faults
only change what such a cause would change in reality; what the diagnosis makes of it is nobody's business here.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from library.prompts import Actor, Content
from library.scores import Score
from library.store.stores import Library
from library.traces import Trace, TraceError

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, ONSET_DAY = 14, 9
OTHER_CALLS = 700
ONSET = START + timedelta(days=ONSET_DAY)
END = START + timedelta(days=DAYS)
KEEPER = Actor(name="keeper", kind="local", reviewer=True)

Judging = Literal["expected", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What a prompt is about. say: a message of a topic; answer: what the model says when it means a topic.

    judging: by the expected answer, or by a judge that sees only question and answer; graded: in marks, not pass or
    fail. labelled: share of the calls that somebody judges.
    """

    name: str
    prompt: str
    topics: tuple[str, ...]
    say: Callable[[str, random.Random, bool], str]
    answer: Callable[[str, random.Random], str]
    segment: Callable[[str, random.Random], str]
    judging: Judging = "expected"
    metric: str = "exact_match"
    model: str = "acme/swift-2"
    usual: float = 0.93
    graded: bool = False
    labelled: float = 1.0


@dataclass(slots=True, kw_only=True)
class Call:
    """A call while it is made up. meant: the topic the model took it for; harsh: the evaluator fails it anyway.

    manner: what the model says before its answer; pace: factor on the time it takes.
    """

    ts: datetime
    topic: str
    text: str
    meant: str
    segment: str
    model: str
    version: int = 1
    wanted: str | None = None
    output: str | None = None
    error: str | None = None
    finish_reason: str = "stop"
    evaluator: str = ""
    revision: str = "1"
    harsh: bool = False
    scored: bool = True
    manner: str = ""
    pace: float = 1.0

    @property
    def late(self) -> bool:
        return self.ts >= ONSET


Fault = Callable[[list[Call], Domain, random.Random], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """causes: the names that a right diagnosis gives. together: what happens to the other prompts of the same model.

    weak: topic -> how often the prompt gets it right, where that differs from the usual. before, after: days on both
    sides of the onset. clock: share of the calls that came -> share of the time that is over.
    """

    name: str
    causes: tuple[str, ...]
    domain: Domain
    seed: int
    faults: tuple[Fault, ...]
    others: tuple[Domain, ...] = ()
    together: tuple[Fault, ...] = ()
    calls: int = 1400
    other_calls: int = OTHER_CALLS
    weak: Mapping[str, float] = field(default_factory=dict)
    release: Content | None = None
    before: int = ONSET_DAY
    after: int = DAYS - ONSET_DAY
    clock: Callable[[float], float] = lambda share: share

    @property
    def start(self) -> datetime:
        return ONSET - timedelta(days=self.before)

    @property
    def end(self) -> datetime:
        return ONSET + timedelta(days=self.after)


def prepare(library: Library, scenario: Scenario) -> None:
    """Put the scenario's prompts into the library."""
    for domain in (scenario.domain, *scenario.others):
        content = Content(text=domain.prompt, config={"model": domain.model})
        metrics = ({"name": domain.metric},)
        name, now = domain.name, scenario.start
        library.prompts.create(name, description="", actor=KEEPER, now=now, metrics=metrics)
        library.prompts.add_version(name, content, actor=KEEPER, now=now)
        library.prompts.move_label(name, "production", 1, expected=None, actor=KEEPER, reason="start", now=now)
    if scenario.release is not None:
        name, actor = scenario.domain.name, KEEPER
        library.prompts.add_version(name, scenario.release, actor=actor, now=ONSET - timedelta(hours=1))
        library.prompts.move_label(name, "production", 2, expected=1, actor=actor, reason="tidied", now=ONSET)


def traffic(scenario: Scenario) -> list[tuple[Trace, Score | None]]:
    """The calls of all its prompts in order of time, with their scores where they have one."""
    made = _made(scenario.domain, scenario, scenario.faults, scenario.calls)
    for other in scenario.others:
        made += _made(other, scenario, scenario.together, scenario.other_calls)
    return sorted(made, key=lambda pair: (pair[0].ts, pair[0].id))


def _made(domain: Domain, scenario: Scenario, faults: Sequence[Fault], count: int) -> list[tuple[Trace, Score | None]]:
    rng = random.Random(f"{scenario.name}/{domain.name}/{scenario.seed}")
    calls = drawn(domain, rng, count, scenario)
    for fault in faults:
        fault(calls, domain, rng)
    traces = [_trace(call, domain, f"{domain.name}-{number:05}", rng) for number, call in enumerate(calls)]
    return [(t, _score(c, t, domain, rng) if c.scored else None) for c, t in zip(calls, traces, strict=True)]


def drawn(domain: Domain, rng: random.Random, count: int, scenario: Scenario) -> list[Call]:
    """Healthy calls, by the clock of the scenario."""
    calls, weak = [], scenario.weak
    for number in range(count):
        topic = rng.choices(domain.topics, [0.35 if t in weak else 1.0 for t in domain.topics])[0]
        calls.append(
            Call(
                ts=scenario.start + (scenario.end - scenario.start) * scenario.clock(number / count),
                topic=topic,
                text=domain.say(topic, rng, False),
                meant=taken(domain, topic, weak.get(topic, domain.usual), rng),
                segment=domain.segment(topic, rng),
                model=domain.model,
                evaluator=domain.metric,
            )
        )
    return calls


def taken(domain: Domain, topic: str, right: float, rng: random.Random) -> str:
    """What a model takes a message for, that is right in this share of cases."""
    return topic if rng.random() < right else rng.choice([t for t in domain.topics if t != topic])


def _trace(call: Call, domain: Domain, id: str, rng: random.Random) -> Trace:
    said = None if call.error else domain.answer(call.meant, rng) if call.output is None else call.output
    said = call.manner + said if said else said
    wanted = domain.answer(call.topic, rng) if call.wanted is None else call.wanted
    return Trace(
        id=id,
        ts=call.ts,
        prompt=domain.name,
        version=call.version,
        label="production",
        inputs={"message": call.text},
        output=said,
        expected=wanted if domain.judging == "expected" else None,
        expected_source="human" if domain.judging == "expected" else None,
        segment=call.segment,
        model=domain.model,
        response_model=None if call.error else call.model,
        latency_ms=(400.0 + 200.0 * rng.random()) * call.pace,
        finish_reason=None if call.error else call.finish_reason,
        error=TraceError(type=call.error, message="the provider did not answer") if call.error else None,
    )


def _score(call: Call, trace: Trace, domain: Domain, rng: random.Random) -> Score | None:
    if domain.labelled < 1.0 and rng.random() >= domain.labelled:
        return None
    if domain.judging == "expected":
        right = trace.output == trace.expected
    else:
        right = call.output is None and call.error is None and call.meant == call.topic
    passed = right and not call.harsh
    return Score(
        trace_id=trace.id,
        name=domain.metric,
        value=_marks(passed, rng) if domain.graded else float(passed),
        source="programmatic" if domain.judging == "expected" else "judge",
        evaluator=call.evaluator,
        revision=call.revision,
        ts=trace.ts,
    )


def _marks(passed: bool, rng: random.Random) -> float:
    """Of a judge that gives a mark from nought to five."""
    return rng.choices((5, 4, 3), (5, 3, 1))[0] / 5 if passed else rng.choices((0, 1, 2), (1, 2, 2))[0] / 5
