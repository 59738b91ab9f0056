"""Which traces a metric judges, and which messages were sent again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.sampling import COMPARED, RepeatRules, SessionMessage, repeats, sampled, similar

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULES = RepeatRules(similarity=0.85, window=timedelta(minutes=10))
LATER = NOON + timedelta(days=1)
IDS = [f"trace-{n}" for n in range(20_000)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_sample_has_the_share_that_was_asked_for(share):
    chosen = sum(sampled(id, "judge", share) for id in IDS)
    # four standard errors: a seeded hash that failed this would be biased
    assert abs(chosen - share * len(IDS)) < 4 * (share * (1 - share) * len(IDS)) ** 0.5


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_what_a_smaller_one_had(trace_id, metric, one, other):
    small, large = sorted((one, other))
    assert not sampled(trace_id, metric, small) or sampled(trace_id, metric, large)


@given(st.text(), st.text())
def test_nothing_and_everything(trace_id, metric):
    assert not sampled(trace_id, metric, 0.0)
    assert sampled(trace_id, metric, 1.0)


def test_metrics_choose_independently():
    both = sum(sampled(id, "judge", 0.5) and sampled(id, "judge.tone", 0.5) for id in IDS)
    assert abs(both - len(IDS) / 4) < 250


def test_the_choice_is_the_same_in_every_process():
    assert [id for id in IDS[:60] if sampled(id, "judge", 0.1)] == [
        "trace-14",
        "trace-15",
        "trace-35",
        "trace-52",
        "trace-56",
    ]


def message(id, text, minutes=0.0, *, session="s", prompt="p", answered=True, **inputs):
    return SessionMessage(
        id=id, prompt=prompt, session=session, ts=NOON + timedelta(minutes=minutes),
        inputs={"message": text, **inputs}, answered=answered,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("where is my parcel", "where is my parcel"),
        ("where is my parcel", "WHERE IS MY PARCEL???"),
        ("Where is my parcel 4711?", "where is my parcel  4711 !"),
        ("my card was declined in the shop", "my card was declined in a shop"),
        ("my card was declined in the shop", "in the shop my card was declined"),
        ("wo bleibt meine Lieferung?", "Wo bleibt meine Lieferung"),
        ("where is my parcel with the shoes", "where is my parcel 4711 with the shoes"),
    ],
)
def test_the_same_question_again_is_a_repeat(first, again):
    assert similar({"message": first}, {"message": again}, 0.85)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("where is my parcel", "how do I change my address"),
        ("where is parcel 4711 now", "where is parcel 4712 now"),
        ("where is my parcel", "thank you, my parcel has just arrived, all is well"),
        ("yes", "yes"),
        ("ok thanks", "ok thanks"),
        ("", ""),
    ],
)
def test_another_question_or_next_to_nothing_is_none(first, again):
    assert not similar({"message": first}, {"message": again}, 0.85)


def test_a_conversation_that_grows_hides_no_repeat_and_makes_none():
    talk = "user: where is my parcel\nbot: on its way\n" * 8
    grown = talk + "user: another thing\nbot: yes?\n"
    asked = {"history": talk, "message": "where is my parcel please"}
    assert similar(asked, {"history": grown, "message": "where is my parcel please!"}, 0.85)
    assert not similar(asked, {"history": grown, "message": "please send me the invoice"}, 0.85)
    assert not similar(asked, {"history": grown, "message": "yes"}, 0.85)


def test_inputs_of_other_names_are_not_compared():
    assert not similar({"message": "where is my parcel"}, {"question": "where is my parcel"}, 0.85)


def test_the_earlier_message_of_a_pair_is_the_repeated_one():
    found = repeats(
        [message("b", "Where is my parcel?", 3), message("a", "where is my parcel"), message("c", "thanks a lot", 4)],
        RULES, now=LATER,
    )  # fmt: skip
    assert found == {"a": "repeated", "b": "not_repeated", "c": "not_repeated"}


def test_asked_three_times_is_repeated_twice():
    found = repeats([message(str(n), "where is my parcel", n) for n in range(3)], RULES, now=LATER)
    assert found == {"0": "repeated", "1": "repeated", "2": "not_repeated"}


@pytest.mark.parametrize(("minutes", "said"), [(10, "repeated"), (10.1, "not_repeated")])
def test_the_window_ends(minutes, said):
    pair = [message("a", "where is my parcel"), message("b", "where is my parcel", minutes)]
    assert repeats(pair, RULES, now=LATER)["a"] == said


@pytest.mark.parametrize(("minutes", "said"), [(0, "open"), (10, "open"), (10.1, "not_repeated")])
def test_nothing_is_said_until_the_window_has_passed(minutes, said):
    assert repeats([message("a", "where is my parcel")], RULES, now=NOON + timedelta(minutes=minutes)) == {"a": said}


@pytest.mark.parametrize("other", [{"session": "t"}, {"prompt": "q"}])
def test_another_session_or_prompt_repeats_nothing(other):
    pair = [message("a", "where is my parcel"), message("b", "where is my parcel", 1, **other)]
    assert repeats(pair, RULES, now=LATER) == {"a": "not_repeated", "b": "not_repeated"}


def test_a_call_that_failed_is_not_blamed_but_still_repeats():
    failed = message("b", "where is my parcel", 1, answered=False)
    assert repeats([message("a", "where is my parcel"), failed], RULES, now=LATER) == {"a": "repeated", "b": "unfit"}


def test_a_short_message_cannot_be_told():
    assert repeats([message("a", "yes please")], RULES, now=LATER) == {"a": "unfit"}


def test_a_loop_of_thousands_is_read_in_one_breath():
    others = [
        message(f"x{n:05}", f"something quite different about topic number {n}", 1 + n / 1e5) for n in range(3_000)
    ]
    found = repeats(
        [message("a", "where is my parcel"), *others, message("z", "where is my parcel", 2)], RULES, now=LATER
    )
    # The repeat lies beyond the messages that are compared.
    assert len(others) > COMPARED
    assert found["a"] == "not_repeated"


def test_other_rules_are_another_revision():
    assert RULES.revision == "1-0.85-600s"
    assert RepeatRules(similarity=0.8, window=RULES.window).revision != RULES.revision
