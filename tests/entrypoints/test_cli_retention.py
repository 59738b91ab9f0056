"""What the command line stores is redacted by the project's rule, and `traces expire` lets go of what is old."""

from datetime import UTC, datetime, timedelta

from tests.recorded import score

KEY = "sk-proj-" + "aB3dE5fG7hI9" * 4


def rule(project, text):
    (project.folder / "policies" / "rulebook.yaml").write_text(f"privacy:\n  {text}\n", encoding="utf-8")


def call(id, at):
    comment = {"exact_match": {"value": 1, "comment": f"he sent {KEY}"}}
    said = {"prompt": "support/triage", "inputs": {"message": f"use {KEY}"}, "scores": comment}
    return {"id": id, "ts": at.isoformat(), **said, "error": {"type": "Refused", "message": f"not with {KEY}"}}


def test_an_import_and_a_score_are_redacted_by_the_rule_of_the_project(triage):
    file = triage.write("calls.jsonl", [call("a", datetime(2026, 9, 1, tzinfo=UTC))])
    rule(triage, "redact: secrets")
    assert triage("traces", "import", file).code == 0
    assert triage("score", "a", "useful", "0.5", "--comment", f"because of {KEY}").code == 0
    with triage.library() as library:
        stored, scores = library.traces.get("a"), library.traces.scores("a")
    assert stored.inputs == {"message": "use [SECRET]"}
    assert stored.error is not None and stored.error.message == "not with [SECRET]"
    assert {s.comment for s in scores} == {"he sent [SECRET]", "because of [SECRET]"}


def test_what_is_replayed_is_redacted_before_anything_runs_on_it(triage):
    said = {"id": "a", "ts": "2026-09-01T08:00:00Z", "inputs": {"message": f"use {KEY}"}, "expected": "billing"}
    file = triage.write("month.jsonl", [said])
    rule(triage, "redact: secrets")
    done = triage("traces", "replay", "support/triage", file, "--json")
    assert done.document["traces"] == 1, done
    with triage.library() as library:
        assert library.traces.get("a").inputs == {"message": "use [SECRET]"}


def test_old_calls_go_without_a_server_and_trends_stay(triage):
    now = datetime.now(UTC)
    rows = [call(f"old-{n}", now - timedelta(days=40, minutes=n)) for n in range(3)]
    triage("traces", "import", triage.write("calls.jsonl", [*rows, call("new", now)]))
    with triage.library() as library:
        library.traces.add((), [score("unseen", 1.0)], early_at=now - timedelta(days=8))
        before = library.trends.changed()
    assert triage("traces", "expire", "--json").document == {"traces": 0, "early_scores": 1}
    rule(triage, "keep_days: 30")

    assert triage("traces", "expire").out == "3 calls let go by age, 0 scores without a call\n"

    with triage.library() as library:
        assert [t.id for t in library.traces.list()] == ["new"]
        assert library.trends.changed() == before
        assert library.audit.events()[-1].detail["count"] == 3
