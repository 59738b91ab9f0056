"""Domains of the cause suite: short messages from templates, labels or short replies as answers."""

import random
from collections.abc import Callable, Mapping, Sequence

from benchmarks.causes_traffic import Domain

OPENINGS = ("hello", "hi", "good morning", "dear all", "please", "excuse me", "one question", "urgent")
NAMES = ("Ida", "Jon", "Mara", "Piet", "Lea", "Omar", "Ruth", "Tam")

HOTEL: Mapping[str, Sequence[str]] = {
    "booking": (
        "i want a double room for {n} nights",
        "can i change my reservation {n}",
        "is a suite free on day {n}",
        "cancel the reservation {n} for {who}",
        "move my arrival to day {n}",
    ),
    "cleaning": (
        "room {n} has no fresh towels",
        "the bathroom of {n} is dirty",
        "please change the sheets in {n}",
        "the carpet in {n} is stained",
        "nobody made the beds in {n}",
    ),
    "food": (
        "breakfast for {n} people",
        "is there a vegan menu for {who}",
        "dinner table for {n}",
        "the soup in {n} was cold",
        "send a sandwich to {n}",
    ),
    "billing": (
        "the invoice {n} is too high",
        "i was charged twice, {n}",
        "send the receipt to {who}",
        "my deposit {n} was not returned",
        "wrong tax on bill {n}",
    ),
    "internet": (
        "the wifi in {n} is slow",
        "no network on floor {n}",
        "what is the wifi password, {who} asks",
        "my laptop cannot connect in {n}",
        "router light blinks red in {n}",
    ),
}
HOTEL_NEW = (
    "the sauna oven in {n} stays cold",
    "is the whirlpool open at {n}",
    "book a massage for {who}",
    "steam bath {n} smells of chlorine",
    "spa voucher {n} is refused",
)
TICKETS: Mapping[str, Sequence[str]] = {
    "login": (
        "i cannot sign in since build {n}",
        "password reset mail {n} never comes",
        "two factor code {n} is refused",
        "{who} is locked out",
        "single sign-on loops {n} times",
    ),
    "crash": (
        "the app closes when i open file {n}",
        "fatal error {n} at start",
        "freeze after {n} minutes",
        "blue screen with code {n}",
        "it crashes for {who}",
    ),
    "payment": (
        "card {n} was declined",
        "subscription {n} renewed twice",
        "refund order {n}",
        "{who} needs an invoice with vat",
        "coupon {n} does not work",
    ),
    "export": (
        "csv download {n} is empty",
        "pdf {n} has broken fonts",
        "export of {n} rows hangs",
        "{who} gets a corrupt zip",
        "report {n} lacks columns",
    ),
    "speed": (
        "search takes {n} seconds",
        "page {n} loads slowly",
        "dashboard lags for {who}",
        "sync needs {n} hours",
        "typing is delayed by {n} ms",
    ),
}
TICKETS_NEW = (
    "the voice assistant mishears {n} words",
    "dictation stops after {n} words",
    "microphone {n} stays muted",
    "speech transcript of {who} is garbled",
    "noise filter level {n} has no effect",
)
CITY: Mapping[str, Sequence[str]] = {
    "waste": (
        "the bin at number {n} was not emptied",
        "when is paper collected in street {n}",
        "bulky furniture at {n}",
        "{who} wants a second compost bin",
        "glass container {n} overflows",
    ),
    "parking": (
        "a car blocks gate {n}",
        "resident permit {n} expired",
        "parking meter {n} is broken",
        "{who} got a ticket with a permit",
        "disabled bay {n} is taken",
    ),
    "passport": (
        "renew passport {n}",
        "identity card of {who} is lost",
        "appointment {n} for a visa",
        "biometric photo {n} was refused",
        "travel document for a child of {n}",
    ),
    "noise": (
        "construction starts at {n} at night",
        "music from bar {n}",
        "dogs bark at house {n}",
        "{who} hears drilling",
        "party in flat {n} every friday",
    ),
    "school": (
        "enrol a child in class {n}",
        "bus to school {n} is late",
        "lunch fee {n} at school",
        "{who} changes to another school",
        "holiday care for {n} children",
    ),
}
CITY_NEW = (
    "my heat pump grant {n} was refused",
    "how do i register a solar panel of {n} kw",
    "wallbox subsidy {n}",
    "{who} asks for an insulation voucher",
    "balcony panel {n} needs a permit",
)
REPLIES = {
    "login": "Please open the sign-in page, choose reset and follow the mail that we send you.",
    "crash": "Please update to the newest build and send us the log file of the crash.",
    "payment": "We checked the payment and will correct the amount within two days.",
    "export": "Please export again in smaller parts while we repair the download.",
    "speed": "We see the delay as well and are moving your account to a faster server.",
}


def sayer(
    usual: Mapping[str, Sequence[str]], new: Sequence[str], openings: Sequence[str] = OPENINGS
) -> Callable[[str, random.Random, bool], str]:
    """Messages from templates; every number makes another message of it."""

    def say(topic: str, rng: random.Random, is_new: bool) -> str:
        wording = rng.choice(new if is_new else usual[topic])
        return f"{rng.choice(openings)}, {wording.format(n=rng.randint(2, 9999), who=rng.choice(NAMES))}"

    return say


def label(topic: str, rng: random.Random) -> str:
    """The topic's name is the answer."""
    return topic


def reply(topic: str, rng: random.Random) -> str:
    """A short letter."""
    return f"Dear {rng.choice(NAMES)}, thank you. {REPLIES[topic]} Ticket {rng.randint(100, 999)}."


def by_topic(groups: Mapping[str, str]) -> Callable[[str, random.Random], str]:
    """Segments that hold whole topics."""
    return lambda topic, rng: groups[topic]


def channel(topic: str, rng: random.Random) -> str:
    """Segments that have nothing to do with topics."""
    return rng.choice(("web", "phone", "app"))


def prompt_of(task: str, topics: Mapping[str, Sequence[str]]) -> str:
    """A prompt with a line for every topic."""
    lines = "\n".join(f"- {t}: {', '.join(w.format(n='', who='') for w in said[:3])}" for t, said in topics.items())
    return f"{task}\n\nTopics:\n{lines}\n\nAnswer with the topic only.\n\nMessage: {{{{message}}}}\n"


HOTEL_DESK = Domain(
    name="hotel/desk",
    prompt=prompt_of("You sort what guests of a hotel ask.", HOTEL),
    topics=tuple(HOTEL),
    say=sayer(HOTEL, HOTEL_NEW),
    answer=label,
    segment=by_topic(
        {"booking": "front", "billing": "front", "cleaning": "house", "food": "house", "internet": "house"}
    ),
)
SOFTWARE = Domain(
    name="software/tickets",
    prompt=prompt_of("You route tickets of a software company.", TICKETS),
    topics=tuple(TICKETS),
    say=sayer(TICKETS, TICKETS_NEW),
    answer=label,
    segment=channel,
    judging="judge",
    metric="routing_judge",
)
CITY_HALL = Domain(
    name="city/hotline",
    prompt=prompt_of("You sort calls to the city hall.", CITY),
    topics=tuple(CITY),
    say=sayer(CITY, CITY_NEW),
    answer=label,
    segment=channel,
    usual=0.88,
)
LETTERS = Domain(
    name="software/letters",
    prompt="You answer tickets of a software company in two sentences.\n\nRules:\n"
    + "\n".join(f"- {topic}: {said}" for topic, said in REPLIES.items())
    + "\n\nTicket: {{message}}\n",
    topics=tuple(TICKETS),
    say=sayer(TICKETS, TICKETS_NEW),
    answer=reply,
    segment=channel,
    judging="judge",
    metric="helpfulness",
)
DOMAINS = (HOTEL_DESK, SOFTWARE, CITY_HALL, LETTERS)
