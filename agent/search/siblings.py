"""Candidates that cost no token: what was dropped unawares put back, and the good of several candidates in one."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.guarding import held_against
from agent.search.drafting import Checked, Ground
from agent.services import Services, in_thread
from agent.strategies.strategy import Draft
from agent.teacher.request import texts_of
from library.prompts import Content
from policies.clause_edits import (
    Hunk,
    applied,
    bearing,
    hunks_between,
    loses,
    merged,
    named_in,
    overlap,
    said_already,
    stems,
)
from policies.guardrails.engine import check

RESTORED, MERGED, EVERYTHING = "restored", "merged", "everything"
BEARING, LONG = 0.2, 300
"""Below this share of content words that the prompt or its examples use too an addition is doubtful; one of more
characters below twice and a half of it."""
HYPOTHESIS = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a checked draft changes against the parent. kept: without what it drops or alters unawares, or may not.

    passed: the draft itself passed the guardrails.
    """

    checked: Checked
    hunks: tuple[Hunk, ...]
    kept: tuple[Hunk, ...]

    @property
    def passed(self) -> bool:
        return self.checked.verdict.decision != "block"

    @property
    def whole(self) -> bool:
        """Nothing had to be put back."""
        return self.kept == self.hunks


async def offers_of(services: Services, ground: Ground, checked: Sequence[Checked]) -> list[Offer]:
    """The hunks of every draft; of a refused one only the additions that guardrails let through one by one.

    What was refused from a writer who could mend it is not picked over: it had its chance.
    """
    parent = texts_of(ground.parent)
    offers = []
    for one in checked:
        hunks = hunks_between(parent, texts_of(one.draft.content))
        if one.verdict.decision == "block":
            additions = [h for h in hunks if h.kind == "insert" and not one.alone]
            kept = await in_thread(_let_through, services, ground, additions)
        else:
            kept = tuple(h for h in hunks if not _unaware(h, one.draft))
        offers.append(Offer(checked=one, hunks=hunks, kept=kept))
    return offers


def _unaware(hunk: Hunk, draft: Draft) -> bool:
    """Whether a loss of words was named by nobody: not by an explicit edit, not by the hypothesis."""
    return loses(hunk) and not draft.explicit and not named_in(hunk, draft.hypothesis)


def _let_through(services: Services, ground: Ground, hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    return tuple(h for h in hunks if _passes(services, ground, content_with(ground.parent, [h])))


def _passes(services: Services, ground: Ground, content: Content) -> bool:
    subject = held_against(ground.base.content, content, ground.secret, ground.shown)
    return check(subject, ground.policy, today=services.now().date()).decision != "block"


def content_with(parent: Content, hunks: Sequence[Hunk]) -> Content:
    """The parent with these hunks."""
    return parent.with_text(applied(texts_of(parent), hunks))


def restored(ground: Ground, offers: Sequence[Offer]) -> list[tuple[Draft, str, int]]:
    """For drafts that lost something unawares or were refused: (draft without that, what was done, place of theirs)."""
    drafts = []
    for place, offer in enumerate(offers):
        if offer.whole or not offer.kept:
            continue
        lost = sum(h.kind != "insert" for h in offer.hunks) - sum(h.kind != "insert" for h in offer.kept)
        left = sum(h.kind == "insert" for h in offer.hunks) - sum(h.kind == "insert" for h in offer.kept)
        done = [f"restored {lost} clause{'s' * (lost != 1)}"] * bool(lost) + [f"left out {left} additions"] * bool(left)
        draft = _like(offer.checked.draft, content_with(ground.parent, offer.kept))
        drafts.append((draft, " and ".join(done), place))
    return drafts


def _like(draft: Draft, content: Content) -> Draft:
    return Draft(
        content=content,
        hypothesis=draft.hypothesis,
        predicted_fixed=draft.predicted_fixed,
        predicted_risks=draft.predicted_risks,
        explicit=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """Several offers in one draft. parts: places of the offers that hold nothing beyond it."""

    strategy: str
    draft: Draft
    parts: tuple[int, ...]


async def unions(services: Services, ground: Ground, offers: Sequence[Offer]) -> list[Union]:
    """The union of all that bears on the task and takes nothing away; and, where that leaves something out, of all.

    The second one is run only where the first gains nothing. Advice that shares hardly a word with the prompt and its
    examples ("work carefully") seldom does anything, and clauses are seldom dropped on purpose; seldom is not never.
    """
    same, parent = services.rulebook.search.same_idea, texts_of(ground.parent)
    task = stems("\n".join([*parent, *ground.words]))
    offered = [tuple(h for h in o.kept if not said_already(h, parent)) for o in offers]
    sound = [[h for h in some if not doubtful(h, task)] for some in offered]
    careful = merged(sound, same)
    everything = merged([*offered, *(o.hunks for o in offers if o.passed)], same)
    found: list[tuple[str, Sequence[Hunk], Sequence[Sequence[Hunk]]]] = [(MERGED, careful, sound)]
    if set(everything) != set(careful):
        found.append((EVERYTHING, everything, [[*o.hunks] if o.passed else [*o.kept] for o in offers]))
    made = []
    for name, hunks, owned in found:
        fitting = await in_thread(_fitting, services, ground, hunks)
        if not fitting:
            continue
        parts = tuple(i for i, own in enumerate(owned) if all(_held(h, fitting, same, parent) for h in own))
        draft = _joint([o.checked.draft for o in offers], content_with(ground.parent, fitting))
        made.append(Union(strategy=name, draft=draft, parts=parts))
    return made


def doubtful(hunk: Hunk, task: frozenset[str]) -> bool:
    """Whether an addition says little about this task; task: the stems of its words."""
    share = bearing(hunk, task)
    return hunk.kind == "insert" and (share < BEARING or (len(hunk.new) > LONG and share < 2.5 * BEARING))


def _fitting(services: Services, ground: Ground, hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """The hunks; where guardrails refuse them together, those that pass when added one after the other."""
    if _passes(services, ground, content_with(ground.parent, hunks)):
        return tuple(hunks)
    fitting: list[Hunk] = []
    for hunk in hunks:
        if _passes(services, ground, content_with(ground.parent, [*fitting, hunk])):
            fitting.append(hunk)
    return tuple(fitting)


def _held(hunk: Hunk, hunks: Sequence[Hunk], same: float, parent: Sequence[str]) -> bool:
    if hunk.kind != "insert":
        return hunk in hunks
    if said_already(hunk, parent):
        return True
    return any(h.kind == "insert" and overlap(h.new, hunk.new) >= same for h in hunks)


def _joint(drafts: Sequence[Draft], content: Content) -> Draft:
    said = dict.fromkeys(d.hypothesis for d in drafts if d.hypothesis)
    return Draft(
        content=content,
        hypothesis=" ".join(said)[:HYPOTHESIS],
        predicted_fixed=tuple(dict.fromkeys(i for d in drafts for i in d.predicted_fixed))[:200],
        predicted_risks="; ".join(dict.fromkeys(d.predicted_risks for d in drafts if d.predicted_risks))[:HYPOTHESIS],
        explicit=True,
    )
