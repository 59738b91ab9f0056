"""The second set of domains: longer messages put together by a grammar, answers as JSON, labels or a line of text."""

import json
import random
from collections.abc import Callable, Mapping, Sequence

from benchmarks.causes_traffic import Domain

WHO = ("my mother", "our team", "the driver", "a colleague", "the doctor", "my neighbour", "the clerk", "our manager")
WHEN = ("yesterday", "since Monday", "two days ago", "this morning", "for a week", "last night", "after lunch", "again")
MOOD = (
    "I am quite upset.",
    "No hurry.",
    "Could somebody look into it?",
    "Thanks in advance.",
    "This is the second time.",
    "Kind regards.",
    "Let me know what to do.",
    "I already called twice.",
)

Grammar = Mapping[str, tuple[Sequence[str], Sequence[str]]]

PHARMACY: Grammar = {
    "dosage": (
        ("tablets", "drops", "the syrup", "capsules"),
        ("how many should be taken", "may be taken before meals", "must be swallowed whole"),
    ),
    "stock": (
        ("the ointment", "insulin", "the inhaler", "bandages"),
        ("is not available", "will be back when", "can be ordered from where"),
    ),
    "prescription": (
        ("the recipe", "the signature", "a repeat script", "the paper form"),
        ("was not accepted", "has expired", "lacks a stamp"),
    ),
    "insurance": (
        ("the copayment", "the health card", "reimbursement", "the claim form"),
        ("was rejected by the fund", "costs more than agreed", "is not covered"),
    ),
    "delivery": (
        ("the courier", "the parcel box", "express shipping", "the tracking link"),
        ("never arrived", "rang at the wrong door", "shows no progress"),
    ),
}
PHARMACY_NEW = (
    ("the vaccine", "a booster jab", "the travel inoculation", "antibody screening"),
    ("needs an appointment slot", "left a swollen arm", "must go into the yellow booklet"),
)
AIRLINE: Grammar = {
    "baggage": (
        ("my suitcase", "the pram", "a golf bag", "the rucksack"),
        ("did not appear on the belt", "has a broken wheel", "is overweight"),
    ),
    "seat": (
        ("the aisle seat", "row twelve", "legroom", "the window place"),
        ("was given away", "should be next to my son", "costs extra now"),
    ),
    "refund": (
        ("the cancelled leg", "the ticket price", "airport tax", "a voucher"),
        ("was not paid back", "is worth less than promised", "should go to another card"),
    ),
    "delay": (
        ("the connection", "departure", "the night flight", "boarding"),
        ("was three hours late", "was missed because of fog", "was moved without notice"),
    ),
    "checkin": (
        ("the boarding pass", "the kiosk", "online registration", "the passport scan"),
        ("cannot be printed", "rejects my name", "stops at the last step"),
    ),
}
AIRLINE_NEW = (
    ("the lounge robot", "onboard streaming", "the satellite internet", "a seat screen"),
    ("keeps buffering", "wants a subscription", "stays black over the ocean"),
)
GARDEN: Grammar = {
    "pests": (
        ("aphids", "slugs", "white flies", "caterpillars"),
        ("eat the leaves", "cover the stems", "came back after spraying"),
    ),
    "watering": (
        ("the hose", "drip lines", "the rain barrel", "a sprinkler"),
        ("loses pressure", "should run how long", "leaks at the joint"),
    ),
    "soil": (("compost", "clay", "peat", "the raised bed"), ("smells sour", "dries into lumps", "needs lime")),
    "pruning": (
        ("the hedge", "old roses", "apple branches", "the vine"),
        ("should be cut when", "bleeds after the cut", "grew too tall"),
    ),
    "lawn": (
        ("moss", "grass seed", "bald patches", "the turf"),
        ("spread everywhere", "did not sprout", "turned yellow"),
    ),
}
GARDEN_NEW = (
    ("the mower app", "a boundary wire", "the charging dock", "its collision sensor"),
    ("lost the bluetooth pairing", "throws firmware error nine", "ignores the schedule"),
)


def grammar(usual: Grammar, new: tuple[Sequence[str], Sequence[str]]) -> Callable[[str, random.Random, bool], str]:
    """Three clauses in changing order: what about what, who and when, and a mood."""

    def say(topic: str, rng: random.Random, is_new: bool) -> str:
        things, troubles = new if is_new else usual[topic]
        first = f"{rng.choice(things)} {rng.choice(troubles)}"
        clauses = [f"{first[0].upper()}{first[1:]}.", f"It was {rng.choice(WHO)} {rng.choice(WHEN)}.", rng.choice(MOOD)]
        if rng.random() < 0.5:
            clauses[0], clauses[1] = clauses[1], clauses[0]
        return " ".join(clauses)

    return say


def label(topic: str, rng: random.Random) -> str:
    """The topic in capitals."""
    return topic.upper()


def as_json(topic: str, rng: random.Random) -> str:
    """An object with the topic and where it goes."""
    return json.dumps({"topic": topic, "queue": topic[:3]})


def line(topic: str, rng: random.Random) -> str:
    """A line of advice with changing politeness."""
    told = {
        "pests": "spray soapy water and collect what you see",
        "watering": "tighten the joint and water at dawn",
        "soil": "mix in sand and let it rest until spring",
        "pruning": "cut above an outward bud in late winter",
        "lawn": "rake, sow again and keep it moist",
    }
    return f"{rng.choice(('Sure:', 'Gladly:', 'My advice:'))} {told[topic]}."


def country(topic: str, rng: random.Random) -> str:
    """Segments of very different size."""
    return rng.choices(("de", "at", "ch"), (6, 3, 1))[0]


def prompt_of(task: str, topics: Sequence[str]) -> str:
    """A prompt that lists its topics."""
    return f"You {task}\n" + "\n".join(f"- {t}: everything about {t}" for t in topics) + "\n\nInput: {{message}}\n"


DOMAINS = (
    Domain(
        name="pharmacy/inbox",
        prompt=prompt_of("sort mail to a pharmacy.", tuple(PHARMACY)),
        topics=tuple(PHARMACY),
        say=grammar(PHARMACY, PHARMACY_NEW),
        answer=label,
        segment=country,
        model="north/lark-7b",
        usual=0.9,
    ),
    Domain(
        name="airline/forms",
        prompt=prompt_of("file complaints of passengers as JSON.", tuple(AIRLINE)),
        topics=tuple(AIRLINE),
        say=grammar(AIRLINE, AIRLINE_NEW),
        answer=as_json,
        segment=country,
        model="north/lark-7b",
        metric="json_match",
    ),
    Domain(
        name="garden/advice",
        prompt=prompt_of("advise gardeners in one line.", tuple(GARDEN)),
        topics=tuple(GARDEN),
        say=grammar(GARDEN, GARDEN_NEW),
        answer=line,
        segment=country,
        model="north/lark-7b",
        judging="judge",
        metric="advice_quality",
        usual=0.86,
    ),
    Domain(
        name="airline/router",
        prompt=prompt_of("route what passengers write.", tuple(AIRLINE)),
        topics=tuple(AIRLINE),
        say=grammar(AIRLINE, AIRLINE_NEW),
        answer=label,
        segment=country,
        model="north/lark-7b",
        judging="judge",
        metric="route_judge",
        usual=0.95,
    ),
)
