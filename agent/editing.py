"""A reviewer's own words instead of a proposal's: held against the guardrails at once, then tested like any change."""

from agent.cycle import Brake, Checkpoints, Edit, run_cycle
from agent.review import Reviewing
from agent.services import Services, in_thread
from library.errors import InputError, Refused, Stale
from library.prompts import Content, canonical_json
from library.runs import Run, RunOptions
from library.templates import validate_content
from policies.guardrails.engine import Subject, check


def edited_content(reviewing: Reviewing, edit: Edit) -> Content:
    """The proposal's content with the person's words; nothing is changed yet.

    Raises Stale when the proposal is decided, InputError for a text that is none or says the same, Refused where
    guardrails block it.
    """
    proposal = reviewing.library.proposals.get(edit.proposal)
    place = f"proposal {edit.proposal}"
    if proposal.state != "pending":
        raise Stale(f"the proposal is already {proposal.state}", place, "Nothing was changed.")
    wanted = 1 if proposal.content.kind == "text" else len(proposal.content.messages)
    if len(edit.texts) != wanted:
        raise InputError(f"{len(edit.texts)} texts for {wanted} messages", place, "Keep the messages as they are.")
    content = proposal.content.with_text(tuple(text.replace("\r\n", "\n") for text in edit.texts))
    validate_content(content, place)
    if content.hash == proposal.content_hash:
        raise InputError("the text is the proposal's own", place, "Change something, or approve it as it is.")
    base = reviewing.library.prompts.version(proposal.prompt, proposal.base_version)
    verdict = check(
        Subject(current=base.content, candidate=content),
        reviewing.policy_for(proposal.prompt),
        today=reviewing.now().date(),
    )
    blocking = [f for f in verdict.findings if f.severity == "block"]
    if blocking:
        raise Refused(f"guardrails block it: {blocking[0].policy}: {blocking[0].message}", place, blocking[0].fix_hint)
    return content


async def try_edit(
    services: Services,
    checkpointer: Checkpoints,
    prompt: str,
    content: Content,
    author: str,
    *,
    brake: Brake | None = None,
) -> Run:
    """Run the gate with the text; what is proven takes the old proposal's place in the queue, under its author."""
    options = RunOptions(draft=canonical_json(content.to_json()), author=author)
    await in_thread(services.library.prompts.get, prompt)
    return await run_cycle(services, checkpointer, prompt, "edit", options=options, brake=brake)
