"""What a person does with a staged release by hand."""

from datetime import datetime

from agent.release.advancing import compare
from agent.release.staging import Wish, plan
from library.canaries import Canary
from library.errors import InputError, NotFound, Refused
from library.prompts import Actor, Version
from library.store.stores import Library
from policies.rulebook import ReleaseRules

BY_HAND: Wish = "staged"


def running(library: Library, prompt: str, label: str | None = None) -> Canary:
    """The one active canary of a prompt, under a label where several are; NotFound names what there is."""
    library.prompts.get(prompt)
    found = [c for c in library.canaries.list(prompt=prompt, active=True) if label in {None, c.label}]
    if len(found) == 1:
        return found[0]
    if not found:
        mend = f"Start one: promptkeeper canary start {prompt} VERSION"
        raise NotFound(f"no canary runs{f' under {label!r}' if label else ''}", prompt, mend)
    raise InputError(f"canaries run under {' and '.join(c.label for c in found)}", prompt, "Name one: --label LABEL.")


def start(
    library: Library, rules: ReleaseRules, version: Version, *, label: str, actor: Actor, now: datetime
) -> Canary:
    """Release a version in steps without a proposal: a reviewer's own decision on this content."""
    steps = plan(library, rules, version.prompt, wish=BY_HAND, now=now).steps
    return library.canaries.start(version, label=label, steps=steps, actor=actor, now=now)


def pause(library: Library, id: int, *, actor: Actor, reason: str, now: datetime) -> Canary:
    """Stop the steps; the share stays as it is, and a loss still rolls it back."""
    return library.canaries.move(id, "paused", by=actor, reason=reason or "paused by hand", now=now)


def resume(library: Library, id: int, *, actor: Actor, reason: str, now: datetime) -> Canary:
    """Let the figures carry it on again."""
    return library.canaries.move(id, "running", by=actor, reason=reason or "resumed by hand", now=now)


def promote(library: Library, rules: ReleaseRules, id: int, *, actor: Actor, reason: str, now: datetime) -> Canary:
    """The second signature: the label moves for good, from whatever step the release stands at.

    Refused for who may not move the label, and for the reviewer who approved it where the rulebook wants another one.
    """
    canary = library.canaries.get(id)
    if canary.active and not rules.approver_may_promote and actor.name == canary.started_by:
        mend = "Ask another reviewer (rule release.approver_may_promote)."
        raise Refused(f"{actor.name} approved it and may not sign it a second time", f"canary {id}", mend)
    brought = compare(library, rules, id, now=now).realised if canary.active else None
    return library.canaries.promote(id, by=actor, reason=reason or "signed by hand", now=now, realised=brought)


def roll_back(library: Library, rules: ReleaseRules, id: int, *, actor: Actor, reason: str, now: datetime) -> Canary:
    """Serve everybody the base version again; anybody may, and nobody has to agree."""
    try:
        brought = compare(library, rules, id, now=now).realised
    except InputError:  # metrics that cannot be read are no reason to go on serving it
        brought = None
    return library.canaries.roll_back(id, by=actor, reason=reason, now=now, realised=brought)
