"""`promptkeeper prompts trend`, and the shapes that people see."""

from datetime import UTC, datetime, timedelta

from agent.entrypoints.cli.output import cell, facts, harmless, outline, sparkline, table, to_json, width
from agent.entrypoints.cli.runs import path_words

START = datetime(2026, 9, 1, tzinfo=UTC)


def traffic(days: int, per_day: int, *, score: float, version: int, segment: str, first: datetime = START):
    return [
        {
            "id": f"{segment}-{version}-{first:%d}-{n}",
            "ts": (first + timedelta(days=n // per_day, hours=20 * (n % per_day) / per_day)).isoformat(),
            "prompt": "support/triage",
            "version": version,
            "inputs": {"message": str(n)},
            "segment": segment,
            "scores": {"exact_match": score, "tone": {"value": 0.5, "evaluator": "judge-a", "revision": "2"}},
        }
        for n in range(days * per_day)
    ]


def test_a_row_per_day_and_version_over_all_segments(triage):
    rows = traffic(6, 4, score=1.0, version=1, segment="billing")
    rows += traffic(6, 4, score=0.0, version=1, segment="cards")
    rows += traffic(3, 2, score=1.0, version=2, segment="billing", first=START + timedelta(days=6))
    assert triage("traces", "import", triage.write("t.jsonl", rows)).code == 0
    document = triage("prompts", "trend", "support/triage", "--json").document
    assert (document["metric"], document["width_seconds"]) == ("exact_match", 86400)
    assert [(p["version"], p["n"], p["mean"]) for p in document["points"]] == [(1, 8, 0.5)] * 6 + [(2, 2, 1.0)] * 3
    human = triage("prompts", "trend", "support/triage").out
    spark, marks = human.splitlines()[-2:]
    assert spark == "▅▅▅▅▅▅███"
    assert marks == "v1    v2"


def test_few_days_are_shown_in_steps_of_six_hours(triage):
    triage("traces", "import", triage.write("t.jsonl", traffic(2, 4, score=1.0, version=1, segment="billing")))
    document = triage("prompts", "trend", "support/triage", "--json").document
    assert document["width_seconds"] == 6 * 3600
    assert [p["n"] for p in document["points"]] == [2, 1, 1, 2, 1, 1]


def test_segment_since_and_metric_choose(triage):
    rows = traffic(6, 4, score=1.0, version=1, segment="billing") + traffic(6, 4, score=0.0, version=1, segment="cards")
    triage("traces", "import", triage.write("t.jsonl", rows))
    words = ("prompts", "trend", "support/triage", "--json", "--segment", "cards", "--since", "2026-09-06")
    points = triage(*words).document["points"]
    assert {p["mean"] for p in points} == {0.0}
    assert {p["start"][:10] for p in points} == {"2026-09-06"}
    tone = triage(*words, "--metric", "tone").document["points"]
    assert {(p["evaluator"], p["revision"]) for p in tone} == {("judge-a", "2")}


def test_revisions_are_never_averaged(triage):
    rows = traffic(1, 4, score=1.0, version=1, segment="billing")
    for n, row in enumerate(rows):
        row["scores"] = {"tone": {"value": float(n % 2), "evaluator": "judge", "revision": str(n % 2)}}
    triage("traces", "import", triage.write("t.jsonl", rows))
    points = triage("prompts", "trend", "support/triage", "--metric", "tone", "--json").document["points"]
    assert {(p["revision"], p["mean"]) for p in points} == {("0", 0.0), ("1", 1.0)}


def test_no_scores_yet(triage):
    assert "no scores yet" in triage("prompts", "trend", "support/triage").out


def test_a_time_that_is_none(triage):
    assert "'soon' is not a point in time" in triage.fails("prompts", "trend", "support/triage", "--since", "soon")


def test_an_unknown_prompt(triage):
    assert "no such prompt" in triage.fails("prompts", "trend", "nobody")


def test_tables_fit_100_columns_and_align_numbers():
    text = table(("name", "n", "text"), [("a", 5, "long " * 60), ("日本" * 30, 12345, "x")])
    lines = text.splitlines()
    assert max(width(line) for line in lines) <= 100
    assert "…" in text
    at = lines[0].index("    n")
    assert lines[2][at : at + 5] == "    5"


def test_a_table_says_when_it_is_empty():
    assert table(("a",), [], empty="nothing yet") == "nothing yet"


def test_production_text_cannot_steer_the_terminal():
    hostile = "ok\x1b[2J\u202eback\u200b"
    assert harmless(hostile) == "ok\\u001b[2J\\u202eback\\u200b"
    assert "\x1b" not in cell(hostile)
    assert harmless("tab\tline\nemoji 👩\u200d💻 ü") == "tab\tline\nemoji 👩\u200d💻 ü"


def test_sparkline_spans_the_scale_and_leaves_gaps():
    assert sparkline([0.0, 0.5, None, 1.0, 2.0]) == "▁▅ ██"


def test_json_is_plain_and_in_utc():
    at = datetime(2026, 9, 1, 2, tzinfo=UTC).astimezone(tz=None)
    assert to_json({"at": at, "x": float("nan"), "t": (1, frozenset({2}))}) == {
        "at": "2026-09-01T02:00:00+00:00",
        "x": None,
        "t": [1, [2]],
    }


def test_facts_wrap_under_their_value():
    lines = facts([("name", "word " * 40), ("none", None), ("longer", 1)]).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("name    word word")
    assert lines[1].startswith("        word")
    assert lines[-1] == "longer  1"


def test_outline_of_plain_json():
    said = {"cause": "prompt", "words": ["a", "b"], "kinds": [{"name": "x", "n": 1}, {"name": "y", "n": None}], "e": []}
    assert outline(said) == (
        "cause: prompt\nwords: a, b\nkinds:\n  - name: x\n    n: 1\n  - name: y\n    n: none\ne: none"
    )


def test_rounds_of_a_path_are_told_once():
    rounds = ["hypothesize", "rewrite", "test"]
    path = ["monitor", "diagnose", *rounds * 3, "propose"]
    assert path_words(path) == "monitor > diagnose > (hypothesize > rewrite > test) x 3 > propose"
    assert path_words(["monitor"]) == "monitor"
    assert path_words(rounds) == "hypothesize > rewrite > test"
    assert path_words([]) == ""
