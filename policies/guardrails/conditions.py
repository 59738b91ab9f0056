"""New exceptions and new conditions of a clause."""

import re
from collections.abc import Iterator

from policies.guardrails import vocabulary as v
from policies.guardrails.exclusive import inside, v_only
from policies.guardrails.frames import Frame, is_content
from policies.guardrails.observation import Observation, shared
from policies.guardrails.turned import only_with

NEGATIVE_WITHOUT = re.compile(r"(?<!\bor )\bwithout (?!exceptions?\b|any exceptions?\b|fail\b)(?:[\w']+ ){0,2}[\w']+")
"""In a prohibition `without X` says that with X it is allowed."""


NOTHING_EXCEPT = re.compile(r"\b(?:nothing|nobody|no one|none|no \w+) (?:except|other than|apart from|aside from)\b")
WHO_IS_NOT = re.compile(r"\b(?:who|that) (?:is|are|has|have)(?: not|n't)\b")


def _said_before(marker: str, old: Frame, new: Frame) -> bool:
    """`anyone but the holder` for `somebody who is not the holder`; a deed of the clause that sounds like one."""
    if marker == "anyone but" and WHO_IS_NOT.search(old.low):
        return True
    if marker == "unless" and only_with(new, old):
        return True
    if v_only(old) and NOTHING_EXCEPT.search(new.low):
        return True
    return any(t.word == marker and t.lemma in old.content_set for t in new.tokens)


UNLESS = re.compile(r"\b(?:unless|except (?:with|when|if|after)|only (?:with|when|if|after|against))\b[^,;.]*")


def _exempted(old: Frame) -> frozenset[str]:
    """What lifts the prohibition already: `unless the request holds a permit` for `without a permit`."""
    match = UNLESS.search(old.low)
    return inside(old, *match.span()) if match else frozenset()


def exceptions(old: Frame, new: Frame) -> Iterator[Observation]:
    gained = frozenset(m for m in new.markers - old.markers if not _said_before(m, old, new))
    if (gained and len(new.markers) > len(old.markers)) or (gained and not old.markers):
        yield Observation("weakened", "exception-added", f"a new exception: '{min(gained)}'")
    bare = NEGATIVE_WITHOUT.search(new.low)
    known = _exempted(old)
    if (
        bare
        and not (known and inside(new, *bare.span()) <= known)
        and old.prohibits
        and new.prohibits
        and not re.search(r"\bwithout\b", old.low)
    ):
        yield Observation("weakened", "exception-added", f"a new exception: '{bare.group()}'")
    if re.search(
        r"\bor (?:proceed|continue|skip|go ahead|just|simply|at least try|do so|use your)\b", new.low
    ) and not re.search(r"\bor (?:proceed|continue|skip|go ahead)\b", old.low):
        yield Observation("weakened", "exception-added", "a new way around the clause ('or …')")


def _condition_words(frame: Frame) -> list[tuple[str, frozenset[str]]]:
    spans = []
    low = v.NOT_A_CONDITION.sub(lambda m: " " * len(m.group()), frame.low)
    for match in v.CONDITION.finditer(low):
        rest = re.split(r"[,;:.]", low[match.end() :])[0]
        end = match.end() + len(rest)
        words = frozenset(t.lemma for t in frame.tokens if match.start() <= t.start < end and is_content(t))
        spans.append((match.group(), words))
    return spans


def conditions(old: Frame, new: Frame) -> Iterator[Observation]:
    known = old.content_set
    if _further_rule(old, new):
        return
    before = len(_condition_words(old)) + len(
        re.findall(r"\b(?:who|that|which|anyone|whoever|any|means|above|over|before|until|first)\b", old.low)
    )
    after = _condition_words(new)
    for word, said in after:
        fresh = said - known
        if said and len(fresh) / len(said) > 0.5 and not (before and len(after) <= len(_condition_words(old))):
            if re.search(rf"\b(?:{word})\b", old.low) and len(fresh) < 2:
                continue
            yield Observation("weakened", "condition-added", f"a new condition: '{word} …'", shared(old, new) >= 0.5)
            return
    if not before and after and not after[-1][1] and re.match(r"if|when|only|in case|wenn|falls", after[-1][0]):
        yield Observation("weakened", "condition-added", f"a new condition: '{after[-1][0]} …'", False)


FURTHER = re.compile(
    r", (?!including|depending|assuming|provid|considering)(?:\w+ed|\w+ing|spread|set|put)\b[^,;.]*\b(?:if|when|"
    r"where)\b"
    r"[^,;.]*\.?\s*$|"
    r"(?:, and|;|\.)\s+(?:ask for|refuse|report|warn|verify|alert|escalate|log|call)\b[^,;.]*\b(?:if|when|whenever|in "
    r"case|while|during)\b[^,;.]*\.?\s*$|"
    r"[,;.]\s+(?:and\s+)?(?:if|when|whenever|should|even if)\b[^,;:.]*,\s*(?:then )?(?:you )?"
    r"(?:do not|don't|never|must not|may not)\b(?! (?:ever )?(?:refuse|object|decline|hesitate|stop|mind|worry|insist|"
    r"interfere|block|reject|be))[^,;.]*\.?\s*$"
)


def _further_rule(old: Frame, new: Frame) -> bool:
    """The whole clause, and behind it a prohibition with a condition of its own: `…, and if they do, never …`."""
    added = FURTHER.search(new.low)
    if added is None:
        return False
    kept = {t.lemma for t in new.tokens if t.start < added.start()}
    return old.content_set <= kept and not v.CONDITION.search(new.low[: added.start()])
