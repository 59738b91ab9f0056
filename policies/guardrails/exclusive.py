"""What only some may do: `only a vet may`, `nobody but a vet may`."""

import re
from functools import lru_cache

from policies.guardrails.frames import Frame, is_content

MAY = r"(?P<holder>[^,;.]*?)\b(?:may|can|must|shall|is|are|has|have|decides?)\b"
ONLY = re.compile(rf"\b(?:only|solely)\b {MAY}")
NOBODY_BUT = re.compile(rf"\b(?:nobody|no one|none) (?:but|except|other than|apart from) {MAY}")


@lru_cache(maxsize=4096)
def v_only(frame: Frame) -> bool:
    """Does the clause speak of an exclusive set (`only`, `anyone but`)?"""
    return (
        re.search(
            (
                r"\b(?:only|solely|exclusively|anyone but|nobody but|no one but|nothing but|none but|no one except|"
                r"nobody except|other than|nur|ausschließlich|seulement|solo)\b"
            ),
            frame.low,
        )
        is not None
    )


def inside(frame: Frame, start: int, end: int) -> frozenset[str]:
    return frozenset(t.lemma for t in frame.tokens if start <= t.start < end and is_content(t))


def same_holder(exclusive: Frame, excluding: Frame) -> bool:
    """`Only a vet may` and `nobody but a vet may`."""
    only, but = ONLY.search(exclusive.low), NOBODY_BUT.search(excluding.low)
    if not (only and but):
        return False
    holder = inside(exclusive, only.start("holder"), only.end("holder"))
    return bool(holder) and holder == inside(excluding, but.start("holder"), but.end("holder"))


def holder_lost(old: Frame, new: Frame) -> frozenset[str]:
    """Words that say who alone may do it and that are gone: `only trained staff` became `only staff`."""
    only = ONLY.search(old.low)
    if only is None or not (v_only(new) or re.search(r"\b(?:reserved|restricted|limited)\b", new.low)):
        return frozenset()
    holder = inside(old, only.start("holder"), only.end("holder"))
    return holder - new.content_set if holder & new.content_set else frozenset()
