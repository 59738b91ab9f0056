"""Ways around a duty: what to do when its means are not at hand, and somebody else doing what one alone may do."""

import re
from collections.abc import Callable
from functools import lru_cache

from policies.guardrails.actions import commanded
from policies.guardrails.exclusive import v_only
from policies.guardrails.frames import Frame
from policies.guardrails.narrowing import GENERIC

CONDITIONAL = re.compile(
    r"^\W*(?:if|when|whenever|while|where|should|in case|until|as long as|on days when|"
    r"outside)\b(?P<when>[^,;:]{3,90}),\s*"
    r"(?P<then>.+)",
    re.DOTALL,
)
NOT_AT_HAND = re.compile(
    r"\b(?:down|offline|away|absent|unavailable|closed|busy|slow|broken|ill|sick|overloaded|late|on (?:leave|holiday|"
    r"a break)|asleep|unreachable|missing|unclear|not (?:answer|available|work|respond|there|reachable|reply)\w*|"
    r"(?:doesn't|does not|cannot|can't|don't|do not) (?:answer|work|respond|reply|be reached|load|open)|fails?|"
    r"takes? (?:too )?long|"
    r"nobody (?:is|answers)|no one (?:is|answers)|out of (?:office|order|reach|hours))\b"
)
STAYS_CAREFUL = re.compile(
    r"^\W*(?:please |then |politely )?(?:tell|ask|wait|escalate|refer|apologi[sz]e|explain|say|call|try|stop|report|"
    r"never|do not|"
    r"don't|pass|forward|transfer|hold|leave|inform|refuse|decline|offer|contact|notify|take a message|send|suggest|"
    r"advise|"
    r"you (?:must|may) not|answer|reply|write|return|set|mark|log|note that|repeat|point)\b"
)
PERMITS = re.compile(
    r"\b(?:may|can|could|kannst|kann|darf|dürfen|können|is free to|are free to|allowed|permitted|hands?|gives?|"
    r"opens?|does|do|takes?|signs?)\b"
)
MODAL_ONLY = re.compile(r"\b(?:may|can|must|shall|should|are|is|be) only\s*$")
"""`may only be served if …`: the word holds back a deed, not for somebody."""
MOST = 0.6  # share of a reserved deed's words that somebody else's doing it must name
NOBODY = re.compile(r"\b(?:nobody|no one|(?:does|do)(?: not|n't) (?:answer|reply|respond|react|pick up|object))\b")
ASKS = re.compile(r"\b(?:approv|confirm|consent|permission|agree|sign)\w*")
ALONE = re.compile(
    r"\b(?:only|solely|exclusively|nobody but|no one but|nobody except|no one except|nur|ausschließlich)\b"
)


@lru_cache(maxsize=4096)
def _escape(low: str) -> re.Match[str] | None:
    """`If the portal is down, take it here`: the means fail, and something else is done."""
    match = CONDITIONAL.match(low)
    if match and NOT_AT_HAND.search(match["when"]) and not STAYS_CAREFUL.search(match["then"]):
        return match
    return None


def way_around(old: Frame, new: Frame, speaks_of: Callable[[str], bool]) -> str | None:
    """What a new sentence does to a duty, or None; speaks_of: is this thing or deed in the sentence?"""
    if old.prohibits or not old.strong:
        return None
    match = _escape(new.low)
    if match:
        then_at = match.start("then")
        wanted = old.content_set - GENERIC
        means = {t.lemma for t in new.tokens if t.subject and t.start < then_at} & wanted
        things = {t.lemma for t in new.tokens if t.subject and t.start >= then_at} & wanted
        nobody = NOBODY.search(match["when"]) is not None and ASKS.search(old.low) is not None
        if (means or nobody) and things:
            return "opens a way around"
    return "lets somebody else do what is reserved by" if _takes_over(old, new, speaks_of) else None


def _takes_over(old: Frame, new: Frame, speaks_of: Callable[[str], bool]) -> bool:
    """`Only a nurse may give medicine` against `the volunteer hands out the pills`."""
    if not v_only(old) or new.prohibits or v_only(new) or not (PERMITS.search(new.low) or commanded(new)):
        return False
    alone = ALONE.search(old.low)
    if alone is None:
        return False
    holder = _holder(old, alone.end())
    deed = old.content_set - holder - GENERIC
    deed = frozenset(w for w in deed if not w[0].isdigit())
    done = sum(map(speaks_of, deed))
    return bool(holder) and done >= 2 and done / len(deed) >= MOST and not any(map(speaks_of, holder))


def only_holder(old: Frame) -> frozenset[str]:
    """Who alone may do what a clause reserves; empty where it reserves nothing."""
    alone = ALONE.search(old.low)
    return _holder(old, alone.end()) if alone else frozenset()


def _holder(old: Frame, at: int) -> frozenset[str]:
    """Who alone may: what stands between `only` and the verb, or after `only … by`."""
    by = re.compile(r"[^.;,]{0,40}?\bby\b").match(old.low, at)
    if by is None and MODAL_ONLY.search(old.low[:at]):
        return frozenset()
    start = by.end() if by else at
    stop = re.compile(
        r"[.;,]|\b(?:may|can|must|shall|is|are|if|when|after|erlassen|genehmigen|ändern|bestätigen|entscheiden|"
        r"öffnen)\b"
    ).search(old.low, start)
    end = stop.start() if stop else len(old.low)
    return frozenset(t.lemma for t in old.tokens if t.subject and start <= t.start < end)
