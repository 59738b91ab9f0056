"""`promptkeeper traces` and `score`."""

import json

import pytest

ROW = {
    "id": "t1",
    "ts": "2026-09-01T10:00:00+02:00",
    "prompt": "support/triage",
    "inputs": {"message": "Where is my money?"},
    "output": "billing",
}


def test_every_field_arrives(triage):
    full = {
        **ROW,
        "version": 2,
        "label": "staging",
        "inputs": {"message": "m", "count": 3, "data": {"b": [True, None], "a": 1}},
        "expected": "billing",
        "segment": "cards",
        "model": "openai/x",
        "response_model": "x-2026",
        "latency_ms": 12.5,
        "tokens": {"input": 10, "output": 2},
        "cost": 0.001,
        "tool_calls": [{"name": "look_up"}],
        "session": "s",
        "finish_reason": "stop",
        "error": {"type": "timeout", "message": "late"},
        "arm": "7:25:canary",
        "scores": {
            "exact_match": 1,
            "liked": True,
            "tone": {
                "value": 0.5,
                "source": "judge",
                "evaluator": "j",
                "revision": "7",
                "comment": "dry",
                "ts": "2026-09-02T00:00:00",
            },
        },
    }
    done = triage("traces", "import", triage.write("t.jsonl", [full]), "--json").document
    assert done == {"read": 1, "added": 1, "skipped": 0, "scores": 3}
    shown = triage("traces", "show", "t1", "--json").document
    scores = {s.pop("name"): s for s in shown.pop("scores")}
    assert shown == {
        "id": "t1",
        "ts": "2026-09-01T08:00:00+00:00",
        "prompt": "support/triage",
        "version": 2,
        "label": "staging",
        "inputs": {"message": "m", "count": "3", "data": '{"a":1,"b":[true,null]}'},
        "output": "billing",
        "expected": "billing",
        "expected_source": "import",
        "segment": "cards",
        "model": "openai/x",
        "response_model": "x-2026",
        "latency_ms": 12.5,
        "tokens_in": 10,
        "tokens_out": 2,
        "cost": 0.001,
        "tool_calls": [{"name": "look_up"}],
        "session": "s",
        "finish_reason": "stop",
        "error": {"type": "timeout", "message": "late"},
        "arm": "7:25:canary",
    }
    assert scores["exact_match"]["value"] == scores["liked"]["value"] == 1.0
    assert scores["exact_match"]["source"] == "programmatic"
    assert (scores["tone"]["evaluator"], scores["tone"]["revision"], scores["tone"]["comment"]) == ("j", "7", "dry")
    assert scores["tone"]["ts"] == "2026-09-02T00:00:00+00:00"
    human = triage("traces", "show", "t1").out
    assert "timeout: late" in human
    assert "10 in, 2 out" in human


def test_a_label_is_resolved_at_import_and_production_is_meant_by_none(triage):
    rows = [ROW, {**ROW, "id": "t2", "label": "latest"}, {**ROW, "id": "t3", "ts": "2026-09-01T08:00:00"}]
    assert triage("traces", "import", triage.write("t.jsonl", rows)).code == 0
    assert triage("prompts", "label", "support/triage", "production", 2).code == 0
    assert triage("traces", "show", "t1", "--json").document["version"] == 1
    assert triage("traces", "show", "t2", "--json").document["version"] == 2
    assert triage("traces", "show", "t3", "--json").document["ts"] == "2026-09-01T08:00:00+00:00"


def test_calls_seen_before_are_skipped_and_counted(triage):
    triage("traces", "import", triage.write("a.jsonl", [ROW]))
    again = triage("traces", "import", triage.write("b.jsonl", [{**ROW, "output": "x"}, {**ROW, "id": "t2"}]), "--json")
    assert again.document == {"read": 2, "added": 1, "skipped": 1, "scores": 0}
    assert triage("traces", "show", "t1", "--json").document["output"] == "billing"


def test_more_than_one_batch(triage):
    rows = [{**ROW, "id": f"t{n}", "scores": {"exact_match": n % 2}} for n in range(1203)]
    done = triage("traces", "import", triage.write("t.jsonl", rows), "--json").document
    assert done == {"read": 1203, "added": 1203, "skipped": 0, "scores": 1203}


def line(**changes: object) -> str:
    return json.dumps({**ROW, "id": "other", **changes}) + "\n"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ('{"id": "x",\n', "broken JSON"),
        ('["x"]\n', "not a JSON object"),
        ("[" * 100_000 + "\n", "cannot be used"),
        ('{"id": "x", "ts": NaN}\n', "NaN is not a JSON number"),
        ('{"id": "\\ud800"}\n', "cannot be used"),
        (line(output="a\x00b"), "NUL character"),
        (line(ts="yesterday"), "field 'ts' is not an ISO 8601 time"),
        (line(ts=1756713600), "field 'ts' is not an ISO 8601 time"),
        (line(latency=3), "unknown field 'latency'"),
        (line(latency_ms="3"), "field 'latency_ms'"),
        (line(inputs=["x"]), "field 'inputs'"),
        (line(tokens="many"), "field 'tokens'"),
        (line(tokens={"input": 10**20}), "field 'tokens.input'"),
        (line(scores={"tone": 1.5}), "field 'scores.tone.value'"),
        (line(scores={"tone": {"value": 1, "source": "nobody"}}), "field 'scores.tone.source'"),
        (line(error="down"), "field 'error'"),
        (line(version=0), "field 'version'"),
        (line(version=9), "'support/triage' has no version 9"),
        (line(label="canary"), "'support/triage' has no label 'canary'"),
        (line(prompt="support/triag"), "no prompt 'support/triag'. Did you mean support/triage?"),
        (line(prompt="zzz"), "no prompt 'zzz'"),
        (json.dumps({k: v for k, v in ROW.items() if k != "inputs"}), "field 'inputs' is missing"),
        (line(id="t1"), "id 't1' is on line 1 already"),
        (line(id=""), "field 'id'"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(triage, bad, said):
    triage.write("t.jsonl", json.dumps(ROW) + "\n\n" + bad)
    shown = triage.fails("traces", "import", "t.jsonl")
    assert "t.jsonl, line 3: " in shown
    assert said in shown
    assert triage("traces", "list", "--json").document == []


def test_a_file_that_is_not_text(triage):
    triage.write("t.jsonl", json.dumps(ROW).encode() + b"\n{\xff}\n")
    assert "t.jsonl, line 2: not UTF-8 text" in triage.fails("traces", "import", "t.jsonl")


def test_a_byte_order_mark_is_passed_over(triage):
    triage.write("t.jsonl", b"\xef\xbb\xbf" + json.dumps(ROW).encode())
    assert triage("traces", "import", "t.jsonl", "--json").document["added"] == 1


def test_a_spelt_nul_is_ordinary_text(triage):
    assert triage("traces", "import", triage.write("t.jsonl", [{**ROW, "output": "\\u0000"}])).code == 0
    assert triage("traces", "show", "t1", "--json").document["output"] == "\\u0000"


def test_a_missing_file_and_a_folder(triage):
    assert "t.jsonl: no such file" in triage.fails("traces", "import", "t.jsonl")
    assert "policies: this is a folder" in triage.fails("traces", "import", "policies")


def test_list_filters(triage):
    rows = [
        {**ROW, "id": f"t{n}", "ts": f"2026-09-0{n}T00:00:00Z", "segment": "ab"[n % 2], "version": 1 + n % 2}
        for n in range(1, 6)
    ]
    triage("traces", "import", triage.write("t.jsonl", rows))

    def ids(*words: object) -> list[str]:
        return [t["id"] for t in triage("traces", "list", *words, "--json").document]

    assert ids() == ["t5", "t4", "t3", "t2", "t1"]
    assert ids("support/triage", "--limit", 2) == ["t5", "t4"]
    assert ids("--segment", "a") == ["t4", "t2"]
    assert ids("--version", 2, "--since", "2026-09-03") == ["t5", "t3"]
    assert "no such prompt" in triage.fails("traces", "list", "nobody")


def test_delete_erases_all_or_nothing(triage):
    rows = [{**ROW, "id": f"t{n}", "scores": {"exact_match": 1}} for n in range(3)]
    triage("traces", "import", triage.write("t.jsonl", rows))
    assert "there is no trace 'no'" in triage.fails("traces", "delete", "t0", "no")
    gone = triage("traces", "delete", "t0", "t1", "--json").document
    assert (gone["traces"], gone["scores"]) == (2, 2)
    assert [t["id"] for t in triage("traces", "list", "--json").document] == ["t2"]
    events = triage("audit", "export", "--json").document["events"]
    assert (events[-1]["action"], events[-1]["detail"]) == ("trace.erased", {"ids": ["t0", "t1"]})


def test_an_unknown_trace(triage):
    assert "there is no trace 'x'" in triage.fails("traces", "show", "x")


def test_score_a_trace_and_change_the_mind(triage):
    triage("traces", "import", triage.write("t.jsonl", [ROW]))
    first = triage("score", "t1", "quality", "0.25", "--comment", "too short", "--json").document
    assert (first["changed"], first["score"]["source"], first["score"]["comment"]) == (True, "human", "too short")
    assert triage("score", "t1", "quality", "0.75").code == 0
    assert triage("score", "t1", "quality", "0.75", "--json").document["changed"] is False
    assert [s["value"] for s in triage("traces", "show", "t1", "--json").document["scores"]] == [0.75]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("t1", "quality", "1.5"), "score 1.5 is not a number between 0 and 1"),
        (("t1", "quality", "nan"), "is not a number between 0 and 1"),
        (("t1", "quality", "good"), "'good' is not a valid float"),
        (("t1", " ", "1"), "a score needs a name"),
        (("nobody", "quality", "1"), "there is no trace 'nobody'"),
        (("t1", "quality", "1", "--source", "robot"), "'robot'"),
    ],
)
def test_a_score_that_cannot_be(triage, words, said):
    triage("traces", "import", triage.write("t.jsonl", [ROW]))
    assert said in triage.fails("score", *words)
    assert triage("traces", "show", "t1", "--json").document["scores"] == []
