"""Erasing a trace: its text is nowhere in the library afterwards, and everything that was counted still adds up."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from library.calls import Call
from library.errors import InputError, NotFound
from library.failures import Failure
from library.store import tables
from library.store.traces import Erased
from library.traces import TraceError
from tests.recorded import START, folded, ids, item, score, sums_of_scores, sums_of_trends, sweep, trace

SECRET = "IBAN DE02 1203 0000 0000 2020 51"


def everything(library) -> str:
    """All rows of all tables as one text."""
    with library.db.read() as connection:
        rows = [row for t in tables.metadata.sorted_tables for row in connection.execute(sa.select(t))]
    return "\n".join(repr(tuple(row)) for row in rows)


def failure(id, claim, *trace_ids, text="text", count=3):
    return Failure(
        id=id, prompt=claim.prompt, incident_id=None, run_id=claim.run_id, name=f"name {text}", text=text, count=count,
        share=0.5, trace_ids=trace_ids, created_at=START,
    )  # fmt: skip


def call(scope, key, output):
    return Call(
        scope=scope, key=key, role="teacher", model="m", response_model="m", output=output, finish_reason="stop",
        tokens_in=10, tokens_out=5, cost=0.5, latency_ms=1.0, at=START,
    )  # fmt: skip


@pytest.fixture
def secret_everywhere(library, incident, claim_run, make_attempt, reviewer, now):
    """A cycle that has worked on trace t-1, whose text it has spread; t-2 is beside it everywhere and stays."""
    library.prompts.create("support/reply", actor=reviewer, now=now)
    library.traces.add(
        [
            trace("t-1", inputs={"message": SECRET}, segment="billing", error=TraceError(type="x", message=SECRET)),
            trace("t-2", inputs={"message": "hello"}, segment="billing"),
        ],
        [score("t-1", 0.0, comment=SECRET), score("t-1", 0.5, name="schema"), score("t-2", 1.0)],
    )
    harvested = item(SECRET, dataset="harvest", source="harvest", trace_id="t-1", incident_id=incident.id)
    beside = item("hello", dataset="harvest", source="harvest", trace_id="t-2", incident_id=incident.id)
    library.datasets.add([harvested, beside])
    claim = claim_run(incident_id=incident.id)
    about = {"trace_id": "t-1", "message": SECRET}
    kept = {"trace_id": "t-2", "message": "hello"}
    library.incidents.move(incident.id, "diagnosing", actor="agent", now=now)
    library.incidents.diagnose(incident.id, {"cause": "drift", "examples": [about, kept]}, claim=claim, now=now)
    library.failures.add(claim, [failure("f-1", claim, "t-1", "t-2", text=SECRET), failure("f-2", claim, "t-2")])
    library.calls.settle([call(f"run:{claim.run_id}", "k", SECRET), call("run:999", "k", "another prompt's")])
    attempt = replace(make_attempt(claim), result={"fixed": [{"item_id": harvested.id, "output": SECRET}], "n": 2})
    library.runs.save_attempt(claim, attempt)
    proposal = library.proposals.create(
        claim, prompt="support/triage", label="production", attempt_number=1, incident_id=incident.id,
        base=library.prompts.version("support/triage", 1), content=attempt.content, policy_digest="d", now=now,
        packet={
            "gain": 0.1,
            "fixed": [{"item_id": harvested.id, "before": SECRET}, {"item_id": beside.id, "before": "hello"}],
            "deep": {"one": {"examples": [[about], [kept]]}, "best": about},
        },
        expires_at=now.replace(year=2027),
    )  # fmt: skip
    return harvested, beside, claim, proposal


def test_nothing_of_an_erased_trace_is_left_anywhere(library, secret_everywhere, now):
    _, beside, claim, proposal = secret_everywhere
    assert SECRET in everything(library)

    erased = library.traces.erase(["t-1"], actor="rita", now=now)

    assert erased == Erased(traces=1, scores=2, items=1, failures=("f-1",), calls=1)
    assert SECRET not in everything(library)
    with pytest.raises(NotFound):
        library.traces.get("t-1")
    assert [i.id for i in library.datasets.items("support/triage")] == [beside.id]
    packet = library.proposals.get(proposal.id).packet
    assert packet == {
        "gain": 0.1,
        "fixed": [{"item_id": beside.id, "before": "hello"}],
        "deep": {"one": {"examples": [[], [{"trace_id": "t-2", "message": "hello"}]]}},
    }
    assert library.runs.attempts(run_id=claim.run_id)[0].result == {"fixed": [], "n": 2}
    (blank,) = [f for f in library.failures.list("support/triage") if f.id == "f-1"]
    assert (blank.name, blank.text, blank.trace_ids, blank.count) == ("erased", "", ("t-2",), 3)
    (untouched,) = [f for f in library.failures.list("support/triage") if f.id == "f-2"]
    assert untouched.text == "text"


def test_trends_forget_what_was_erased(library, secret_everywhere, now):
    sweep(library)
    library.traces.erase(["t-1"], actor="rita", now=now)
    sweep(library)
    assert (folded(library).count, folded(library).total) == (1, 1.0)
    assert folded(library, "schema").count == 0
    assert (folded(library, "error").count, folded(library, "error").total) == (1, 1.0)


def test_what_was_not_folded_yet_adds_up_too(library, secret_everywhere, now):
    library.traces.erase(["t-1"], actor="rita", now=now)
    assert sums_of_trends(library) == sums_of_scores(library)


def test_the_audit_log_keeps_ids_only_and_stays_whole(library, secret_everywhere, now):
    library.traces.erase(["t-2", "t-1", "t-2"], actor="rita", now=now)
    last = library.audit.events()[-1]
    assert (last.action, last.actor, last.detail) == ("trace.erased", "rita", {"ids": ["t-1", "t-2"]})
    assert library.audit.verify().ok


def test_an_erased_answer_is_no_answer_but_its_cost_stays(library, secret_everywhere, now):
    _, _, claim, _ = secret_everywhere
    scope = f"run:{claim.run_id}"
    library.traces.erase(["t-1"], actor="rita", now=now)

    assert library.calls.lookup(scope, ["k"]) == {}
    assert library.calls.lookup("run:999", ["k"])["k"].output == "another prompt's"
    assert library.calls.spend(scope).usd == 0.5

    library.calls.settle([call(scope, "k", "asked again")])
    assert library.calls.lookup(scope, ["k"])["k"].output == "asked again"
    assert library.calls.spend(scope).usd == 1.0


def test_an_unknown_id_erases_nothing(library, secret_everywhere, now):
    before = everything(library)
    with pytest.raises(NotFound, match="there is no trace 't-9'"):
        library.traces.erase(["t-1", "t-9"], actor="rita", now=now)
    assert everything(library) == before


def test_erasing_nothing_is_wrong_use(library, now):
    with pytest.raises(InputError, match="no trace was named"):
        library.traces.erase([], actor="rita", now=now)


def test_erasing_a_thousand_traces(library, now):
    library.traces.add([trace(f"t-{i:04}", minutes=i) for i in range(1000)])
    library.traces.add_scores([score(f"t-{i:04}", 1.0) for i in range(1000)])
    gone = [f"t-{i:04}" for i in range(999)]
    assert library.traces.erase(gone, actor="rita", now=now).scores == 999
    assert ids(library.traces.list()) == ["t-0999"]
    assert sums_of_trends(library) == sums_of_scores(library)
