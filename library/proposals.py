"""A proposal: a change waiting for, or after, a person's decision. Content is bound by its hash.

pending               in the queue
approved              a reviewer signed; the content became a version and the label moved
rejected              a reviewer said no, with a reason that the teacher will read
revision_requested    a reviewer asked for changes; a new cycle starts with the comment
expired               nobody decided in time
superseded            the base moved, or a newer proposal took its place
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from library.errors import Stale
from library.prompts import Content

ProposalState = Literal["pending", "approved", "rejected", "revision_requested", "expired", "superseded"]

MOVES: Mapping[ProposalState, frozenset[ProposalState]] = MappingProxyType(
    {
        "pending": frozenset({"approved", "rejected", "revision_requested", "expired", "superseded"}),
        "approved": frozenset(),
        "rejected": frozenset(),
        "revision_requested": frozenset(),
        "expired": frozenset(),
        "superseded": frozenset(),
    }
)
"""Every legal move: a decision is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a reviewer decides on.

    packet: plain JSON with hypothesis, evidence (gain, interval, n, excluded), items fixed and broken, guardrail
    verdict, lineage; policy_digest: the policy that the content was checked under. label: what approval moves.
    """

    id: int
    prompt: str
    label: str
    run_id: int
    attempt_number: int
    incident_id: int | None
    base_version: int
    base_hash: str
    content: Content
    content_hash: str
    policy_digest: str
    state: ProposalState
    packet: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    comment: str = ""
    version: int | None = None


def check_move(proposal: Proposal, to: ProposalState) -> None:
    """Raise Stale unless the proposal may still go to this state."""
    if to not in MOVES[proposal.state]:
        who = f" by {proposal.decided_by}" if proposal.decided_by else ""
        raise Stale(f"the proposal is already {proposal.state}{who}", f"proposal {proposal.id}", "Nothing was changed.")


def check_fresh(proposal: Proposal, *, content_hash: str, label_version: int | None, now: datetime) -> None:
    """Raise Stale when what was shown is not what would be released: other content, moved base, past its date."""
    place = f"proposal {proposal.id}"
    if content_hash not in {proposal.content_hash, proposal.content.hash} or (
        proposal.content.hash != proposal.content_hash
    ):
        raise Stale("the content is not the one that was shown", place, "Look at it again, then decide.")
    if label_version != proposal.base_version:
        raise Stale(
            f"'{proposal.label}' has moved from version {proposal.base_version} to {label_version} meanwhile",
            place,
            "Run a new cycle on the version that is live now.",
        )
    if now >= proposal.expires_at:
        raise Stale(f"it expired on {proposal.expires_at:%Y-%m-%d %H:%M} UTC", place, "Run a new cycle.")
