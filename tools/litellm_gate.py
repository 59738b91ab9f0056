"""litellm behind a narrow gate: loaded late, kept quiet, asked for prices first, and read into plain values."""

import asyncio
import functools
import gc
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from library.prompts import Message, canonical_json
from tools.errors import ProviderError
from tools.prices import Price, table_price
from tools.provider_faults import provider_error

_LOADING = threading.Lock()
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a call goes. access: base URL and key; fallbacks: other models with their access, tried when it fails.

    timeout_s: seconds for the whole attempt. lenient: settings that the provider does not know are left out instead
    of refused (a judge's temperature on a model that has none).
    """

    model: str
    access: Mapping[str, str]
    fallbacks: tuple[tuple[str, Mapping[str, str]], ...]
    timeout_s: float
    place: str
    lenient: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A provider's answer. model: as the provider names itself; cost: litellm's own figure in US dollars, if any."""

    text: str
    finish_reason: str
    model: str
    tokens_in: int
    tokens_out: int
    cost: float | None


def open_gate() -> "Gate":
    """The process's one gate. The first call imports litellm, which takes seconds: call it from a thread."""
    with _LOADING:
        return _load()


@functools.cache
def _load() -> "Gate":
    # Otherwise the import fetches a price table from the internet.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm
    import openai  # noqa: F401  # litellm loads it at the first call; what it leaves is to be frozen as well

    from tools.embedded.provider import register

    litellm.suppress_debug_info = True  # it prints advice to stdout on every error
    litellm.telemetry = False
    litellm.num_retries = 0
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    register()
    _freeze()
    return Gate(litellm)


def _freeze() -> None:
    """Take what the libraries have built for good out of the garbage collector's sight.

    Some 300,000 objects live as long as the process; a full collection, one for every few hundred calls, would look at
    each of them and stop every call in flight for a quarter of a second.
    """
    gc.collect()
    gc.freeze()


class Gate:
    """Sends one attempt at a time: no retries, no cache, no callbacks. Everything litellm raises leaves typed."""

    def __init__(self, litellm: Any) -> None:
        self._litellm = litellm
        # Building a Router writes 0 for every price it does not know, so prices are read once, before any is built.
        self._prices = {name: table_price(row) for name, row in litellm.model_cost.items()}
        self._routers: dict[str, Any] = {}

    def price(self, name: str) -> Price | None:
        """The price of a model by its full name, or by the name without its provider; None when unknown."""
        return self._prices.get(name) or self._prices.get(name.split("/", 1)[-1])

    async def send(self, target: Target, messages: Sequence[Message], parameters: Mapping[str, Any]) -> Said:
        """One attempt. Raises ProviderError."""
        import openai

        asked = {
            "model": target.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "timeout": target.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": target.lenient,
            # Otherwise litellm looks for tool servers to connect to, and fails where their client is not installed.
            **({"_skip_mcp_handler": True} if "tools" in parameters else {}),
            **parameters,
        }
        try:
            async with asyncio.timeout(target.timeout_s):
                if target.fallbacks:
                    response = await self._router(target).acompletion(**asked)
                else:
                    response = await self._litellm.acompletion(**asked, **target.access)
        except self._litellm.ContentPolicyViolationError:
            return Said(
                text="", finish_reason="content_filter", model=target.model, tokens_in=0, tokens_out=0, cost=0.0
            )
        except (openai.OpenAIError, TimeoutError) as error:
            raise provider_error(error, target.place, target.model) from error
        return _read(response, target)

    def _router(self, target: Target) -> Any:
        """The Router for a model with fallbacks: it sends calls on, and rests a deployment that keeps failing."""
        key = canonical_json([target.model, dict(target.access), [[n, dict(a)] for n, a in target.fallbacks]])
        if key not in self._routers:
            members = [(target.model, target.access), *target.fallbacks]
            self._routers[key] = self._litellm.Router(
                model_list=[{"model_name": n, "litellm_params": {"model": n, **access}} for n, access in members],
                fallbacks=[{target.model: [n for n, _ in target.fallbacks]}],
                num_retries=0,
            )
        return self._routers[key]


def _read(response: Any, target: Target) -> Said:
    if not response.choices:
        raise ProviderError("bad_answer", f"model '{target.model}' sent an answer without choices", target.place)
    choice, usage = response.choices[0], getattr(response, "usage", None)
    calls = getattr(choice.message, "tool_calls", None) or []
    text = choice.message.content
    if text is None and calls:
        text = canonical_json([{"name": c.function.name, "arguments": c.function.arguments} for c in calls])
    finish_reason = str(choice.finish_reason or "")
    tokens_out = int(getattr(usage, "completion_tokens", 0) or 0)
    if not text and finish_reason in {"", "stop"} and (text is None or tokens_out <= 1):
        # Nothing was generated: a fault. Of a model that did say something, to itself, the empty answer is its answer.
        raise ProviderError("bad_answer", f"model '{target.model}' sent an answer without content", target.place)
    return Said(
        text=text or "",
        finish_reason=finish_reason,
        model=str(response.model or ""),
        tokens_in=int(getattr(usage, "prompt_tokens", 0) or 0),
        tokens_out=tokens_out,
        cost=(getattr(response, "_hidden_params", None) or {}).get("response_cost"),
    )
