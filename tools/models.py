"""The one door to every model. The only place, beside the embedded provider, that knows litellm.

Every call is paid for through the ledger: its worst-case cost is reserved, it runs under a time-out with typed
retries, and it is committed before its answer is used.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from library.calls import Call, Caps, ModelRole, Reservation, call_key
from library.errors import InputError
from library.prompts import Message, validate_config
from tools.errors import ProviderError
from tools.ledger import Ledger
from tools.litellm_gate import Said, open_gate
from tools.model_names import same_model
from tools.model_settings import SWAPPING_ROLES, ModelSettings, asked_name, check_settings, target_of
from tools.pacing import Pace
from tools.prices import request_bytes
from tools.retrying import with_retries
from tools.tariff import Tariff

__all__ = ["LitellmModel", "Model", "ModelSettings", "Paced", "Reply", "Request", "open_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. config: a version's settings (allow-list only; its model replaces only the student's).

    repeat: index of the repetition, so that the same question can be asked again on purpose.
    temperature, response_format: set by the caller, above config and settings.
    """

    messages: tuple[Message, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    repeat: int = 0
    response_format: Mapping[str, Any] | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A finished answer. model: asked; response_model: the one that answered; cost in US dollars, None if unknown.

    finish_reason is reported as the provider gave it (`stop`, `length`, `content_filter`, `tool_calls`).
    from_ledger: it had been paid for before, nothing was sent now.
    """

    text: str
    finish_reason: str
    model: str
    response_model: str
    tokens_in: int
    tokens_out: int
    cost: float | None
    latency_ms: float
    from_ledger: bool


class Model(Protocol):
    """Something that answers."""

    role: ModelRole
    name: str

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer, paid for within the scope and its caps. Raises BudgetSpent, ProviderError, InputError."""


@runtime_checkable
class Paced(Protocol):
    """A model that keeps its own count of open calls: at most max_parallel are sent and not yet committed."""

    max_parallel: int


def open_model(
    settings: ModelSettings,
    *,
    ledger: Ledger,
    environ: Mapping[str, str] = os.environ,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    rng: random.Random | None = None,
) -> Model:
    """A model by its settings; cheap: litellm is imported at the first call. InputError for settings in conflict."""
    return LitellmModel(
        settings, ledger=ledger, environ=environ, now=now, sleep=sleep, rng=random.Random(0) if rng is None else rng
    )


class LitellmModel:
    """A model behind litellm. At most max_parallel of its calls are open at a time, within rpm and tpm.

    A call is open from before it is sent, through its retries, until its answer is committed.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        ledger: Ledger,
        environ: Mapping[str, str],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        rng: random.Random,
    ) -> None:
        self.role: ModelRole = settings.role
        self.name = settings.model
        self.max_parallel = settings.max_parallel
        self._settings, self._ledger, self._environ = check_settings(settings), ledger, environ
        self._now, self._sleep, self._rng = now, sleep, rng
        self._pace = Pace(settings.rpm, settings.tpm, clock=time.monotonic, sleep=sleep)
        self._slots: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._tariff: Tariff | None = None

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer to a request; see `Model`."""
        name = asked_name(self._settings, request.config)
        parameters = self._parameters(request)
        tariff = self._tariff or Tariff(self._settings, await asyncio.to_thread(open_gate))
        self._tariff = tariff
        reservation = Reservation(
            scope=scope,
            key=call_key(self.role, name, request.messages, parameters, request.repeat),
            usd=tariff.worst_case(name, request.messages, parameters, caps),
            at=self._now(),
        )

        async def send() -> Call:
            return await with_retries(
                lambda: self._attempt(tariff, name, request.messages, parameters, reservation),
                retries=self._settings.retries,
                rng=self._rng,
                sleep=self._sleep,
            )

        call, known = await self._ledger.once(reservation, caps, send, self._slot())
        if self.role not in SWAPPING_ROLES and not same_model(name, call.response_model):
            raise ProviderError(
                "wrong_model", f"asked for '{name}', answered by '{call.response_model}'", self._settings.place
            )
        return Reply(
            text=call.output,
            finish_reason=call.finish_reason,
            model=call.model,
            response_model=call.response_model,
            tokens_in=call.tokens_in,
            tokens_out=call.tokens_out,
            cost=call.cost,
            latency_ms=call.latency_ms,
            from_ledger=known,
        )

    async def _attempt(
        self,
        tariff: Tariff,
        name: str,
        messages: tuple[Message, ...],
        parameters: Mapping[str, Any],
        reservation: Reservation,
    ) -> Call:
        target = target_of(self._settings, name, self._environ)
        await self._pace.turn(request_bytes(messages, parameters) // 4 + int(parameters.get("max_tokens") or 0))
        started = time.perf_counter()
        said = await tariff.gate.send(target, messages, parameters)
        latency = (time.perf_counter() - started) * 1000.0
        _check_whole(said, parameters, name, self._settings.place)
        return Call(
            scope=reservation.scope,
            key=reservation.key,
            role=self.role,
            model=name,
            response_model=said.model,
            output=said.text,
            finish_reason=said.finish_reason,
            tokens_in=said.tokens_in,
            tokens_out=said.tokens_out,
            cost=tariff.cost(name, said),
            latency_ms=latency,
            at=self._now(),
        )

    def _parameters(self, request: Request) -> dict[str, Any]:
        settings = {"temperature": self._settings.temperature, "max_tokens": self._settings.max_tokens}
        own = {"temperature": request.temperature, "response_format": request.response_format}
        config = validate_config(request.config, "config")
        said = {**_given(settings), **config, **_given(own)}
        said.pop("model", None)
        for tool in said.get("tools", ()):
            if not isinstance(tool, Mapping) or tool.get("type") != "function":
                # Other kinds (hosted ones, tool servers) carry addresses, and no version may name an address.
                raise InputError("a tool is not of type 'function'", "config tools", "Describe functions only.")
        return said

    def _slot(self) -> asyncio.Semaphore:
        # A semaphore belongs to the loop it was first waited on; the command line may run several loops in turn.
        loop = asyncio.get_running_loop()
        if self._slots is None or self._slots[0] is not loop:
            self._slots = (loop, asyncio.Semaphore(self._settings.max_parallel))
        return self._slots[1]


def _check_whole(said: Said, parameters: Mapping[str, Any], name: str, place: str) -> None:
    """ProviderError for an answer that was cut off well before max_tokens: that says nothing about the prompt."""
    limit = int(parameters.get("max_tokens") or 0)
    if said.finish_reason == "length" and 0 < said.tokens_out < limit // 2:
        raise ProviderError("bad_answer", f"model '{name}' broke off after {said.tokens_out} of {limit} tokens", place)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}
