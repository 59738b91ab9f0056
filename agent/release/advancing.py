"""The round: every active canary is looked at; the figures carry it on, let it wait, halt it or take it back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from agent.release.arms import arms_of, reading, realised, terms_of
from agent.release.staging import deciding_names
from library.canaries import FULL, Canary
from library.errors import PromptkeeperError, Stale
from library.store.stores import Library
from policies.rollout import Ruling, judge
from policies.rulebook import ReleaseRules

SILENT = "no call has named its arm"
Deed = Literal["held", "advanced", "waiting", "paused", "promoted", "rolled_back", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at one canary did, in a word and in a line; canary: as it stands since."""

    canary: Canary
    deed: Deed
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A comparison of the arms: the canary as it was seen, the ruling, and both as plain JSON."""

    canary: Canary
    ruling: Ruling
    reading: dict[str, Any]
    realised: dict[str, Any]


def advance_all(
    library: Library, rules: ReleaseRules, *, now: datetime, prompts: Collection[str] | None = None
) -> tuple[Looked, ...]:
    """Look at every active canary, or at those of some prompts; one that cannot be judged never stops the others."""
    found = library.canaries.list(active=True)
    return tuple(
        _looked(library, rules, canary, now) for canary in found if prompts is None or canary.prompt in prompts
    )


def _looked(library: Library, rules: ReleaseRules, canary: Canary, now: datetime) -> Looked:
    try:
        return advance(library, rules, canary.id, now=now)
    except Stale as error:
        # Somebody ended it, or another process took the step, between the look and the deed.
        return Looked(canary=library.canaries.get(canary.id), deed="held", said=str(error))
    except PromptkeeperError as error:
        return Looked(canary=canary, deed="failed", said=f"{_name(canary)}: {error}")
    except Exception as error:  # noqa: BLE001 - what is wrong with one release must not keep the others from going back
        return Looked(canary=canary, deed="failed", said=f"{_name(canary)}: {type(error).__name__}: {error}")


def compare(library: Library, rules: ReleaseRules, id: int, *, now: datetime) -> Seen:
    """Compare both arms with everything that has arrived by now."""
    canary, sums = library.canaries.sums(id)
    names = deciding_names(library.prompts.get(canary.prompt).metrics)
    ruling = judge(arms_of(canary, sums, names), terms_of(rules, canary))
    proposal = None if canary.proposal_id is None else library.proposals.get(canary.proposal_id)
    said = reading(ruling, canary, rules, now=now)
    return Seen(canary=canary, ruling=ruling, reading=said, realised=realised(said, names, proposal=proposal))


def advance(library: Library, rules: ReleaseRules, id: int, *, now: datetime) -> Looked:
    """Compare the arms of one canary and do what the ruling says, in one transaction of its own.

    A loss rolls it back in any state; only a running one goes on. Stale when it has ended or moved on meanwhile.
    """
    seen = compare(library, rules, id, now=now)
    canary, ruling = seen.canary, seen.ruling
    if not canary.active:
        return Looked(canary=canary, deed="held", said=f"{_name(canary)} has ended")
    if ruling.verdict == "roll_back":
        gone = library.canaries.roll_back(id, by=None, reason=ruling.reason, now=now, realised=seen.realised)
        return Looked(canary=gone, deed="rolled_back", said=f"{_name(canary)} rolled back: {ruling.reason}")
    if canary.state == "running" and ruling.verdict == "advance":
        return _onward(library, rules, seen, now)
    stalled = _stalled(rules, seen, now) if canary.state == "running" else None
    if stalled is not None:
        done = library.canaries.move(id, "paused", by=None, reason=stalled, now=now, reading=seen.reading)
        return Looked(canary=done, deed="paused", said=f"{_name(done)} paused: {stalled}")
    held = library.canaries.read(id, seen.reading)
    return Looked(canary=held, deed="held", said=f"{_name(held)} at {held.percent} %: {ruling.reason}")


def _onward(library: Library, rules: ReleaseRules, seen: Seen, now: datetime) -> Looked:
    canary, reason = seen.canary, seen.ruling.reason
    if canary.next_percent < FULL:
        done = library.canaries.advance(canary.id, seen=canary, reading=seen.reading, reason=reason, now=now)
        return Looked(canary=done, deed="advanced", said=f"{_name(done)} goes on to {done.percent} %: {reason}")
    if rules.promote == "automatic":
        done = library.canaries.promote(canary.id, by=None, reason=reason, now=now, realised=seen.realised)
        return Looked(canary=done, deed="promoted", said=f"{_name(done)} is {done.label} now: {reason}")
    done = library.canaries.move(canary.id, "waiting", by=None, reason=reason, now=now, reading=seen.reading)
    mend = f"promptkeeper canary promote {done.prompt}"
    return Looked(canary=done, deed="waiting", said=f"{_name(done)} waits for a second signature ({mend}): {reason}")


def _stalled(rules: ReleaseRules, seen: Seen, now: datetime) -> str | None:
    """Why a person should look at it: no call has come by its arm, or too few for a step. None while that may come."""
    since = now - seen.canary.updated_at
    if since > timedelta(hours=rules.silent_hours) and not any(r.n_control + r.n_canary for r in seen.ruling.readings):
        return (
            f"{SILENT} in {rules.silent_hours} hours: fetch the prompt for a subject, and send the arm with the trace"
        )
    if since > timedelta(days=rules.max_days):
        return f"no step for {rules.max_days} days: {seen.ruling.reason}"
    return None


def _name(canary: Canary) -> str:
    return f"canary {canary.id} ({canary.prompt}@{canary.version})"
