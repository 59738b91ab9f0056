"""Evaluating a prompt over items: order, outcomes, and what ends it."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from library.calls import Caps
from library.datasets import Item
from library.errors import BudgetSpent, InputError, Outage
from library.prompts import Content, Message
from tests.fakes import FakeModel, reply
from tools.errors import MENDS, FaultKind, ProviderError
from tools.evaluation import Outcome, evaluate, excluded, mean
from tools.metrics.judgement import Judgement, Metric
from tools.metrics.opening import open_metric
from tools.models import Reply, Request

ECHO = Content(text="Repeat: {{message}}")
EXACT = open_metric({"name": "exact_match"})


def item(number: int, expected: str | None = None, **inputs: str) -> Item:
    return Item(
        id=f"i-{number:03}",
        prompt="p",
        dataset="golden",
        role="select",
        inputs=inputs or {"message": str(number)},
        expected=str(number) if expected is None else expected,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def echoed(request: Request) -> str:
    return request.messages[-1].content.removeprefix("Repeat: ")


async def run(model: FakeModel, items: Sequence[Item], **more: Any) -> tuple[Outcome, ...]:
    settings: dict[str, Any] = {"metrics": (EXACT,), "scope": "run:1", "caps": Caps(), "max_parallel": 4}
    return await evaluate(ECHO, items, model=model, **{**settings, **more})


class Opinion:
    """A metric that asks a model, as a judge does: here a function that may fail."""

    name = "opinion"
    revision = "1"
    needs_expected = False

    def __init__(self, judge: Callable[[str], Judgement]) -> None:
        self._judge = judge

    async def judge(self, output: str, item: Item) -> Judgement:
        return self._judge(output)


async def test_outcomes_come_in_item_order_whatever_order_answers_arrive_in() -> None:
    items = [item(n) for n in range(12)]
    late_first = FakeModel(echoed, delay=lambda request: 0.03 / (1 + int(echoed(request))))
    outcomes = await run(late_first, items, repeats=2, max_parallel=24)
    assert [(o.item_id, o.repeat) for o in outcomes] == [(i.id, r) for i in items for r in (0, 1)]
    assert [o.output for o in outcomes] == [str(n) for n in range(12) for _ in range(2)]
    assert outcomes == await run(FakeModel(echoed), items, repeats=2, max_parallel=1)


async def test_no_more_calls_are_open_than_asked_for() -> None:
    model = FakeModel(echoed, delay=lambda request: 0.005)
    await run(model, [item(n) for n in range(20)], max_parallel=5)
    assert (model.most_in_flight, len(model.requests)) == (5, 20)


async def test_a_model_that_counts_its_own_calls_is_handed_a_few_questions_more() -> None:
    class Counting(FakeModel):
        """Would send at most four calls at a time by itself."""

        max_parallel = 4

    model = Counting(echoed, delay=lambda request: 0.005)
    await run(model, [item(n) for n in range(20)], max_parallel=4)
    assert model.most_in_flight == 5
    wider = Counting(echoed, delay=lambda request: 0.005)
    await run(wider, [item(n) for n in range(20)], max_parallel=3)  # the caller's own limit is the narrower one
    assert wider.most_in_flight == 3


async def test_an_outcome_carries_score_and_bill() -> None:
    model = FakeModel(lambda request: reply("1", cost=0.5))
    right, wrong = await run(model, [item(1), item(2)])
    assert (right.kind, right.score, right.scores) == ("scored", 1.0, {"exact_match": 1.0})
    assert (wrong.kind, wrong.score, wrong.reason) == ("scored", 0.0, "not the expected answer")
    assert (right.tokens_in, right.tokens_out, right.cost, right.latency_ms) == (10, 2, 0.5, 1.0)
    assert mean((right, wrong)) == 0.5


async def test_the_first_metric_counts_and_the_others_are_kept() -> None:
    metrics: list[Metric] = [open_metric({"name": "length", "most": 3}), EXACT]
    (outcome,) = await run(FakeModel(lambda request: "four"), [item(4)], metrics=metrics)
    assert (outcome.kind, outcome.score) == ("format_error", 0.0)
    assert outcome.scores == {"length": 0.0, "exact_match": 0.0}


async def test_weights_make_the_score_that_counts() -> None:
    metrics: list[Metric] = [open_metric({"name": "length", "most": 3}), EXACT, open_metric({"name": "answered"})]
    weights = {"exact_match": 0.75, "answered": 0.25}
    right, wrong = await run(
        FakeModel(lambda request: "four"), [item(4, "four"), item(5)], metrics=metrics, weights=weights
    )
    assert (right.kind, right.score) == ("scored", 1.0)
    assert (wrong.kind, wrong.score) == ("scored", 0.25)
    assert wrong.scores == {"length": 0.0, "exact_match": 0.0, "answered": 1.0}
    assert wrong.reason == "exact_match 0.00: not the expected answer; answered 1.00: answered"


async def test_full_marks_everywhere_are_exactly_one() -> None:
    names = ["exact_match", "answered", "contains"]
    metrics = [open_metric({"name": name}) for name in names]
    (outcome,) = await run(FakeModel(echoed), [item(1)], metrics=metrics, weights=dict.fromkeys(names, 1 / 3))
    assert outcome.score == 1.0


async def test_a_weighted_metric_that_fails_leaves_no_score_and_the_others_are_kept() -> None:
    def judge(output: str) -> Judgement:
        raise ProviderError("bad_answer", "the judge did not answer in JSON")

    weights = {"exact_match": 0.5, "opinion": 0.5}
    (outcome,) = await run(FakeModel(echoed), [item(1)], metrics=[EXACT, Opinion(judge)], weights=weights)
    assert (outcome.kind, outcome.score, outcome.scores) == ("judge_error", None, {"exact_match": 1.0})
    assert outcome.reason.startswith("opinion: ")


async def test_metrics_of_the_call_see_what_it_took() -> None:
    metrics = [
        open_metric({"name": "latency", "good": 0.5, "bad": 1.5}),
        open_metric({"name": "cost", "good": 0, "bad": 1}),
    ]
    (outcome,) = await run(FakeModel(lambda request: reply("1", cost=0.25)), [item(1)], metrics=metrics)
    assert outcome.scores == {"latency": 0.5, "cost": 0.75}
    turned = open_metric({"name": "latency", "good": 0.5, "bad": 4.5, "direction": "lower", "aspect": "slow"})
    unpriced = [turned, open_metric({"name": "cost", "good": 0, "bad": 1})]
    (outcome,) = await run(FakeModel(lambda request: reply("1", cost=None)), [item(1)], metrics=unpriced)
    assert outcome.scores == {"latency.slow": 0.125}


async def test_a_metric_that_blocks_does_not_stop_the_calls() -> None:
    class Blocking:
        """Waits for a call that is made after its own: on the loop it would wait for ever."""

        name, revision, needs_expected, off_loop = "blocking", "1", False, True

        def judge(self, output: str, item: Item) -> Judgement:
            return Judgement(score=float(later.wait(timeout=30)))

    later = threading.Event()

    def answer(request: Request) -> str:
        if echoed(request) == "1":
            later.set()
        return echoed(request)

    model = FakeModel(answer, delay=lambda request: 0.02 * int(echoed(request)))
    outcomes = await run(model, [item(0), item(1)], metrics=[Blocking()])
    assert [o.score for o in outcomes] == [1.0, 1.0]


async def test_an_answer_cut_off_at_its_limit_is_a_format_error_only_where_it_is_wrong() -> None:
    cut = FakeModel(lambda request: reply("1", finish_reason="length"))
    right, wrong = await run(cut, [item(1), item(2)])
    assert (right.kind, right.score) == ("scored", 1.0)
    assert (wrong.kind, wrong.score, wrong.counts) == ("format_error", 0.0, True)
    assert wrong.reason == "cut off at max_tokens; not the expected answer"


@pytest.mark.parametrize("said", ["I'm sorry, but I can't help with that.", reply("", finish_reason="content_filter")])
async def test_a_refusal_is_named_and_scores_nothing(said: str | Reply) -> None:
    (outcome,) = await run(FakeModel(lambda request: said), [item(1)])
    assert (outcome.kind, outcome.score, outcome.counts) == ("refused", 0.0, True)


async def test_a_refusal_that_was_wanted_is_a_right_answer() -> None:
    text = "I cannot help with that."
    (outcome,) = await run(FakeModel(lambda request: text), [item(1, expected=text)])
    assert (outcome.kind, outcome.score) == ("scored", 1.0)


PER_ITEM: list[FaultKind] = [
    "timeout",
    "rate_limit",
    "server",
    "connection",
    "bad_answer",
    "wrong_model",
    "bad_request",
]


@pytest.mark.parametrize("kind", PER_ITEM)
async def test_a_fault_of_one_call_is_an_outcome_that_does_not_count(kind: FaultKind) -> None:
    def second_fails(request: Request) -> str | Exception:
        return ProviderError(kind, "it failed", "[models.student]") if echoed(request) == "1" else echoed(request)

    outcomes = await run(FakeModel(second_fails), [item(n) for n in range(3)])
    assert [o.kind for o in outcomes] == ["scored", "infra_error", "scored"]
    assert mean(outcomes) == 1.0
    assert excluded(outcomes) == (outcomes[1],)
    assert (outcomes[1].score, outcomes[1].scores) == (None, {})
    assert "it failed" in outcomes[1].reason


def fatal_errors() -> list[Exception]:
    hopeless = [ProviderError(kind, "no") for kind in sorted(set(MENDS) - set(PER_ITEM))]
    return [*hopeless, BudgetSpent("spent"), InputError("no price"), Outage("the library does not answer")]


@pytest.mark.parametrize("error", fatal_errors(), ids=repr)
async def test_what_every_call_would_share_ends_the_evaluation(error: Exception) -> None:
    def third_fails(request: Request) -> str | Exception:
        return error if echoed(request) == "2" else echoed(request)

    finished: list[tuple[int, int]] = []
    model = FakeModel(third_fails, delay=lambda request: 0.005)
    with pytest.raises(type(error)) as caught:
        await run(model, [item(n) for n in range(50)], progress=lambda *at: finished.append(at), max_parallel=4)
    assert caught.value is error
    # Those in flight finish, and no new one starts.
    assert len(model.requests) <= 8
    assert finished[-1] == (len(model.requests) - 1, 50)


async def test_a_judge_that_fails_says_nothing_about_the_prompt() -> None:
    def judge(output: str) -> Judgement:
        if output == "1":
            raise ProviderError("bad_answer", "the judge did not answer in JSON")
        return Judgement(score=0.75, reason="fair")

    outcomes = await run(FakeModel(echoed), [item(n) for n in range(3)], metrics=[Opinion(judge)])
    assert [o.kind for o in outcomes] == ["scored", "judge_error", "scored"]
    assert (outcomes[1].score, outcomes[1].output, outcomes[1].cost) == (None, "1", 0.0)
    assert mean(outcomes) == 0.75

    second = await run(FakeModel(echoed), [item(1)], metrics=[EXACT, Opinion(judge)])
    assert (second[0].kind, second[0].score, second[0].scores) == ("scored", 1.0, {"exact_match": 1.0})


async def test_a_judge_without_a_key_ends_the_evaluation() -> None:
    def judge(output: str) -> Judgement:
        raise ProviderError("auth", "the key was refused", "[models.judge]")

    with pytest.raises(ProviderError, match="key was refused"):
        await run(FakeModel(echoed), [item(n) for n in range(9)], metrics=[Opinion(judge)])


async def test_a_missing_variable_is_found_before_anything_is_paid() -> None:
    model = FakeModel(echoed)
    with pytest.raises(InputError) as caught:
        await run(model, [item(1), item(2, text="hello")])
    assert "item i-002 has no value for variable message" in str(caught.value)
    assert "dataset golden" in str(caught.value)
    assert model.requests == []


async def test_a_missing_expected_answer_is_found_before_anything_is_paid() -> None:
    model = FakeModel(echoed)
    bare = Item(**{**{f: getattr(item(2), f) for f in Item.__dataclass_fields__}, "expected": None})
    with pytest.raises(InputError, match="i-002"):
        await run(model, [item(1), bare])
    assert model.requests == []


async def test_fields_that_the_prompt_does_not_read_are_left_out() -> None:
    (outcome,) = await run(FakeModel(echoed), [item(1, message="1", note="ignored")])
    assert outcome.output == "1"


async def test_the_request_carries_messages_config_and_repeat() -> None:
    chat = Content(
        kind="chat",
        messages=(Message(role="system", content="Be brief."), Message(role="user", content="{{message}}")),
        config={"temperature": 0.3},
    )
    model = FakeModel(lambda request: "1")
    await evaluate(chat, [item(1)], model=model, metrics=[EXACT], scope="s", caps=Caps(), max_parallel=1, repeats=2)
    assert [r.repeat for r in model.requests] == [0, 1]
    assert model.requests[0].messages == (
        Message(role="system", content="Be brief."),
        Message(role="user", content="1"),
    )
    assert model.requests[0].config == {"temperature": 0.3}


async def test_progress_counts_up_to_the_whole() -> None:
    seen: list[tuple[int, int]] = []
    await run(FakeModel(echoed), [item(n) for n in range(3)], repeats=2, progress=lambda *at: seen.append(at))
    assert seen == [(n, 6) for n in range(1, 7)]


async def test_nothing_to_evaluate_and_nothing_to_score_with() -> None:
    assert await run(FakeModel(echoed), []) == ()
    assert mean(()) is None
    with pytest.raises(InputError, match="no metric"):
        await run(FakeModel(echoed), [item(1)], metrics=())
