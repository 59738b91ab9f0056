"""A small invented shop: a prompt with five topics, its traffic, and a kind of message that the prompt never mentions.

Until day 6 the traffic is what the prompt was written for. From day 6 on, half of the messages in `care` are about a
loyalty card or a robot mower, which the prompt does not know; `billing` does not change.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from agent.steps.monitor import sweep
from library.datasets import Item, item_id, normalised, role_for
from library.prompts import Actor, Content, Message
from library.scores import Score
from library.store.stores import Library
from library.templates import render
from library.traces import Trace, TraceError
from policies.rulebook import Rulebook, read_rulebook
from tools.embedded.student import answer

NAME = "shop/sort"
START = datetime(2026, 6, 1, tzinfo=UTC)
ONSET = START + timedelta(days=6)
END = START + timedelta(days=9)
NOW = END + timedelta(hours=1)
TRACES = 900
MISTAKEN = 0.05  # share of messages that even a perfect prompt gets wrong
REVIEWER = Actor(name="rita", kind="local", reviewer=True)
AGENT = Actor(name="promptkeeper", kind="agent", reviewer=True)
SAFETY = "Never repeat a card number that a customer sent."

PROMPT = f"""You sort messages that customers send to Alder & Finch, a shop for garden tools.

Choose the one topic of the message:
- parcel: a delivery that is late, lost or arrived damaged
- refund: money back for an order that was returned or cancelled
- account: login, password and the address of a customer
- product: size, colour, material and use of a tool
- invoice: bills, receipts and tax documents

Rules:
- {SAFETY}
- If nothing fits, answer product.

Answer with the topic only.

Message: {{{{message}}}}
"""

# What a good rewrite says of the two topics that changed.
LINES = {
    "account": "- account: login, password and the address of a customer",
    "product": "- product: size, colour, material and use of a tool",
}
BETTER = {
    "account": f"{LINES['account']}; loyalty card, bonus points, stamps and club membership",
    "product": f"{LINES['product']}; robot mower, bluetooth app, firmware and charging station",
}

SEGMENTS = {"parcel": "care", "account": "care", "product": "care", "refund": "billing", "invoice": "billing"}
USUAL: Mapping[str, Sequence[str]] = {
    "parcel": (
        "my delivery is {n} days late",
        "parcel {n} got lost",
        "box {n} arrived damaged",
        "where is delivery {n}",
    ),
    "refund": ("money back for order {n}", "i returned order {n}", "order {n} was cancelled, refund it", "refund {n}"),
    "account": ("password reset {n} fails", "login error {n}", "change my address to house {n}", "no login since {n}"),
    "product": ("what size is tool {n}", "which colour has tool {n}", "material of tool {n}", "how do i use tool {n}"),
    "invoice": ("send the receipt for {n}", "bill {n} is wrong", "tax documents for {n}", "invoice {n} is missing"),
}
NEW: Mapping[str, Sequence[str]] = {
    "account": (
        "bonus points {n} vanished",
        "my loyalty card {n} is empty",
        "club membership {n}",
        "stamps {n} missing",
    ),
    "product": (
        "robot mower {n} stops",
        "bluetooth app {n} crashes",
        "firmware {n} hangs",
        "charging station {n} blinks",
    ),
}
NEW_IN_BILLING: Mapping[str, Sequence[str]] = {
    "refund": ("gift voucher {n} is void", "my coupon {n} expired", "cashback {n} never came", "voucher code {n}"),
    "invoice": ("instalment plan {n}", "split payments {n}", "direct debit mandate {n}", "instalment {n} bounced"),
}
GREETINGS = ("hello", "hi there", "good morning", "dear team", "hey", "please help", "good evening", "excuse me")


def say(topic: str, number: int, rng: random.Random, wordings: Mapping[str, Sequence[str]]) -> str:
    """A message about a topic; the number makes it the only one of its kind."""
    wording = rng.choice(wordings[topic])
    return f"{rng.choice(GREETINGS)}, {wording.format(n=number)}"


def sort_by(content: Content, message: str) -> str:
    """What the embedded student answers under a prompt."""
    rendered = render(content, {"message": message}, "world")
    return answer([{"role": m.role, "content": m.content} for m in rendered])


Decorate = Callable[[str, int], str]


def traffic(
    content: Content,
    *,
    count: int = TRACES,
    seed: int = 3,
    decorate: Decorate = lambda text, n: text,
    new: Mapping[str, Sequence[str]] = NEW,
    onset: datetime = ONSET,
):
    """(traces, scores) of the whole time, as production would have recorded them under version 1.

    new: wordings, by topic, that most messages of these topics have from the onset on.
    """
    rng = random.Random(seed)
    traces, scores = [], []
    for number in range(count):
        ts = START + (END - START) * number / count
        topic = rng.choice(sorted(USUAL))
        strange = ts >= onset and topic in new and rng.random() < 0.75
        text = decorate(say(topic, 1000 + number, rng, new if strange else USUAL), number)
        said = sort_by(content, text)
        wanted = rng.choice(sorted(USUAL)) if rng.random() < MISTAKEN else topic
        trace = Trace(
            id=f"t-{number:04}",
            ts=ts,
            prompt=NAME,
            version=1,
            inputs={"message": text},
            output=said,
            expected=wanted,
            expected_source="import",
            segment=SEGMENTS[topic],
            model="embedded/student",
            response_model="embedded/student",
        )
        traces.append(trace)
        scores.append(judged(trace, 1.0 if said == wanted else 0.0))
    return traces, scores


def judged(trace: Trace, value: float) -> Score:
    """The score of a trace, given at once."""
    return Score(
        trace_id=trace.id,
        name="exact_match",
        value=value,
        source="programmatic",
        evaluator="exact_match",
        revision="1",
        ts=trace.ts,
    )


def failed(trace: Trace) -> Trace:
    """The same call, but the provider did not answer."""
    said = {name: getattr(trace, name) for name in Trace.__slots__}
    return Trace(
        **{**said, "output": None, "response_model": None, "error": TraceError(type="timeout", message="60 s")}
    )


def answered_by(trace: Trace, model: str, output: str, **more: object) -> Trace:
    """The same call, answered by another model; more: other fields that differ."""
    said = {name: getattr(trace, name) for name in Trace.__slots__}
    return Trace(**{**said, "response_model": model, "output": output, **more})


def golden(*, each: int = 8, decorate: Decorate = lambda text, n: text, roles: Sequence[str] = ()) -> list[Item]:
    """Test items of the usual kinds, as many of every topic; roles by hash unless given in turn."""
    rng = random.Random(11)
    items = []
    for number, topic in enumerate(t for t in sorted(USUAL) for _ in range(each)):
        inputs = {"message": decorate(say(topic, 5000 + number, rng, USUAL), number)}
        group = normalised(inputs)
        role = roles[number % len(roles)] if roles else role_for(NAME, group)
        items.append(
            Item(
                id=item_id(NAME, "golden", inputs),
                prompt=NAME,
                dataset="golden",
                role=role,
                inputs=inputs,
                expected=topic,
                segment=SEGMENTS[topic],
                group=group,
                created_at=START,
            )
        )
    return items


def add_prompt(library: Library, text: str = PROMPT) -> Content:
    """The prompt with version 1 in production."""
    content = Content(text=text)
    library.prompts.create(NAME, description="Sorts customer mail by topic.", actor=REVIEWER, now=START)
    library.prompts.add_version(NAME, content, actor=REVIEWER, now=START)
    library.prompts.move_label(NAME, "production", 1, expected=None, actor=REVIEWER, reason="start", now=START)
    return content


def build(library: Library, *, decorate: Decorate = lambda text, n: text) -> None:
    """The prompt, its golden items and nine days of traffic, nobody has looked at yet."""
    content = add_prompt(library)
    library.datasets.add(golden())
    library.traces.add(*traffic(content, decorate=decorate))


def swept(library: Library, rules: Rulebook) -> None:
    """Look at the scores as the scheduler would have done at the end."""
    sweep(library, rules.health, now=NOW)


def rulebook(**sections: Mapping[str, object]) -> Rulebook:
    """The shipped rulebook with a smaller search, and the values given laid over it."""
    import yaml

    small = {
        "harvest": {"max_items": 220, "max_earlier_items": 60},
        "teacher": {"failing_examples": 30, "passing_examples": 20},
        "search": {
            # The scripted teachers answer one question with one candidate.
            "strategies": ["surgical", "clarify", "examples"],
            "max_rounds": 3,
            "patience": 1,
            "select_items": 80,
            "gate_items": 160,
        },
    }
    merged = {name: {**small.get(name, {}), **sections.get(name, {})} for name in {*small, *sections}}
    return read_rulebook(yaml.safe_dump(merged), "test")


def asked(messages: Sequence[Message]) -> str:
    """The whole text of a request."""
    return "\n\n".join(m.content for m in messages)
