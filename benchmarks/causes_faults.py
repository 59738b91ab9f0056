"""What goes wrong at the onset, one function for each way; they change calls in place."""

import random

from benchmarks.causes_traffic import ONSET, Call, Domain, Fault, taken

EASY, HARD = 0.3, 0.45


def late(calls: list[Call], rng: random.Random, share: float = 1.0) -> list[Call]:
    """Calls after the onset, or a share of them."""
    return [c for c in calls if c.late and rng.random() < share]


def worse_everywhere(share: float = 0.25) -> Fault:
    """The same messages are understood worse, whatever they are about."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            call.meant = taken(domain, call.topic, 0.0, rng)

    return fault


def worse_topics(count: int = 2, share: float = 0.6) -> Fault:
    """Messages of some known topics are understood worse."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        hit = set(rng.sample(domain.topics, count))
        wrong = {topic: taken(domain, topic, 0.0, rng) for topic in hit}
        for call in late(calls, rng, share):
            if call.topic in hit:
                call.meant = wrong[call.topic]

    return fault


def new_topic(share: float = HARD, right: float = 0.25) -> Fault:
    """Messages of a kind that never came before, filed under a known topic that the prompt does not take them for."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        home = rng.choice(domain.topics)
        for call in late(calls, rng, share):
            call.topic = home
            call.text = domain.say(home, rng, True)
            call.meant = taken(domain, home, right, rng)
            call.segment = domain.segment(home, rng)

    return fault


def more_of(weak: str, share: float = HARD, right: float = 0.35) -> Fault:
    """A kind of message that always was answered badly becomes common."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            call.topic = weak
            call.text = domain.say(weak, rng, False)
            call.segment = domain.segment(weak, rng)
            call.meant = taken(domain, weak, right, rng)

    return fault


def other_model(name: str, share: float = 1.0, wrong: float = 0.3) -> Fault:
    """Another model answers (a share of the calls), and is worse."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            call.model = name
            if rng.random() < wrong:
                call.meant = taken(domain, call.topic, 0.0, rng)

    return fault


def labels_swapped(share: float = 0.5) -> Fault:
    """The expected answers of two topics are confused, in a share of the cases."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        one, two = rng.sample(domain.topics, 2)
        for call in late(calls, rng, share):
            if call.topic in {one, two}:
                call.wanted = domain.answer(two if call.topic == one else one, rng)

    return fault


def labels_renamed(count: int = 2) -> Fault:
    """The people who label write some topics in another way."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        hit = set(rng.sample(domain.topics, count))
        for call in late(calls, rng):
            if call.topic in hit:
                call.wanted = domain.answer(call.topic, rng).replace(call.topic, f"{call.topic.title()}s")

    return fault


def labels_random(share: float = EASY) -> Fault:
    """A share of the expected answers is picked at random."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            call.wanted = domain.answer(taken(domain, call.topic, 0.0, rng), rng)

    return fault


def harsh_judge(share: float = EASY) -> Fault:
    """The evaluator fails answers of the kind that it used to pass."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            call.harsh = True

    return fault


def new_revision(share: float = EASY) -> Fault:
    """Another revision of the evaluator judges, and is harsher."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in calls:
            if call.late:
                call.revision = "2"
                call.harsh = rng.random() < share

    return fault


def errors(kind: str, share: float = EASY, *, scored: bool = False, segment: str | None = None) -> Fault:
    """A share of the calls fails; scored: somebody's pipeline gives them a zero."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            if segment is None or call.segment == segment:
                call.error, call.scored = kind, scored

    return fault


def cut_off(share: float = EASY, *, empty: bool = False) -> Fault:
    """Answers end at the token limit, or do not come at all."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            full = domain.answer(call.meant, rng)
            call.output = "" if empty else full[: max(1, len(full) // 3)]
            call.finish_reason = "stop" if empty else "length"

    return fault


def released(then: Fault) -> Fault:
    """Version 2 answers from the onset on, and something else happens with it."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        then(calls, domain, rng)
        for call in calls:
            if call.ts >= ONSET:
                call.version = 2

    return fault


def forgets(topic: str, share: float = 0.7) -> Fault:
    """A topic that the edit took out of the prompt is not understood any more."""

    def fault(calls: list[Call], domain: Domain, rng: random.Random) -> None:
        for call in late(calls, rng, share):
            if call.topic == topic:
                call.meant = taken(domain, topic, 0.0, rng)

    return fault
