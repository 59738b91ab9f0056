"""Runs and packets as text: the picture of a run, and the parts of a packet that only some runs have."""

from agent.entrypoints.cli.proposal_parts import SHOWN_ELSEWHERE, more_parts
from agent.entrypoints.cli.run_chart import BAR, CANDIDATE, END, attempts_table, chart
from agent.run_story import Cost, Round, Story, Tried, story
from tests.unit.agent.test_run_story import BILL, TWO_ROUNDS


def drawn(best, *scores):
    tried = tuple(Tried(number=n, state="tested", score=s, n=10) for n, s in enumerate(scores, 1))
    one = Round(number=1, tried=tried, best=best, cost=Cost())
    return chart(Story(base=0.5, start=Cost(), rounds=(one,), end=Cost())).splitlines()[-1]


def test_a_run_is_a_bar_per_round_from_the_live_version_to_the_last():
    lines = chart(story(TWO_ROUNDS, BILL)).splitlines()

    assert [line.split()[0] for line in lines[2:]] == ["live", "1", "2"]
    ends = [line.index(END) for line in lines[2:]]
    assert ends == sorted(ends)
    assert "0.800" in lines[-1]
    assert "$0.0600" in lines[-1]
    assert all(len(line) <= 100 for line in lines)


def test_the_ends_of_the_scale_and_what_lies_outside_stay_inside_the_bar():
    line = drawn(1.0, 0.0, 1.7, -0.4)

    start = line.index(CANDIDATE)
    assert line.index(END) - start == BAR


def test_an_unknown_price_is_unknown_not_nothing():
    lines = chart(Story(base=0.5, start=Cost(usd=None), rounds=(), end=Cost(usd=None))).splitlines()

    assert lines[-1].endswith("unknown")


def test_a_run_that_was_never_scored_has_no_picture():
    assert chart(story((), ())) == ""


def test_attempts_show_gain_items_and_state():
    said = attempts_table(TWO_ROUNDS)

    assert "blocked" in said
    assert "+0.200" in said


def test_every_further_part_of_a_packet_is_shown_with_words_of_its_own_or_as_an_outline():
    packet = {
        **dict.fromkeys(SHOWN_ELSEWHERE, "known"),
        "gate_terms": {"alpha": 0.01, "sentences": ["40 items cannot confirm 5 points.", "Look 2 of 20."]},
        "ablation": [{"left_out": ["Take a deep breath."], "items": 9, "lost": ["i-1", "i-2"]}],
        "hunks": [{"old": "", "new": "Route returns to returns.", "hypothesis": "returns go wrong", "fixed": ["i-3"]}],
        "per_thousand_calls": {"tokens": {"before": 100, "after": 140}},
        "nothing": [],
    }

    said = {block.splitlines()[0]: block for block in more_parts(packet)}

    assert list(said) == ["gate terms", "ablation", "hunks", "per thousand calls"]
    assert "- 40 items cannot confirm 5 points." in said["gate terms"]
    assert said["ablation"].splitlines()[-1].split() == ["Take", "a", "deep", "breath.", "9", "2"]
    assert "returns go wrong" in said["hunks"]
    assert "after: 140" in said["per thousand calls"]


def test_a_part_of_another_shape_than_expected_is_outlined_and_not_lost():
    said = "\n".join(more_parts({"ablation": {"note": "not run"}, "hunks": ["one", "two"]}))

    assert "note: not run" in said
    assert "one" in said
    assert "two" in said


def test_control_characters_of_a_packet_never_reach_the_terminal():
    said = "\n".join(more_parts({"remark": {"by": "\x1b[2Jnobody"}}))

    assert "\x1b" not in said
