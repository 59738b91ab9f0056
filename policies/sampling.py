"""Which traffic is judged, and which messages a customer had to send again. Pure: from values to verdicts."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rapidfuzz import fuzz

Said = Literal["repeated", "not_repeated", "open", "unfit"]

ALGORITHM = 1  # raise it when equal sessions might be read another way
WORD = re.compile(r"\w+")
LEAST_WORDS = 3
"""A message of fewer words ("yes", "thanks a lot") is often sent twice and means nothing by it."""
COMPARED = 20
"""Messages that follow one another in a session and are compared; a loop that sends thousands costs no more."""
LONGEST = 4_000
"""Characters of one input that are compared."""


def sampled(trace_id: str, metric: str, share: float) -> bool:
    """Whether a trace is in the sample of a metric: by hash, so every process and every later look says the same.

    share in [0, 1]. A larger share keeps everything that a smaller one had chosen; metrics sample independently.
    """
    digest = hashlib.sha256(f"{metric}\x1f{trace_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRules:
    """similarity in [0, 1] from which two messages count as one; window: the time a customer has to send it again."""

    similarity: float
    window: timedelta

    @property
    def revision(self) -> str:
        """Scores under other rules never share a trend."""
        return f"{ALGORITHM}-{self.similarity:g}-{self.window.total_seconds():g}s"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMessage:
    """A trace as far as repetition goes. answered: it has an answer that could have been a bad one."""

    id: str
    prompt: str
    session: str
    ts: datetime
    inputs: Mapping[str, str]
    answered: bool


def repeats(messages: Iterable[SessionMessage], rules: RepeatRules, *, now: datetime) -> dict[str, Said]:
    """For each message, whether a similar one followed in the same session of the same prompt within the window.

    `not_repeated` only once the window has passed; until then `open`. `unfit`: too short to tell, or without an answer
    (a call that failed says nothing about the prompt).
    """
    sessions: dict[tuple[str, str], list[SessionMessage]] = {}
    for message in messages:
        sessions.setdefault((message.prompt, message.session), []).append(message)
    found: dict[str, Said] = {}
    for session in sessions.values():
        ordered = sorted(session, key=lambda m: (m.ts, m.id))
        for at, message in enumerate(ordered):
            found[message.id] = _said(message, ordered[at + 1 : at + 1 + COMPARED], rules, now)
    return found


def _said(message: SessionMessage, later: Sequence[SessionMessage], rules: RepeatRules, now: datetime) -> Said:
    if not message.answered or not _long_enough(message.inputs.values()):
        return "unfit"
    end = message.ts + rules.window
    if any(other.ts <= end and similar(message.inputs, other.inputs, rules.similarity) for other in later):
        return "repeated"
    return "not_repeated" if now > end else "open"


def similar(first: Mapping[str, str], again: Mapping[str, str], least: float) -> bool:
    """Whether the second call asks the same as the first: each input is as good as equal, case and word order aside.

    An input that has only grown at its end (the conversation so far) is left out, if another one is there to compare.
    Messages that name different numbers ask about different things.
    """
    if first.keys() != again.keys():
        return False
    grown = {name for name in first if len(again[name]) > len(first[name]) and again[name].startswith(first[name])}
    compared = first.keys() - grown or first.keys()
    return _long_enough(again[name] for name in compared) and all(
        _alike(first[name], again[name], least) for name in compared
    )


def _long_enough(texts: Iterable[str]) -> bool:
    return sum(len(WORD.findall(text[:LONGEST])) for text in texts) >= LEAST_WORDS


def _alike(one: str, other: str, least: float) -> bool:
    if one == other:
        return True
    a, b = (WORD.findall(text[:LONGEST].casefold()) for text in (one, other))
    numbers = [{word for word in words if any(c.isdigit() for c in word)} for words in (a, b)]
    if all(numbers) and numbers[0].isdisjoint(numbers[1]):
        return False
    return fuzz.ratio(" ".join(sorted(a)), " ".join(sorted(b)), score_cutoff=100.0 * least) >= 100.0 * least
