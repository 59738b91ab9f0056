"""Not every degradation is the prompt's fault: then the incident gets a report, and nobody rewrites anything."""

import pytest

from library.incidents import ACTIVE
from tests.journeys import world
from tests.journeys.project import opened


def fill_with(change):
    """Traffic in which `change` makes something else of every trace after the onset."""

    def fill(library):
        content = world.add_prompt(library)
        library.datasets.add(world.golden())
        traces, scores = world.traffic(content, new={})
        fresh = [
            change(n, t) if t.ts >= world.ONSET else (t, s) for n, (t, s) in enumerate(zip(traces, scores, strict=True))
        ]
        library.traces.add([t for t, _ in fresh], [s for _, s in fresh if s is not None])

    return fill


def outage(number, trace):
    """Every other call fails."""
    value = 1.0 if trace.output == trace.expected else 0.0
    return (world.failed(trace), None) if number % 2 else (trace, world.judged(trace, value))


def new_model(number, trace):
    """Another model answers everything, and every third answer is wrong."""
    said = "parcel" if number % 3 == 0 else trace.expected
    changed = world.answered_by(trace, "other/model-2", said)
    return changed, world.judged(changed, 1.0 if said == trace.expected else 0.0)


@pytest.mark.parametrize(
    ("change", "cause", "word"), [(outage, "outage", "timeout"), (new_model, "model_changed", "other/model-2")]
)
async def test_another_cause_gives_a_report_and_no_rewrite(tmp_path, change, cause, word):
    project = opened(tmp_path, fill_with(change))
    assert len(project.library.incidents.list(states=tuple(ACTIVE))) == 1

    run = await project.cycle()

    assert run.stop_reason == "not_the_prompt"
    assert run.path == ("monitor", "diagnose")
    assert word in run.stop_detail
    (incident,) = project.library.incidents.list()
    assert incident.diagnosis["cause"] == cause
    assert word in incident.diagnosis["sentence"]
    assert incident.state == "open"
    assert project.attempts(run) == ()
    assert project.told("teacher") == []
    assert project.library.calls.spend(f"run:{run.id}").calls == 0
    project.library.db.close()


async def test_failed_calls_leave_no_score_behind(tmp_path):
    project = opened(tmp_path, fill_with(outage))

    failed = [t for t in project.library.traces.list(limit=None) if t.error is not None]

    assert failed
    assert all(project.library.traces.scores(t.id) == () for t in failed)
    (incident,) = project.library.incidents.list()
    assert incident.degradation.metric == "error"
    project.library.db.close()
