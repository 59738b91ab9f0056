"""Tools that do something: ask for a cycle, comment, and, where it is switched on, have a person sign."""

from typing import Annotated, Any

from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from agent.entrypoints.mcp.desk import Desk, in_one_line
from agent.entrypoints.mcp.readers import Id, Name, as_text
from agent.review import Reviewing, approve
from library.access import Caller
from library.errors import Refused
from library.proposals import Proposal
from library.store.comments import LONGEST, add_comment
from policies.redaction import redact


class Signature(BaseModel):
    """What a person is asked."""

    sign: bool = Field(description="I have read the change above and release it under my name.")


class Deeds:
    """The changing tools over one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start_cycle(self, prompt: Name, force: bool = False) -> dict[str, Any]:
        """Ask for a cycle on a prompt: it looks for the cause and may end with a proposal. It releases nothing.

        force: also when the prompt seems healthy. started is false when a cycle was on its way already.
        """
        from agent.cycle import Wish

        self._desk.caller("operate")
        self._desk.library.prompts.get(prompt)
        wish = Wish(prompt=prompt, trigger="force" if force else "incident")
        return {"prompt": prompt, "started": self._desk.start(wish)}

    def comment_on_proposal(
        self, proposal_id: Id, comment: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    ) -> dict[str, Any]:
        """Leave words on a pending proposal for the person who decides. It changes nothing else."""
        desk, caller = self._desk, self._desk.caller("operate")
        said = redact(comment)
        done = add_comment(desk.library.db, desk.audit_key, proposal_id, actor=caller.actor, said=said, now=desk.now())
        return {"proposal": done.id, "comments": len(done.packet["comments"])}

    def signing(self) -> Any:
        """The tool `approve_proposal`: a person of the token's name is shown the change and says yes, or it is off."""
        desk = self._desk

        def ask_person(proposal_id: Id, content_hash: str) -> Elicit[Signature]:
            """What the person reads before they sign."""
            proposal, caller = _signable(desk, proposal_id, content_hash)
            head = f"{caller.name}, release this change of {proposal.prompt} under '{proposal.label}'?"
            return Elicit(f"{head}\n\n{as_text(desk, proposal)}", Signature)

        def approve_proposal(
            proposal_id: Id, content_hash: str, answer: Annotated[Signature, Resolve(in_one_line(ask_person))]
        ) -> dict[str, Any]:
            """Have the person who owns the token sign a proposal. They are shown the change and asked; you cannot
            answer for them. content_hash: of the proposal as get_proposal gave it."""
            _, caller = _signable(desk, proposal_id, content_hash)
            if not answer.sign:
                raise Refused("the person did not sign", f"proposal {proposal_id}", "Nothing was changed.")
            reviewing = Reviewing(
                library=desk.library,
                policy_for=desk.policy_for,
                now=desk.now,
                actor=caller.actor,
                release=desk.rulebook.release,
            )
            done = approve(reviewing, proposal_id, content_hash=content_hash, comment="signed over MCP")
            return {"proposal": proposal_id, "version": done.version.number, "release": done.said}

        return approve_proposal


def _signable(desk: Desk, proposal_id: int, content_hash: str) -> tuple[Proposal, Caller]:
    """The proposal and who would sign it; Refused where that may not be, before anybody is asked."""
    place = f"proposal {proposal_id}"
    if not desk.approve:
        raise Refused("approving is switched off", "[mcp] approve", "Decide on the page or the command line.")
    caller = desk.caller("review")
    desk.library.proposals.expire(now=desk.now())
    proposal = desk.library.proposals.get(proposal_id)
    if proposal.state != "pending":
        raise Refused(f"it is {proposal.state} already", place, "Nothing was changed.")
    if proposal.content_hash != content_hash:
        raise Refused("the content is not the one that was named", place, "Read it again with get_proposal.")
    if not desk.rulebook.proposals.author_may_approve and proposal.packet.get("author") == caller.name:
        raise Refused("its author may not be its only approver", place, "Ask another reviewer.")
    return proposal, caller
