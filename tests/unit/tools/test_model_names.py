"""Whether an answer came from the model that was asked, and what a call costs."""

import pytest

from library.errors import InputError
from library.prompts import Message
from tools.model_names import provider, same_model
from tools.prices import Price, configured_price, table_price, worst_case


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("openai/gpt-4.1-mini", "gpt-4.1-mini"),
        ("openai/gpt-4.1-mini", "openai/gpt-4.1-mini"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("gpt-4", "gpt-4-0613"),
        ("anthropic/claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
        ("vertex_ai/claude-3-5-haiku", "claude-3-5-haiku@20241022"),
        ("gemini/gemini-1.5-flash", "gemini-1.5-flash-002"),
        ("ollama/llama3.2", "llama3.2:latest"),
        ("openrouter/openai/gpt-4.1", "openai/gpt-4.1"),
        ("openrouter/meta-llama/Llama-3", "meta-llama/llama-3"),
        ("azure/my-deployment", "gpt-4.1-2025-04-14"),
        ("embedded/student", "student"),
        ("hosted_vllm/house", ""),
    ],
)
def test_the_same_model(asked: str, answered: str) -> None:
    assert same_model(asked, answered)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("openai/gpt-4.1", "gpt-4.1-mini"),
        ("openai/gpt-4.1-mini", "gpt-4.1"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini-20"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini-high"),
        ("openai/gpt-4.1-mini-2025-04-14", "gpt-4.1-mini-2025-05-01"),
        ("ollama/llama3.2:1b", "llama3.2:3b"),
        ("openai/gpt-4.1", "azure/gpt-4.1"),
        ("embedded/student", "teacher"),
    ],
)
def test_another_model(asked: str, answered: str) -> None:
    assert not same_model(asked, answered)


def test_providers() -> None:
    assert [provider(name) for name in ("openai/gpt-4.1", "gpt-4.1", "openrouter/openai/x")] == [
        "openai",
        "",
        "openrouter",
    ]


def test_the_worst_case_counts_bytes_and_the_longest_answer() -> None:
    price = Price(input=0.001, output=0.01)
    messages = (Message(role="system", content="äb"), Message(role="user", content="c"))
    assert worst_case(price, messages, {"max_tokens": 5}) == pytest.approx(4 * 0.001 + 5 * 0.01)
    assert worst_case(price, messages, {}) == pytest.approx(4 * 0.001 + 4096 * 0.01)
    with_tools = worst_case(price, messages, {"max_tokens": 5, "tools": [{"name": "lookup"}]})
    assert with_tools == pytest.approx((4 + len('{"tools":[{"name":"lookup"}]}')) * 0.001 + 5 * 0.01)
    assert worst_case(None, messages, {}) is None


def test_an_unknown_price_is_never_nothing() -> None:
    assert table_price(None) is None
    assert table_price({"input_cost_per_token": 1e-6}) is None
    assert table_price({"input_cost_per_token": 0, "output_cost_per_token": 0}) == Price(input=0.0, output=0.0)
    assert configured_price(None, None, "[models.student]") is None
    assert configured_price(2.0, 4.0, "[models.student]") == Price(input=2e-6, output=4e-6)
    with pytest.raises(InputError, match=r"\[models.student\].*input_usd_per_million"):
        configured_price(None, 4.0, "[models.student]")
