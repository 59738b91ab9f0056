"""The embedded models as a litellm provider: `embedded/student` and `embedded/teacher`."""

import asyncio
import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litellm import ModelResponse

PROVIDER = "embedded"
MODELS = ("student", "teacher")

_registering = threading.Lock()


def _answering(model: str) -> Callable[[Sequence[Mapping[str, Any]]], str] | None:
    if model == "student":
        from tools.embedded.student import answer

        return answer
    if model == "teacher":
        from tools.embedded.teacher import answer as teach

        return teach
    return None


def tokens(text: str) -> int:
    """Token count as the embedded models report it: four characters are one token, rounded up."""
    return math.ceil(len(text) / 4)


def register() -> None:
    """Make `embedded/student` and `embedded/teacher` known to litellm, at a known price of 0. Safe to call again.

    Imports litellm, which takes seconds: call it where a model is about to be used.
    """
    # Otherwise the import fetches a price table from the internet.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm
    from litellm.exceptions import NotFoundError
    from litellm.llms.custom_llm import CustomLLM
    from litellm.utils import custom_llm_setup

    class Embedded(CustomLLM):
        """Answers on this machine; no network, no key, no randomness."""

        def completion(self, *args: Any, **settings: Any) -> "ModelResponse":
            model, messages = settings["model"], settings["messages"]
            answering = _answering(model)
            if answering is None:
                known = " and ".join(f"{PROVIDER}/{m}" for m in MODELS)
                raise NotFoundError(
                    message=f"there is no embedded model '{model}'; the embedded models are {known}",
                    model=model,
                    llm_provider=PROVIDER,
                )
            return _filled(settings["model_response"], model, messages, answering(messages))

        async def acompletion(self, *args: Any, **settings: Any) -> "ModelResponse":
            if settings["model"] == "student":
                # A tenth of a millisecond: a thread would cost more than the answer.
                return self.completion(**settings)
            return await asyncio.to_thread(self.completion, **settings)

    with _registering:
        if any(item["provider"] == PROVIDER for item in litellm.custom_provider_map):
            return
        litellm.custom_provider_map.append({"provider": PROVIDER, "custom_handler": Embedded()})
        custom_llm_setup()  # type: ignore[no-untyped-call]
        # Cache prices too: without them litellm warns about a price it cannot know.
        model: dict[str, Any] = {
            "litellm_provider": PROVIDER,
            "mode": "chat",
            "input_cost_per_token": 0.0,
            "output_cost_per_token": 0.0,
            "cache_creation_input_token_cost": 0.0,
            "cache_read_input_token_cost": 0.0,
            "max_tokens": 4096,
            "max_input_tokens": 65_536,
            "max_output_tokens": 4096,
        }
        litellm.register_model({f"{PROVIDER}/{name}": dict(model) for name in MODELS})


def _filled(response: "ModelResponse", model: str, messages: Sequence[Mapping[str, Any]], text: str) -> "ModelResponse":
    from litellm import Choices, Message, Usage

    asked = sum(tokens(str(m.get("content") or "")) for m in messages)
    response.model = model
    response.choices = [Choices(finish_reason="stop", index=0, message=Message(content=text, role="assistant"))]
    usage = Usage(prompt_tokens=asked, completion_tokens=tokens(text), total_tokens=asked + tokens(text))
    response.__setattr__("usage", usage)
    return response
