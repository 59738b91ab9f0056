"""Evaluations over a provider that fails: what is scored, what is excluded, what is asked and paid for again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from library.calls import Caps
from library.datasets import Item
from library.prompts import Content
from library.store.stores import Library, open_library
from tests.asking import model_at
from tests.fakes import Answer, FakeProvider
from tools.evaluation import Outcome, evaluate, mean
from tools.judge import Judging, with_judge
from tools.metrics.judgement import Metric
from tools.metrics.opening import open_metric
from tools.models import Model

TEXT = Content(text="Which queue? {{message}}")
WHOLE = (
    '{"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini", "choices": [{"index": 0,'
    ' "message": {"role": "assistant", "content": "%s"}, "finish_reason": "stop"}],'
    ' "usage": {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}}'
)
FAULTS = {
    "429": Answer(status=429),
    "429 with Retry-After": Answer(status=429, headers={"retry-after": "3"}),
    "500": Answer(status=500),
    "503": Answer(status=503),
    "half a body of honest length": Answer(raw=(WHOLE % "billing")[:120]),
    "a page instead of JSON": Answer(raw="<html>upstream error</html>"),
    "fewer bytes than announced": Answer(cut=True),
    "no answer in time": Answer(hang=True),
    "nothing generated": Answer(raw=WHOLE % ""),
    "broken off": Answer(text="bil", finish_reason="length"),
    "another model": Answer(model="gpt-4.1"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    yield opened
    opened.db.close()


def items(count: int) -> list[Item]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Item(
            id=f"i-{n}",
            prompt="p",
            dataset="d",
            role="select",
            inputs={"message": f"case {n}"},
            expected="billing",
            created_at=now,
        )
        for n in range(count)
    ]


async def run(model: Model, metrics: Sequence[Metric], scope: str = "run:1") -> tuple[Outcome, ...]:
    return await evaluate(
        TEXT, items(3), model=model, metrics=metrics, scope=scope, caps=Caps(), max_parallel=3, repeats=1
    )


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_of_the_provider_is_excluded_and_never_kept_as_an_answer(store: Library, fault: Answer) -> None:
    def answer(body: dict[str, object]) -> Answer:
        return fault if "case 1" in str(body["messages"]) else Answer(text="billing")

    exact = [open_metric({"name": "exact_match"})]
    with FakeProvider(answer=answer) as server:
        model = model_at(server, store, retries=1, timeout_s=0.5 if fault.hang else 20.0, max_tokens=50)
        outcomes = await run(model, exact)
        assert [o.kind for o in outcomes] == ["scored", "infra_error", "scored"]
        assert (mean(outcomes), outcomes[1].score, outcomes[1].output) == (1.0, None, "")
    if fault.model is None:  # another model's answer is finished and paid for: asking again would not help
        with FakeProvider() as server:
            again = await run(model_at(server, store, max_tokens=50), exact)
            assert [o.kind for o in again] == ["scored"] * 3
            assert ["case 1" in str(request["messages"]) for request in server.requests] == [True]


async def test_a_new_rubric_asks_the_judge_again_and_the_student_not(store: Library) -> None:
    def answer(body: dict[str, object]) -> Answer:
        asked = str(body["messages"])
        if "<rubric>" not in asked:
            return Answer(text="billing")
        code = asked.partition("<code>")[2].partition("</code>")[0]
        return Answer(text=f'{{"code": "{code}", "reason": "fine", "grade": 4}}')

    with FakeProvider(answer=answer) as server:
        student, judge = model_at(server, store), model_at(server, store, role="judge", model="openai/gpt-4.1")
        asking = Judging(
            model=judge,
            instructions="Grade.",
            task="",
            clean=str,
            scope="run:1",
            caps=Caps(),
            field=500,
            request=2000,
            bad_answers=0,
        )
        for rubric, wanted in (("It is polite.", (3, 3)), ("It is polite.", (3, 3)), ("It is brief.", (3, 6))):
            outcomes = await run(student, [with_judge(open_metric({"name": "judge", "rubric": rubric}), asking)])
            assert mean(outcomes) == 1.0
            models = [str(request["model"]) for request in server.requests]
            assert (models.count("gpt-4.1-mini"), models.count("gpt-4.1")) == wanted
