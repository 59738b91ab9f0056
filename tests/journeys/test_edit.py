"""A reviewer writes the change with their own hands: it is held against guardrails and the gate like any other."""

from types import SimpleNamespace

import pytest

from agent.bootstrap import opened_checkpoints
from agent.cycle import Edit
from agent.editing import edited_content, try_edit
from agent.entrypoints.web.api.proposals import decide_yes
from library.access import Caller
from library.errors import InputError, Refused, Stale
from tests.journeys import world


async def edited(project, proposal, text, author="otto"):
    """The run that tests the text."""
    edit = Edit(proposal=proposal.id, texts=(text,), author=author)
    content = edited_content(project.reviewing(), edit)
    async with project.services() as services, opened_checkpoints(project.settings) as checkpoints:
        return await try_edit(services, checkpoints, world.NAME, content, author)


async def test_an_edit_is_tested_again_and_takes_the_place_of_the_proposal(project):
    proposal = project.proposal(await project.cycle())
    text = proposal.content.text.replace("Choose the one topic", "Choose exactly one topic")
    asked = len(project.told("teacher"))

    run = await edited(project, proposal, text)

    assert run.path == ("edited", "propose")
    new = project.proposal(run)
    assert (new.content.text, new.packet["author"], new.packet["strategy"]) == (text, "otto", "by hand")
    assert new.packet["comparison"]["low"] > 0
    assert project.library.proposals.get(proposal.id).state == "superseded"
    assert project.production() == 1
    assert asked > 0
    assert project.told("teacher") == []  # nobody but the person wrote


async def test_an_edit_that_is_not_better_leaves_the_proposal_waiting(project):
    proposal = project.proposal(await project.cycle())

    run = await edited(project, proposal, world.PROMPT.replace("You sort", "You carefully sort"))

    assert run.stop_reason == "not_proven"
    assert project.library.proposals.get(proposal.id).state == "pending"


async def test_an_edit_without_the_safety_clause_is_refused_at_once(project):
    proposal = project.proposal(await project.cycle())
    text = proposal.content.text.replace(f"- {world.SAFETY}\n", "")
    with pytest.raises(Refused, match="guardrails"):
        await edited(project, proposal, text)
    assert len(project.library.runs.list()) == 1


async def test_an_edit_that_says_nothing_new_or_comes_too_late_is_refused(project):
    proposal = project.proposal(await project.cycle())
    with pytest.raises(InputError, match="own"):
        await edited(project, proposal, proposal.content.text)
    project.library.proposals.reject(proposal.id, actor=world.REVIEWER, reason="no", now=project.clock())
    with pytest.raises(Stale):
        await edited(project, proposal, proposal.content.text + "\nBe brief.")


async def test_where_the_rulebook_says_so_an_author_is_not_the_only_approver(project):
    proposal = project.proposal(await project.cycle())
    run = await edited(project, proposal, proposal.content.text.replace("Choose the", "Choose only the"))
    new, reviewing = project.proposal(run), project.reviewing()
    door = SimpleNamespace(
        library=project.library,
        policy_for=reviewing.policy_for,
        now=project.clock,
        own_changes=False,
        rulebook=project.rules,
    )
    with pytest.raises(Refused, match="author"):
        decide_yes(door, Caller(name="otto", role="reviewer"), new.id, new.content_hash, (), "")
    assert decide_yes(door, Caller(name="rita", role="reviewer"), new.id, new.content_hash, (), "").version.number == 2
