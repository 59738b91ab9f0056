"""A person's decision on a proposal, bound to the exact content that was shown and checked."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from agent.release.staging import Wish, plan
from library.canaries import Canary
from library.errors import Refused, Stale
from library.prompts import Actor, Version
from library.proposals import Proposal
from library.store.stores import Library
from policies.guardrails.engine import Subject, check
from policies.guardrails.judgement import JUDGE
from policies.guardrails.policy import Policy
from policies.rulebook import ReleaseRules, shipped
from policies.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """What deciding takes: the library, the policies as they are now, the clock, who decides, how versions go out."""

    library: Library
    policy_for: Callable[[str], Policy]
    now: Callable[[], datetime]
    actor: Actor
    release: ReleaseRules = field(default_factory=lambda: shipped().release)


class Released(NamedTuple):
    """What an approval did. canary: the staged release that began, None where the label moved; said: why so."""

    proposal: Proposal
    version: Version
    canary: Canary | None
    said: str


def recheck(reviewing: Reviewing, proposal: Proposal) -> Verdict:
    """The guardrails' verdict on the proposal as policies and the approved version are now."""
    base = reviewing.library.prompts.version(proposal.prompt, proposal.base_version)
    subject = Subject(current=base.content, candidate=proposal.content)
    return check(subject, reviewing.policy_for(proposal.prompt), today=reviewing.now().date())


def unticked(verdict: Verdict, proposal: Proposal, ticked: Collection[str], now: datetime) -> tuple[Finding, ...]:
    """Flagged findings that the reviewer has neither ticked (by policy name) nor waived."""
    waived = {w["finding"] for w in proposal.packet.get("waivers", ()) if datetime.fromisoformat(w["expires"]) > now}
    found = (*verdict.findings, *judged(proposal))
    return tuple(f for f in found if f.severity == "flag" and f.policy not in {*ticked, *waived})


def judged(proposal: Proposal) -> tuple[Finding, ...]:
    """What the judge model objected to when the proposal was made; it is not asked again at the signature."""
    said = proposal.packet.get("verdict", {}).get("findings", ())
    return tuple(
        Finding(policy=f["policy"], rule=f["rule"], severity=f["severity"], message=f["message"])
        for f in said
        if f["policy"] == JUDGE
    )


def approve(
    reviewing: Reviewing,
    proposal_id: int,
    *,
    content_hash: str,
    ticked: Collection[str] = (),
    comment: str = "",
    wish: Wish = "rulebook",
) -> Released:
    """Release the proposal: guardrails once more, then version, label and incident in one transaction.

    wish: in steps, at once, or as the rulebook and the prompt's traffic say. Raises Refused when guardrails block it
    now or a flagged finding is not ticked, Stale when anything moved.
    """
    proposal = reviewing.library.proposals.get(proposal_id)
    place = f"proposal {proposal_id}"
    if proposal.state == "pending":
        verdict = recheck(reviewing, proposal)
        if verdict.decision == "block":
            first = next(f for f in verdict.findings if f.severity == "block")
            raise Refused(f"guardrails block it: {first.policy}: {first.message}", place, "Reject or revise it.")
        if verdict.policy_digest != proposal.policy_digest and verdict.decision != "allow":
            raise Stale("the policy has changed since it was checked", place, "Run a new cycle under this policy.")
        open_findings = unticked(verdict, proposal, ticked, reviewing.now())
        if open_findings:
            first = open_findings[0]
            raise Refused(
                f"{len(open_findings)} flagged finding(s) are not ticked; the first: {first.policy}: {first.message}",
                place,
                f"Approve with --tick {first.policy}, or waive it.",
            )
    library, now = reviewing.library, reviewing.now()
    how = plan(library, reviewing.release, proposal.prompt, wish=wish, now=now)
    decided, version = library.proposals.approve(
        proposal_id,
        content_hash=content_hash,
        actor=reviewing.actor,
        now=now,
        comment=comment,
        steps=how.steps,
        release=how.said,
    )
    canary = library.canaries.of_proposal(proposal_id) if how.steps else None
    return Released(decided, version, canary, how.said)
