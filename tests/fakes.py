"""Stand-ins for the outside world, shared by the tests: one named class per port."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from library.calls import Caps, ModelRole
from tools.models import Reply, Request


class FakeModel:
    """A model whose answers are computed by a plain function of the rendered messages; it raises what it is given.

    requests: everything that was asked, in order of arrival; most_in_flight: the largest number of open calls.
    """

    def __init__(
        self,
        answer: Callable[[Request], "str | Reply | Exception"],
        *,
        role: ModelRole = "student",
        name: str = "fake/model",
        delay: Callable[[Request], float] = lambda request: 0.0,
    ) -> None:
        self.role: ModelRole = role
        self.name = name
        self.requests: list[Request] = []
        self.most_in_flight = 0
        self._answer, self._delay, self._in_flight = answer, delay, 0

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """Answer after the delay (seconds)."""
        self.requests.append(request)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        await asyncio.sleep(self._delay(request))
        self._in_flight -= 1
        said = self._answer(request)
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, Reply) else reply(said, name=self.name)


def reply(text: str, *, name: str = "fake/model", finish_reason: str = "stop", cost: float | None = 0.0) -> Reply:
    """A complete reply around a text."""
    return Reply(
        text=text,
        finish_reason=finish_reason,
        model=name,
        response_model=name,
        tokens_in=10,
        tokens_out=2,
        cost=cost,
        latency_ms=1.0,
        from_ledger=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the fake server does with one request: a chat completion, or a fault.

    status other than 200 sends an error body with `headers`; hang never answers; cut sends half of the announced
    body and closes; raw replaces the body; delay in seconds.
    """

    text: str | None = "ok"
    model: str | None = None
    finish_reason: str = "stop"
    status: int = 200
    error: str = "scripted fault"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    raw: str | None = None
    delay: float = 0.0


class FakeProvider:
    """An OpenAI-compatible chat server on loopback, in a thread of its own; use as a context manager.

    Requests take the steps of `script` in order of arrival; after its end `answer` (text from the request body)
    decides. requests: the bodies, in order; headers: theirs; most_in_flight: the largest number of open requests.
    """

    def __init__(self, script: Sequence[Answer] = (), answer: Callable[[dict[str, Any]], Answer] | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.most_in_flight = 0
        self._script = list(script)
        self._answer = answer or (lambda body: Answer())
        self._in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""

    def __enter__(self) -> "FakeProvider":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
        self.requests.append(body)
        self.headers.append(headers)
        with self._counted():
            step = self._script.pop(0) if self._script else self._answer(body)
            await asyncio.sleep(3600 if step.hang else step.delay)
        said = (_completion(step, body) if step.raw is None else step.raw).encode()
        lines = [f"HTTP/1.1 {step.status} Scripted", "content-type: application/json", f"content-length: {len(said)}"]
        lines += [f"{k}: {v}" for k, v in step.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (said[: len(said) // 2] if step.cut else said))
        await writer.drain()
        return not step.cut

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1


def _completion(step: Answer, body: Mapping[str, Any]) -> str:
    if step.status != 200:
        return json.dumps({"error": {"message": step.error, "type": "scripted", "code": str(step.status)}})
    message = {"role": "assistant", "content": step.text}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": step.model or body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": step.finish_reason}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        }
    )
