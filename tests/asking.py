"""Ways for tests to ask a model behind the fake provider."""

import random
from datetime import UTC, datetime
from typing import Any

from library.calls import Caps
from library.prompts import Message
from library.store.stores import Library
from tests.fakes import FakeProvider
from tools.ledger import Ledger
from tools.models import Model, ModelSettings, Reply, Request, open_model

NOON = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
KNOWN = "openai/gpt-4.1-mini"  # in litellm's price table: 0.4 and 1.6 US dollars per million tokens
UNKNOWN = "openai/house-model"
FREE = Caps()


class Sleeper:
    """Keeps what it was told to wait, and does not wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def model_at(server: FakeProvider, store: Library, *, sleep: Any = None, environ: Any = None, **settings: Any) -> Model:
    said = ModelSettings(**{"role": "student", "model": KNOWN, "api_base": server.url, "retries": 0, **settings})
    return open_model(
        said,
        ledger=Ledger(store.calls),
        environ=environ or {},
        now=lambda: NOON,
        sleep=sleep or Sleeper(),
        rng=random.Random(1),
    )


def asking(text: str = "hello", **more: Any) -> Request:
    return Request(messages=(Message(role="user", content=text),), **more)


async def ask(model: Model, request: Request | None = None, *, scope: str = "run:1", caps: Caps = FREE) -> Reply:
    return await model.complete(request or asking(), scope=scope, caps=caps)
