"""Scenarios whose numbers are drawn, not chosen: how bad, how sudden, how much traffic, which other prompts there are.

The domains are those of `causes_tongues`. Another seed is another set of circumstances, not only other traffic.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.causes_faults import (
    cut_off,
    errors,
    forgets,
    harsh_judge,
    labels_random,
    labels_renamed,
    labels_swapped,
    late,
    more_of,
    new_revision,
    new_topic,
    other_model,
    released,
    worse_everywhere,
    worse_topics,
)
from benchmarks.causes_tongues import DOMAINS
from benchmarks.causes_traffic import ONSET, Call, Domain, Fault, Scenario, taken
from library.prompts import Content

MANNERS = ("Well then: ", "Certainly! Here is what I can say about it. ", "### Answer\n\n")
ERRORS = ("timeout", "rate_limit", "server_error", "connection")


def silently_weaker(wrong: float, rng: random.Random) -> Fault:
    """Another model behind the same name: worse at every topic, not equally; it may talk and hurry otherwise."""
    manner, pace = rng.choice(("", rng.choice(MANNERS))), rng.choice((1.0, 1.0, 0.6, 1.7))
    uneven = rng.random()

    def fault(calls: list[Call], domain: Domain, drawn: random.Random) -> None:
        shares = {topic: wrong * (1 + uneven * drawn.uniform(-0.6, 0.6)) for topic in domain.topics}
        for call in late(calls, drawn):
            # Labels and JSON are asked for; only letters leave room for another manner.
            call.manner, call.pace = manner if domain.graded else "", pace
            if drawn.random() < shares[call.topic]:
                call.meant = taken(domain, call.topic, 0.0, drawn)

    return fault


def creeping(fault: Fault, days: float) -> Fault:
    """The same fault, but it reaches its strength only after some days."""
    if days <= 0:
        return fault

    def slowly(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        fault([c for c in calls if rng.random() < (c.ts - ONSET).total_seconds() / 86_400 / days], domain, rng)

    return slowly


def all_of(faults: Sequence[Fault]) -> Fault:
    """One fault after the other."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for each in faults:
            each(calls, domain, rng)

    return fault


def by_daylight(days: int, depth: float) -> Callable[[float], float]:
    """A clock on which most calls come in the daytime."""
    turns = 2 * math.pi * days
    return lambda share: share + depth * math.sin(turns * share) / turns


def wild(seed: int) -> tuple[Scenario, ...]:
    """All scenarios of a seed."""
    made = _Maker(seed)
    labelled, judged = [d for d in DOMAINS if d.judging == "expected"], [d for d in DOMAINS if d.judging == "judge"]
    for at, domain in enumerate(DOMAINS):
        one, rng = labelled[at % len(labelled)], made.rng
        few = 1 if len(domain.topics) < 5 else rng.choice((1, 2))
        weak = rng.choice(domain.topics)
        mistakes = (labels_swapped(0.8), labels_renamed(2), labels_random(rng.uniform(0.25, 0.4)))[(at + seed) % 3]
        made.add("prompt", domain, worse_topics(few, rng.uniform(0.6, 0.9)), others=rng.choice((0, 1, 3)))
        made.add("prompt", domain, worse_everywhere(rng.uniform(0.22, 0.38)), others=rng.choice((1, 3)))
        fresh = new_topic(rng.uniform(0.18, 0.45), rng.uniform(0.05, 0.25))
        made.add("new_topic", domain, creeping(fresh, rng.choice((0, 0, 2))), others=rng.choice((0, 1, 3)))
        made.add(
            "traffic_mix", domain, more_of(weak, rng.uniform(0.3, 0.5)), weak={weak: 0.35}, others=rng.choice((0, 1))
        )
        wrong = rng.uniform(0.2, 0.4)
        made.add("model_changed", domain, silently_weaker(wrong, rng), others=rng.choice((1, 2, 4)), together=wrong)
        made.add("model_changed", domain, silently_weaker(rng.uniform(0.2, 0.45), rng), others=0)
        named = rng.choice(("west/heron-4-0815", "west/heron-4.1", "south/ibis-2"))
        made.add(
            "model_changed", domain, other_model(named, rng.choice((1.0, 0.6)), rng.uniform(0.3, 0.5)),
            others=rng.choice((0, 1, 3)),
        )  # fmt: skip
        made.add("data_error", one, mistakes, others=rng.choice((0, 1)))
        made.add("evaluator_changed", domain, harsh_judge(rng.uniform(0.25, 0.45)), others=rng.choice((0, 1)))
        failing = errors(ERRORS[(at + seed) % 4], rng.uniform(0.2, 0.5), scored=rng.random() < 0.5)
        made.add("outage", domain, failing, others=rng.choice((0, 1)))
        made.add("truncation", domain, cut_off(rng.uniform(0.2, 0.4), empty=rng.random() < 0.4), others=0)
        made.release(domain, weak, forgets(weak, rng.uniform(0.7, 0.95)))
    _pairs(made, labelled, judged)
    made.add("", made.rng.choice(labelled), new_revision(), others=1)
    made.add("", made.rng.choice(judged), new_revision(0.4), others=0)
    return tuple(made.found)


def _pairs(made: "_Maker", labelled: list[Domain], judged: list[Domain]) -> None:
    rng = made.rng
    one, two = rng.choice(labelled), rng.choice(judged)
    fresh = new_topic(rng.uniform(0.25, 0.35), 0.1)
    made.add("new_topic+model_changed", one, fresh, other_model("south/ibis-2", 1.0, rng.uniform(0.25, 0.35)), others=1)
    made.add("outage+new_topic", two, fresh, errors(rng.choice(ERRORS), rng.uniform(0.2, 0.3)), others=1)
    made.add("evaluator_changed+new_topic", two, fresh, harsh_judge(rng.uniform(0.25, 0.35)), others=1)
    swapped, lost = labels_swapped(0.9), errors(rng.choice(ERRORS), rng.uniform(0.2, 0.3), scored=True)
    made.add("data_error+outage", one, swapped, lost, others=1)
    made.add("truncation+prompt", labelled[0], worse_topics(2, 0.7), cut_off(rng.uniform(0.15, 0.25)), others=1)
    topic = rng.choice(two.topics)
    made.release(two, topic, forgets(topic, 0.9), new_topic(0.25, 0.1), causes=("release", "new_topic"))


class _Maker:
    """Collects scenarios; circumstances are drawn for each of them."""

    def __init__(self, seed: int) -> None:
        self.found: list[Scenario] = []
        self.rng = random.Random(f"wild/{seed}")
        self._seed = seed

    def add(
        self,
        causes: str,
        domain: Domain,
        *faults: Fault,
        others: int,
        weak: dict[str, float] | None = None,
        together: float = 0.0,
    ) -> None:
        rest = [d for d in DOMAINS if d.name != domain.name]
        self._keep(
            causes,
            domain,
            faults=faults,
            others=tuple(self.rng.sample(rest, others)),
            together=(silently_weaker(together * self.rng.uniform(0.6, 1.1), self.rng),) if together else (),
            weak=weak or {},
        )

    def release(self, domain: Domain, topic: str, *faults: Fault, causes: tuple[str, ...] = ("release",)) -> None:
        """Version 2 leaves the line of a topic out."""
        text = "\n".join(line for line in domain.prompt.splitlines() if not line.startswith(f"- {topic}:"))
        content = Content(text=f"{text}\nBe brief.\n", config={"model": domain.model})
        self._keep("+".join(causes), domain, faults=(released(all_of(faults)),), release=content)

    def _keep(self, causes: str, domain: Domain, **said: object) -> None:
        rng, before, after = self.rng, self.rng.randint(7, 14), self.rng.randint(3, 6)
        calls = round((before + after) * math.exp(rng.uniform(math.log(75), math.log(220))))
        scenario = Scenario(
            name=f"{causes or 'revision'}-{len(self.found)}-{domain.name.replace('/', '.')}",
            causes=tuple(causes.split("+")) if causes else (),
            domain=domain,
            seed=self._seed,
            faults=(),
            calls=calls,
            other_calls=round(calls * rng.uniform(0.3, 1.0)),
            before=before,
            after=after,
            clock=by_daylight(before + after, rng.choice((0.0, 0.6, 0.9))),
        )
        self.found.append(replace(scenario, **said))  # type: ignore[arg-type]
