"""A signature counts for exactly what was shown, where it was shown, in time, and from a person who may sign."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from agent.review import approve
from library.errors import InputError, Refused, Stale
from library.prompts import Actor, Content
from library.store import tables
from tests.journeys import world


@pytest.fixture
async def waiting(project):
    """A proposal in the queue."""
    return project.proposal(await project.cycle())


def everything(project):
    """All rows of the library, so that a refusal can be shown to change nothing."""
    with project.library.db.read() as connection:
        return {
            t.name: sorted(repr(tuple(r)) for r in connection.execute(sa.select(t)))
            for t in tables.metadata.sorted_tables
        }


def refused(project, proposal, error, match, *, content_hash=None, actor=world.REVIEWER):
    """Try to approve; check the error and that nothing at all has changed."""
    before = everything(project)
    with pytest.raises(error, match=match):
        approve(project.reviewing(actor), proposal.id, content_hash=content_hash or proposal.content_hash)
    assert everything(project) == before
    assert project.production() == project.library.prompts.labelled(world.NAME, "production").number


async def test_another_content_than_the_one_shown_is_not_released(project, waiting):
    refused(project, waiting, Stale, "not the one that was shown", content_hash=Content(text="Other.").hash)


async def test_a_content_that_changed_behind_the_queue_is_not_released(project, waiting):
    forged = waiting.content.to_json() | {"text": waiting.content.text + "\nBe brief."}
    with project.library.db.write() as connection:
        connection.execute(tables.proposals.update().values(content=forged))

    refused(project, waiting, Stale, "not the one that was shown")


async def test_a_base_that_moved_meanwhile_makes_the_signature_stale(project, waiting):
    library, now = project.library, project.clock()
    library.prompts.add_version(world.NAME, Content(text=world.PROMPT + "\nBe kind."), actor=world.REVIEWER, now=now)
    library.prompts.move_label(world.NAME, "production", 2, expected=1, actor=world.REVIEWER, reason="hot fix", now=now)

    refused(project, waiting, Stale, "has moved from version 1 to 2")


async def test_a_proposal_that_waited_too_long_is_not_released(project, waiting):
    project.clock.at = waiting.expires_at + timedelta(seconds=1)

    refused(project, waiting, Stale, "expired")


async def test_a_decision_is_final(project, waiting):
    approve(project.reviewing(), waiting.id, content_hash=waiting.content_hash)

    refused(project, waiting, Stale, "already approved by rita")


@pytest.mark.parametrize(
    "actor",
    [
        world.AGENT,
        Actor(name="promptkeeper", kind="agent", reviewer=False),
        Actor(name="olga", kind="user", reviewer=False),
    ],
)
async def test_only_a_reviewer_who_is_no_agent_signs(project, waiting, actor):
    refused(project, waiting, Refused, "is not a reviewer", actor=actor)


@pytest.mark.parametrize("actor", [world.AGENT, Actor(name="olga", kind="user", reviewer=False)])
async def test_production_moves_for_a_reviewer_only(project, actor):
    now = project.clock()
    project.library.prompts.add_version(world.NAME, Content(text="Sort {{message}}."), actor=actor, now=now)
    before = everything(project)

    with pytest.raises(Refused, match="protected"):
        project.library.prompts.move_label(
            world.NAME, "production", 2, expected=1, actor=actor, reason="trust me", now=now
        )

    assert everything(project) == before


async def test_an_agent_neither_rejects_nor_waives_nor_asks_for_changes(project, waiting):
    proposals, now = project.library.proposals, project.clock()
    before = everything(project)

    for deed in (
        lambda: proposals.reject(waiting.id, actor=world.AGENT, reason="no", now=now),
        lambda: proposals.revise(waiting.id, actor=world.AGENT, comment="other", now=now),
        lambda: proposals.waive(
            waiting.id, "length-budget", actor=world.AGENT, reason="fine", expires=now + timedelta(days=1), now=now
        ),
    ):
        with pytest.raises(Refused):
            deed()

    assert everything(project) == before


async def test_guardrails_look_once_more_when_a_person_signs(project, waiting):
    policy = project.root / "policies" / "base.yaml"
    policy.parent.mkdir(exist_ok=True)
    policy.write_text("version: 1\nextends: [pack:base]\nbudget: {max_chars: 50}\n", encoding="utf-8")

    refused(project, waiting, Refused, "guardrails block it")


async def test_without_a_readable_policy_nothing_is_released(project, waiting):
    policy = project.root / "policies" / "base.yaml"
    policy.parent.mkdir(exist_ok=True)
    policy.write_text("version: 1\nextends: [pack:no-such-pack]\n", encoding="utf-8")

    refused(project, waiting, InputError, "not a shipped pack")
