"""What is being asked: topics recognised by their words. What is not recognised is declined, not guessed at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Topic = Literal[
    "why", "since", "size", "where", "kinds", "changes", "blame", "versions", "tried", "waiting", "advice", "status",
    "future", "outside",
]  # fmt: skip

PATTERNS: Mapping[Topic, re.Pattern[str]] = MappingProxyType(
    {
        # What no record can answer comes first: it is declined even when other words are recognised.
        "future": re.compile(r"\b(will|going to|next (week|month|year|quarter)|tomorrow|forecast|predict)\b"),
        "outside": re.compile(
            r"\b(competitors?|weather|stock|salar\w+|revenue|profit|who is (our|the) (ceo|customer)|"
            r"satisf\w+|opinion|feel(s|ings?)?|legal advice|names? of (the )?(customers?|users?)|"
            r"who (is|are) (our|the|my|your) (customers?|users?|owners?|team|ceo))\b"
        ),
        "waiting": re.compile(
            r"\b(waiting|awaits?|pending|queue[ds]? for me|on my (desk|plate)|to (approve|review|decide|sign)|"
            r"approval queue|need(s)? my)\b"
        ),
        "advice": re.compile(
            r"\b(what (would|should|do|shall|can) (you|i|we) (do|suggest|recommend)|recommend\w*|suggest\w*|advice|"
            r"how (do|can|should) (i|we) fix|should (i|we)|next step)\b"
        ),
        "tried": re.compile(
            r"\b(tried|try|attempt\w*|experiment\w*|already (done|do)|what did (we|you|it) (try|do)|candidates?)\b"
        ),
        "blame": re.compile(
            r"\b(is it (really )?the (prompt|model)|(prompt or|or) the (model|prompt)|model('s)? (fault|change\w*)|"
            r"prompt('s)? fault|fault|to blame|outage|provider)\b"
        ),
        "versions": re.compile(
            r"\b((which|what|best|worst|better|compare\w*|previous|old) versions?|"
            r"versions? (was|is|did|do|were|perform\w*)|version \d+|v\d+ (vs|or|against))\b"
        ),
        "changes": re.compile(
            r"\b(what (has |have |was |were )?(been )?chang\w*|changed|releas\w*|deploy\w*|what happened|different)\b"
        ),
        "where": re.compile(
            r"\b(which (customers?|users?|segments?|areas?|traffic|part|slice)|where|segments?|who is (affected|hit)|"
            r"affected|by segment)\b"
        ),
        "since": re.compile(r"\b(since when|when (did|was|has|is)|how long|onset|start(ed)?|began|begin|what day)\b"),
        "size": re.compile(
            r"\b(how (much|bad|big|large|far|many points)|size|by how|drop|extent|how (sure|certain)|severe|severity)\b"
        ),
        "kinds": re.compile(
            r"\b((what|which) (kinds?|types?|sorts?|messages?|topics?|inputs?|questions?)|kinds? of|failing|failures?|"
            r"examples?|show me|errors?|mistakes?|goes wrong|is wrong|traces?|proof)\b"
        ),
        "why": re.compile(
            r"\b(why|reasons?|causes?|explain|what('s| is| went) wrong|degrad\w*|(got|get|getting|gone|become) worse|"
            r"worse|declin\w*|fell|fall(en)?|root cause)\b"
        ),
        "status": re.compile(
            r"\b(how (is|are|do|does)|status|health\w*|doing|okay|ok|fine|overview|summary|summari[sz]e|score now|"
            r"current score|trend)\b"
        ),
    }
)

ASKS_WHY = re.compile(r"\b(why|reasons?|causes?|explain|root cause|what('s| is| went) wrong)\b")
"""Words that ask for the cause itself; "worse" and the like only name the trouble when something else is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question: the prompts it names and the topics it touches; no topic means that it was not understood."""

    text: str
    prompts: tuple[str, ...]
    topics: tuple[Topic, ...]


def understand(text: str, names: Sequence[str]) -> Question:
    """Find prompt names and topics in a question."""
    low = " ".join(text.casefold().split())
    found = [
        n for n in sorted(names, key=len, reverse=True) if re.search(rf"(?<![\w/.-]){re.escape(n)}(?![\w/-])", low)
    ]
    named = [n for n in found if not any(n != other and n in other for other in found)]
    if not named:
        named = [n for n in names if n.rsplit("/", 1)[-1] in re.findall(r"[\w.-]+", low)]
    for name in named:
        low = low.replace(name, " it ")
    topics = tuple(topic for topic, pattern in PATTERNS.items() if pattern.search(low))
    if len(topics) > 1 and not ASKS_WHY.search(low):
        topics = tuple(t for t in topics if t != "why")
    declined = tuple(t for t in topics if t in {"future", "outside"})
    return Question(text=text, prompts=tuple(named), topics=declined or topics)
