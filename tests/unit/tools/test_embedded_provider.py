"""The embedded models through litellm: answers, usage, price, and a clear error for a model that is not there."""

import asyncio
import math
import os

import pytest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from tools.embedded.provider import register, tokens
from tools.embedded.teacher import NOT_A_TASK

PROMPT = "Choose one:\n- shipping: a parcel or a courier\n- advice: pests or pruning\n\nMessage: "


async def test_the_student_answers_through_litellm_with_usage_and_no_cost() -> None:
    register()
    text = PROMPT + "where is the courier"
    reply = await litellm.acompletion(
        model="embedded/student", messages=[{"role": "user", "content": text}], temperature=0.0, max_tokens=5
    )
    assert reply.choices[0].message.content == "shipping"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "student"
    assert reply.usage.prompt_tokens == math.ceil(len(text) / 4)
    assert reply.usage.completion_tokens == tokens("shipping") == 2
    assert litellm.completion_cost(completion_response=reply, model="embedded/student") == 0.0


def test_the_student_answers_without_an_event_loop() -> None:
    register()
    reply = litellm.completion(model="embedded/student", messages=[{"role": "user", "content": PROMPT + "pruning"}])
    assert reply.choices[0].message.content == "advice"


async def test_the_teacher_answers_many_calls_at_once() -> None:
    register()
    asked = [
        litellm.acompletion(model="embedded/teacher", messages=[{"role": "user", "content": "hello"}]) for _ in range(4)
    ]
    replies = await asyncio.gather(*asked)
    assert [reply.choices[0].message.content for reply in replies] == [NOT_A_TASK] * 4
    assert {reply.model for reply in replies} == {"teacher"}


async def test_an_unknown_embedded_model_is_named_with_those_that_exist() -> None:
    register()
    with pytest.raises(litellm.exceptions.NotFoundError, match=r"'nobody'.*embedded/student and embedded/teacher"):
        await litellm.acompletion(model="embedded/nobody", messages=[{"role": "user", "content": "hello"}])


def test_registering_again_changes_nothing() -> None:
    register()
    register()
    assert [item["provider"] for item in litellm.custom_provider_map].count("embedded") == 1


@pytest.mark.parametrize("name", ["embedded/student", "embedded/teacher"])
def test_the_price_is_known_and_zero(name: str) -> None:
    register()
    assert litellm.model_cost[name]["input_cost_per_token"] == 0.0
    assert litellm.model_cost[name]["output_cost_per_token"] == 0.0
