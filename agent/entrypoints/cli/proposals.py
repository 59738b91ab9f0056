"""`promptkeeper proposals`: changes that wait for a person, and the person's decision."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, get_args

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, table, to_json, with_json, wrapped
from agent.entrypoints.cli.proposal_text import proposal_text
from library.errors import InputError, NotFound
from library.proposals import Proposal, ProposalState

if TYPE_CHECKING:
    from agent.release.staging import Wish
    from agent.review import Released, Reviewing

HERE = "agent.entrypoints.cli.proposals"
STATES: tuple[ProposalState, ...] = get_args(ProposalState)

command = LazyGroup(
    name="proposals",
    help="Changes that wait for a decision.",
    table={
        "list": (f"{HERE}:list_command", "Proposals, newest first."),
        "show": (f"{HERE}:show_command", "One proposal: what changes, why, and the evidence."),
        "approve": (f"{HERE}:approve_command", "Release it: a new version, and the label moves."),
        "reject": (f"{HERE}:reject_command", "Say no, with a reason that the next attempt will know."),
        "revise": (f"{HERE}:revise_command", "Ask for changes; the next cycle starts with the comment."),
        "edit": (f"{HERE}_edit:command", "Put a text of your own in its place; it is checked and tested again."),
        "waive": (f"{HERE}:waive_command", "Set a flagged finding aside, named and until a date."),
    },
)


def _reviewing(project: Opened) -> "Reviewing":
    from agent.bootstrap import policies_of, rulebook_of
    from agent.review import Reviewing

    return Reviewing(
        library=project.library,
        policy_for=policies_of(project.settings),
        now=now,
        actor=actor(),
        release=rulebook_of(project.settings).release,
    )


def _pending(project: Opened, proposal_id: int | None) -> Proposal:
    """The proposal named, or the only one that waits."""
    if proposal_id is not None:
        return project.library.proposals.get(proposal_id)
    waiting = project.library.proposals.list(state="pending")
    if len(waiting) != 1:
        said = ", ".join(str(p.id) for p in waiting) or "none"
        raise NotFound(f"{len(waiting)} proposals wait ({said})", "proposals", "Name one by its number.")
    return waiting[0]


@click.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only this state.")
@click.option("--prompt", metavar="NAME", help="Only of this prompt.")
@with_json
def list_command(state: ProposalState | None, prompt: str | None, as_json: bool) -> None:
    """List proposals, newest first."""
    with opened() as project:
        found = project.library.proposals.list(state=state, prompt=prompt)
    rows = [
        (p.id, f"{p.prompt}@{p.base_version}", p.state, _gain(p), p.created_at, p.expires_at, p.version) for p in found
    ]
    headers = ("id", "prompt", "state", "gain", "created (UTC)", "expires (UTC)", "version")
    emit(as_json, found, lambda: table(headers, rows, empty="no proposals"))


def _gain(proposal: Proposal) -> str:
    c = proposal.packet.get("comparison", {})
    return f"{c['gain']:+.3f} ({c['low']:+.3f} to {c['high']:+.3f})" if "gain" in c else "-"


@click.command("show")
@click.argument("proposal_id", metavar="[ID]", type=int, required=False)
@with_json
def show_command(proposal_id: int | None, as_json: bool) -> None:
    """Show what changes and why, the paired gain with its interval, items fixed and broken, guardrail findings."""
    with opened() as project:
        proposal = _pending(project, proposal_id)
        base = project.library.prompts.version(proposal.prompt, proposal.base_version)
        canary = project.library.canaries.of_proposal(proposal.id)
    document = {**to_json(proposal), "base": base, "canary": canary}
    emit(as_json, document, lambda: proposal_text(proposal, base, canary))


@click.command("approve")
@click.argument("proposal_id", metavar="[ID]", type=int, required=False)
@click.option("--hash", "content_hash", help="Content hash that was looked at; default: of the content as stored now.")
@click.option("--tick", "ticked", multiple=True, metavar="POLICY", help="A flagged finding that was read and is fine.")
@click.option("--comment", default="", help="For the record.")
@click.option("--at-once", "wish", flag_value="at_once", help="Move the label now, without a release in steps.")
@click.option("--staged", "wish", flag_value="staged", help="Release it in steps, whatever the traffic.")
@with_json
def approve_command(
    proposal_id: int | None,
    content_hash: str | None,
    ticked: Sequence[str],
    comment: str,
    wish: "Wish | None",
    as_json: bool,
) -> None:
    """Release a proposal: its content becomes a version, and the label moves to it, in steps where the prompt has the
    traffic to judge them. Bound to the exact content."""
    from agent.review import approve

    with opened() as project:
        proposal = _pending(project, proposal_id)
        project.library.proposals.expire(now=now())
        done = approve(
            _reviewing(project),
            proposal.id,
            content_hash=content_hash or proposal.content_hash,
            ticked=ticked,
            comment=comment,
            wish=wish or "rulebook",
        )
    document = {"proposal": done.proposal, "version": done.version, "canary": done.canary, "release": done.said}
    emit(as_json, document, lambda: _approved(done))


def _approved(done: "Released") -> str:
    decided, version, canary, said = done
    head = f"proposal {decided.id} approved by {decided.decided_by}: {decided.prompt}@{version.number}"
    if canary is None:
        back = f"promptkeeper prompts label {decided.prompt} {decided.label} {decided.base_version}"
        return f"{head} is {decided.label} now\n{wrapped(said)}\nto go back: {back}"
    return (
        f"{head} goes to {canary.percent} % of subjects under {decided.label} now, as canary {canary.id}\n"
        f"{wrapped(said)}\n"
        f"to watch: promptkeeper canary status {decided.prompt}\n"
        f"to go back: promptkeeper canary rollback {decided.prompt} --reason T"
    )


@click.command("reject")
@click.argument("proposal_id", metavar="[ID]", type=int, required=False)
@click.option("--reason", required=True, help="Why; the teacher will read it.")
@with_json
def reject_command(proposal_id: int | None, reason: str, as_json: bool) -> None:
    """Say no. The idea will not be proposed again."""
    with opened() as project:
        proposal = _pending(project, proposal_id)
        decided = project.library.proposals.reject(proposal.id, actor=actor(), reason=reason, now=now())
    emit(as_json, decided, f"proposal {decided.id} rejected; the reason is kept for the next attempt")


@click.command("revise")
@click.argument("proposal_id", metavar="[ID]", type=int, required=False)
@click.option("--comment", required=True, help="What should be different; the teacher will read it.")
@with_json
def revise_command(proposal_id: int | None, comment: str, as_json: bool) -> None:
    """Ask for changes: the next cycle on the prompt starts with the comment."""
    with opened() as project:
        proposal = _pending(project, proposal_id)
        decided = project.library.proposals.revise(proposal.id, actor=actor(), comment=comment, now=now())
    emit(as_json, decided, f"proposal {decided.id}: changes asked for; run: promptkeeper cycle {decided.prompt}")


@click.command("waive")
@click.argument("proposal_id", metavar="ID", type=int)
@click.argument("finding", metavar="POLICY")
@click.option("--reason", required=True, help="Why it is fine here.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day (UTC).")
@with_json
def waive_command(proposal_id: int, finding: str, reason: str, expires: datetime, as_json: bool) -> None:
    """Set a flagged finding of this very content aside until a date, under your name."""
    with opened() as project:
        proposal = project.library.proposals.get(proposal_id)
        flagged = {f["policy"] for f in proposal.packet["verdict"]["findings"] if f["severity"] == "flag"}
        if finding not in flagged:
            known = ", ".join(sorted(flagged)) or "none"
            raise InputError(f"no flagged finding '{finding}'", f"proposal {proposal_id}", f"Flagged: {known}.")
        end = datetime.combine(expires.date(), time.max, UTC)
        done = project.library.proposals.waive(
            proposal_id, finding, actor=actor(), reason=reason, expires=end, now=now()
        )
    emit(as_json, done, f"proposal {done.id}: {finding} waived until {expires:%Y-%m-%d}")
