"""Providers fail and budgets end: that ends a cycle with its name, and no prompt is judged by it."""

import pytest

from library.calls import Caps
from tests.journeys import world
from tests.journeys.teachers import FlakyStudent, Teacher, good, silent_teacher, student
from tools.errors import ProviderError


def nothing_was_judged(project, run):
    """The incident waits for a better day, and no number stands anywhere."""
    assert project.library.proposals.list() == ()
    assert [i.state for i in project.library.incidents.list()] == ["open"]
    assert not any("gain" in a.result or "gate" in a.result for a in project.attempts(run))


async def test_a_student_that_loses_more_than_one_call_in_twenty_ends_the_cycle_unjudged(project):
    run = await project.cycle(learn=FlakyStudent(10))

    assert run.stop_reason == "models_down"
    assert "student calls were lost" in run.stop_detail
    nothing_was_judged(project, run)


async def test_a_student_that_fails_from_the_race_on_leaves_no_number(project):
    class TiredStudent:
        """Answers until candidates are to be tested."""

        def __call__(self, request):
            if any(line in world.asked(request.messages) for line in world.BETTER.values()):
                raise ProviderError("timeout", "no answer within 60 s", "scripted/student")
            return student(request)

    run = await project.cycle(learn=TiredStudent())

    assert run.stop_reason == "models_down"
    assert run.path[-1] == "rewrite"  # the step that could not be finished is not in the path
    nothing_was_judged(project, run)


async def test_a_few_lost_calls_are_excluded_in_pairs_and_counted(project):
    run = await project.cycle(learn=FlakyStudent(45))

    evidence = project.proposal(run).packet["comparison"]
    assert evidence["excluded"] > 0
    lost = evidence["excluded"] / (evidence["n"] + evidence["excluded"])
    assert lost <= project.rules.acceptance.max_excluded


async def test_a_silent_teacher_ends_the_cycle(project):
    run = await project.cycle(teach=silent_teacher)

    assert run.stop_reason == "teacher_down"
    assert "no connection to the provider" in run.stop_detail
    assert project.attempts(run) == ()
    nothing_was_judged(project, run)


async def test_a_teacher_that_fails_when_it_should_write_ends_the_cycle(project):
    teacher = Teacher(good)

    def falling_silent(request):
        return (
            teacher(request)
            if "<answer_format>hypotheses" in world.asked(request.messages)
            else silent_teacher(request)
        )

    run = await project.cycle(teach=falling_silent)

    assert run.stop_reason == "teacher_down"
    assert run.path[-1] == "rewrite"
    nothing_was_judged(project, run)


async def test_a_teacher_that_talks_instead_of_answering_is_asked_again_and_then_counted_as_down(project):
    run = await project.cycle(teach=lambda request: "Certainly! I would be happy to help.")

    assert run.stop_reason == "teacher_down"
    assert len(project.told()) == 1 + project.rules.teacher.bad_answers
    nothing_was_judged(project, run)


@pytest.mark.parametrize(
    ("caps", "setting"),
    [
        (Caps(calls_per_scope=50), "calls_per_cycle"),
        (Caps(usd_per_scope=0.3), "usd_per_cycle"),
        (Caps(usd_per_day=0.3), "usd_per_day"),
    ],
)
async def test_a_spent_budget_ends_the_cycle_and_names_the_setting(project, caps, setting):
    run = await project.cycle(caps=caps, cost=0.01)

    assert run.stop_reason == "budget_spent"
    assert setting in run.stop_detail
    spent = project.library.calls.spend(f"run:{run.id}")
    assert spent.calls <= 50
    assert spent.usd is not None
    assert spent.usd <= 0.5 + 1e-9
    assert caps.usd_per_scope is None or spent.usd <= caps.usd_per_scope + 1e-9
    nothing_was_judged(project, run)


async def test_after_an_outage_the_next_cycle_may_try_the_same_idea(project):
    down = await project.cycle(learn=FlakyStudent(10))
    assert down.stop_reason == "models_down"

    run = await project.cycle()

    assert run.stop_reason == "proposed"
