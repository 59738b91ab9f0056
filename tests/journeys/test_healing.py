"""From a degradation to a release: what happens, and what does not happen without a person."""

from datetime import timedelta

import pytest

from agent.bootstrap import opened_checkpoints, opened_services
from agent.cycle import due, run_cycle
from agent.review import approve
from library.prompts import Content
from tests.journeys import world
from tests.journeys.project import SEED
from tests.journeys.teachers import Teacher, good, useless


async def embedded_cycle(project):
    """A cycle with the embedded models, as a fresh installation runs it, but with a shorter search."""
    rules = project.root / "policies" / "rulebook.yaml"
    rules.parent.mkdir()
    rules.write_text("search: {max_rounds: 3, patience: 1}\n", encoding="utf-8")
    async with (
        opened_services(project.settings, project.library, now=project.clock) as services,
        opened_checkpoints(project.settings) as checkpoints,
    ):
        return await run_cycle(services, checkpoints, world.NAME, "incident", seed=SEED)


def share_right(content: Content) -> tuple[float, float]:
    """Share of right answers on traffic that no cycle has seen, before and after the onset."""
    _, scores = world.traffic(content, seed=77, count=600)
    early = [s.value for s in scores if s.ts < world.ONSET]
    late = [s.value for s in scores if s.ts >= world.ONSET]
    return sum(early) / len(early), sum(late) / len(late)


async def test_a_degraded_prompt_is_healed_with_the_embedded_models_and_released_by_a_person(project):
    (incident,) = project.library.incidents.list()
    assert incident.state == "open"
    # The statistic's interval is about when, not a promise to the minute: a day around the true onset is useful.
    assert abs(incident.degradation.onset - world.ONSET) < timedelta(days=1)
    assert {s.segment for s in incident.degradation.segments if s.high < 0} == {"care"}

    run = await embedded_cycle(project)

    proposal = project.proposal(run)
    assert run.path[0] == "monitor"
    assert run.path[-1] == "propose"
    assert project.production() == 1  # nothing moves before a person decides
    assert project.library.incidents.get(incident.id).state == "proposed"
    evidence = proposal.packet["comparison"]
    assert 0 < evidence["low"] < evidence["gain"] < evidence["high"]
    assert evidence["n"] >= 20
    assert evidence["excluded"] == 0

    approve(project.reviewing(), proposal.id, content_hash=proposal.content_hash)

    assert project.production() == 2
    assert project.library.incidents.get(incident.id).state == "resolved"
    assert project.library.audit.verify().ok
    before, after = share_right(Content(text=world.PROMPT)), share_right(proposal.content)
    assert after[1] > before[1] + 0.05  # the new kinds are understood
    assert after[0] >= before[0] - 0.02  # the old ones still are
    assert world.SAFETY in proposal.content.text


async def test_without_a_better_candidate_there_is_no_proposal_and_the_incident_stays_open(project):
    run = await project.cycle(teach=Teacher(useless))

    assert run.stop_reason == "no_better_candidate"
    assert "propose" not in run.path
    assert project.library.proposals.list() == ()
    assert [i.state for i in project.library.incidents.list()] == ["open"]
    attempts = project.attempts(run)
    assert "tested" in {a.state for a in attempts}
    # What was not run is held by a union that was, or repeats another candidate.
    assert all(a.reason.startswith("not run by itself") for a in attempts if a.state == "drafted")
    assert {a.state for a in attempts} <= {"tested", "drafted", "duplicate"}


async def test_a_gain_that_fresh_data_do_not_prove_is_not_proposed(project):
    project.rules = world.rulebook(acceptance={"min_effect": 0.5})

    run = await project.cycle()

    assert run.stop_reason == "not_proven"
    assert run.path[-1] == "test"
    assert project.library.proposals.list() == ()
    assert "failed_gate" in {a.state for a in project.attempts(run)}


async def test_a_waiting_proposal_stops_the_next_cycle_before_any_model_is_asked(project):
    first = await project.cycle()
    second = await project.cycle()

    assert first.stop_reason == "proposed"
    assert second.stop_reason == "waiting_for_review"
    assert second.path == ("monitor",)
    assert project.told("teacher") == project.told("student") == []


async def test_a_healthy_prompt_costs_nothing(tmp_path, degraded, project):
    incident = project.library.incidents.list()[0]
    project.library.incidents.move(incident.id, "dismissed", actor="rita", note="campaign", now=project.clock())

    run = await project.cycle()

    assert run.stop_reason == "healthy"
    assert project.library.calls.spend(f"run:{run.id}").calls == 0


async def test_a_wish_for_changes_starts_a_cycle_that_knows_it(project):
    first = await project.cycle()
    wish = "Mention the club card by name."
    project.library.proposals.revise(first.proposal_id, actor=world.REVIEWER, comment=wish, now=project.clock())
    project.clock.at += timedelta(minutes=5)

    (due_now,) = due(project.library, [])
    assert (due_now.prompt, due_now.trigger, due_now.comment) == (world.NAME, "revision", wish)

    def with_card(current, number):
        return good(current, number).replace("loyalty card", "club card, loyalty card")

    second = await project.cycle(due_now.trigger, comment=due_now.comment, teach=Teacher(with_card))

    assert all(f"wanted now: {wish}" in request for request in project.told())
    assert "club card" in project.proposal(second).content.text
    assert due(project.library, []) == ()


@pytest.mark.parametrize("state", ["production", "staging"])
async def test_a_cycle_moves_no_label(project, state):
    if state == "staging":
        project.library.prompts.move_label(
            world.NAME, "staging", 1, expected=None, actor=world.REVIEWER, reason="try", now=project.clock()
        )
    before = project.library.prompts.get(world.NAME).labels

    await project.cycle()

    assert project.library.prompts.get(world.NAME).labels == before
    assert len(project.library.prompts.versions(world.NAME)) == 1
