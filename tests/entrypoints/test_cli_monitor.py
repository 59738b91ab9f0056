"""`promptkeeper monitor`: sweeps, and what it would have said about history."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

START = datetime(2026, 6, 1, tzinfo=UTC)
SECONDS = 60
CHANGE = 1_500


def history(*, prompt="support/triage", seed=1, count=3_000, after=0.6, dates=True, **more):
    """Scores a minute apart, nine of ten good before the change."""
    rng = random.Random(seed)
    for i in range(count):
        ts = START + timedelta(seconds=SECONDS * i)
        score = 1.0 if rng.random() < (0.9 if i < CHANGE else after) else 0.0
        yield {"ts": ts.isoformat() if dates else ts.timestamp(), "prompt": prompt, "score": score, **more}


@pytest.fixture
def nowhere(promptkeeper, tmp_path):
    """The command line in a folder that belongs to no project."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    promptkeeper.folder = folder
    return promptkeeper


def test_history_is_replayed_without_a_project(nowhere):
    nowhere.write("history.jsonl", list(history()))
    answer = nowhere("monitor", "--backtest", "history.jsonl", "--json")
    assert answer.code == 0
    (alarm,) = answer.document
    assert alarm["prompt"] == "support/triage"
    assert alarm["segment"] is None
    assert CHANGE < alarm["at_row"] < CHANGE + 150
    assert abs(alarm["onset_row"] - CHANGE) <= 30
    assert alarm["at_ts"] == (START + timedelta(seconds=SECONDS * alarm["at_row"])).isoformat()
    assert datetime.fromisoformat(alarm["onset_interval"][0]) <= datetime.fromisoformat(alarm["onset_ts"])
    assert alarm["before"] == pytest.approx(0.9, abs=0.03)
    assert alarm["interval"][0] < alarm["before"] - alarm["after"] < alarm["interval"][1]
    assert alarm["evidence"] >= alarm["threshold"]


def test_healthy_history_has_no_alarm(nowhere):
    nowhere.write("history.jsonl", list(history(after=0.9)))
    answer = nowhere("monitor", "--backtest", "history.jsonl")
    assert (answer.code, answer.out) == (0, "")
    assert "0 alarms in 3000 scores of 1 series" in answer.err


def test_alarms_are_json_lines_in_the_order_of_the_rows_that_raised_them(nowhere):
    late, early = history(prompt="late", seed=2, after=0.75), history(prompt="early", seed=3, count=2_000, after=0.1)
    rows = [
        row for pair in zip(late, [*early, *history(prompt="well", seed=4, after=0.9)], strict=False) for row in pair
    ]
    nowhere.write("history.jsonl", rows)
    answer = nowhere("monitor", "--backtest", "history.jsonl")
    alarms = [json.loads(line) for line in answer.out.splitlines()]
    assert [a["prompt"] for a in alarms] == ["early", "late"]
    for alarm in alarms:
        assert rows[alarm["at_row"]]["prompt"] == rows[alarm["onset_row"]]["prompt"] == alarm["prompt"]
        mine = [i for i, row in enumerate(rows) if row["prompt"] == alarm["prompt"]]
        assert mine[alarm["at_score"]] == alarm["at_row"]
        assert mine[alarm["onset_score"]] == alarm["onset_row"]


def test_times_come_back_as_they_were_written(nowhere):
    nowhere.write("history.jsonl", list(history(dates=False)))
    (alarm,) = nowhere("monitor", "--backtest", "history.jsonl", "--json").document
    assert alarm["at_ts"] == START.timestamp() + SECONDS * alarm["at_row"]


def test_the_segment_to_blame_is_named(nowhere):
    rows = []
    for i, row in enumerate(history(count=4_000, after=0.9)):
        segment = ("cards", "money", "account", "other", "fees")[i % 5]
        bad = segment == "money" and i >= CHANGE and i % 3
        rows.append({**row, "segment": segment, "score": 0.0 if bad else row["score"]})
    nowhere.write("history.jsonl", rows)
    (alarm,) = nowhere("monitor", "--backtest", "history.jsonl", "--json").document
    assert alarm["segment"] == "money"


def test_versions_and_revisions_are_series_of_their_own(nowhere):
    """A judge that is replaced by a stricter one is no degradation, and neither is a version that starts lower."""
    rows = [*history(count=1_400, version=1, revision="a"), *history(count=1_400, seed=2, version=1, revision="b")]
    for i, row in enumerate(rows[1_400:]):
        row["ts"] = (START + timedelta(seconds=SECONDS * (1_400 + i))).isoformat()
        row["score"] *= 0.7
    nowhere.write("history.jsonl", rows)
    assert nowhere("monitor", "--backtest", "history.jsonl", "--json").document == []


def test_a_version_is_held_against_the_one_it_replaced(nowhere):
    rows = list(history(count=1_500, version=1)) + list(history(count=700, seed=5, version=2))
    for i, row in enumerate(rows[1_500:]):
        row["ts"] = (START + timedelta(seconds=SECONDS * (1_500 + i))).isoformat()
        row["score"] = 0.0 if i % 3 == 0 else row["score"]
    nowhere.write("history.jsonl", rows)
    (alarm,) = nowhere("monitor", "--backtest", "history.jsonl", "--json").document
    assert (alarm["version"], alarm["floor"]) == (2, True)
    assert alarm["at_score"] < 300


def test_a_project_s_own_rulebook_decides(promptkeeper):
    promptkeeper.write("history.jsonl", list(history(after=0.6)))
    promptkeeper.write("policies/rulebook.yaml", "health:\n  min_effect: 0.9\n")
    assert promptkeeper("monitor", "--backtest", "history.jsonl", "--json").document == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "broken JSON"),
        ('{"ts": 1, "prompt": "a"}', "field 'score' is missing"),
        ('{"ts": 1, "prompt": "a", "score": 1.5}', "field 'score'"),
        ('{"ts": 1, "prompt": "a", "score": NaN}', "field 'score'"),
        ('{"ts": 1, "prompt": "a", "score": true}', "field 'score'"),
        ('{"ts": "soon", "prompt": "a", "score": 1}', "field 'ts' is no point in time"),
        ('{"ts": 1780272000000, "prompt": "a", "score": 1}', "field 'ts' is no point in time"),
        ('{"ts": 1, "prompt": "", "score": 1}', "field 'prompt'"),
        ('{"ts": 1, "prompt": "a\\u0000", "score": 1}', "NUL"),
        ("[1]", "should be a JSON object"),
    ],
)
def test_a_bad_row_is_one_line_with_its_number_and_nothing_is_printed(nowhere, line, said):
    good = "".join(json.dumps(row) + "\n" for row in history())
    nowhere.write("history.jsonl", good + line + "\n")
    complaint = nowhere.fails("monitor", "--backtest", "history.jsonl")
    assert "history.jsonl, line 3001" in complaint
    assert said in complaint


def test_an_empty_file_and_a_missing_one_are_named(nowhere):
    nowhere.write("history.jsonl", "")
    assert "no rows" in nowhere.fails("monitor", "--backtest", "history.jsonl")
    assert "none.jsonl" in nowhere.fails("monitor", "--backtest", "none.jsonl")


def test_a_backtest_takes_no_names(triage):
    triage.write("history.jsonl", list(history(count=10)))
    assert "stands alone" in triage.fails("monitor", "support/triage", "--backtest", "history.jsonl")
