"""The server's side of the storing process: bodies go out as they came, answers come back once they are committed.

Reading and storing traces takes processor time; in a process of its own it leaves the server free to answer who fetches
a prompt. Frames on the pipe: four bytes length of the head, four of the body, the head as JSON, the body.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.entrypoints.web.parcels import Parcel, Taken, refused

PROGRAM = (sys.executable, "-P", "-m", "agent.entrypoints.web.intake_worker")
WAITING_BYTES = 64 * 2**20
WAITING_PARCELS = 2_000
LONGEST_ANSWER = 2**24


class IntakeProcess:
    """Sends parcels to the storing process, and starts it anew when it has died.

    root: the project's folder. program: what stores; most_parcels, most_bytes: how much may wait for it.
    """

    def __init__(
        self,
        root: Path,
        *,
        program: Sequence[str] = PROGRAM,
        most_parcels: int = WAITING_PARCELS,
        most_bytes: int = WAITING_BYTES,
    ) -> None:
        self._root, self._program = root, program
        self._most_parcels, self._most_bytes = most_parcels, most_bytes
        self._line: _Line | None = None
        self._parcels = self._bytes = 0
        self._starting = asyncio.Lock()

    async def send(self, parcel: Parcel) -> Taken:
        """The answer, once what the parcel holds is committed; 429 when too much waits, 503 when the process died."""
        size = len(parcel.body)
        if self._bytes + size > self._most_bytes or self._parcels >= self._most_parcels:
            return refused(429, "too many traces wait to be stored", mend="Send them again later.")
        try:
            line = await self._alive()
        except OSError:
            return refused(503, "the storing process does not start", mend="See the server's log.")
        answer = line.answer_to(parcel)
        self._parcels, self._bytes = self._parcels + 1, self._bytes + size
        answer.add_done_callback(lambda _: self._settled(size))
        await line.sent()
        # A caller that gives up must not take the answer of others along.
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Let it store what waits, and end."""
        if self._line is not None:
            await self._line.close()

    async def _alive(self) -> "_Line":
        async with self._starting:
            if self._line is None or self._line.ended:
                self._line = _Line(
                    await asyncio.create_subprocess_exec(
                        *self._program,
                        cwd=self._root,
                        stdin=asyncio.subprocess.PIPE,
                        stdout=asyncio.subprocess.PIPE,
                        limit=2**20,
                        # A Ctrl-C is for the server, which then lets this process end what it has begun.
                        start_new_session=True,
                    )
                )
            return self._line

    def _settled(self, size: int) -> None:
        self._parcels, self._bytes = self._parcels - 1, self._bytes - size


class _Line:
    """One storing process, and the answers that it owes: those that it leaves behind say nothing about the next one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[Taken]] = {}
        self._number = 0
        self._lost = False
        self._reader = asyncio.create_task(self._read())

    @property
    def ended(self) -> bool:
        """Whether nothing more can be sent."""
        return self._lost or self._process.returncode is not None

    def answer_to(self, parcel: Parcel) -> asyncio.Future[Taken]:
        """Send a parcel; its answer is yet to come. Wait for `sent` before sending more."""
        assert self._process.stdin is not None
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        head = {
            "number": self._number,
            "kind": parcel.kind,
            "media_type": parcel.media_type,
            "encoding": parcel.encoding,
            "trusted": parcel.trusted,
        }
        try:
            self._process.stdin.write(frame(head, parcel.body))
        except (ConnectionError, RuntimeError):
            self._end()
        return answer

    async def sent(self) -> None:
        """Wait until the pipe takes more."""
        assert self._process.stdin is not None
        try:
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError):
            self._end()

    async def close(self) -> None:
        """End the process once it has stored and answered what it was sent."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                head, body = await read_frame(self._process.stdout)
                answer = self._waiting.pop(head["number"])
                if not answer.done():
                    answer.set_result(Taken(status=head["status"], media_type=head["media_type"], body=body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has ended
        except (ValueError, KeyError):
            self._process.kill()  # what it says cannot be understood any more, so nobody would ever be answered
        self._end()
        await self._process.wait()

    def _end(self) -> None:
        """Tell everybody who waits that it is not known to be stored; the same parcel may be sent again."""
        self._lost = True
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_result(refused(503, "the storing process ended", mend="Send it again: ids count once."))


def frame(head: Mapping[str, Any], body: bytes) -> bytes:
    """A frame as it goes through the pipe."""
    said = json.dumps(head).encode()
    return len(said).to_bytes(4, "big") + len(body).to_bytes(4, "big") + said + body


async def read_frame(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame; IncompleteReadError at the end, ValueError for what is none."""
    sizes = await stream.readexactly(8)
    lengths = int.from_bytes(sizes[:4], "big"), int.from_bytes(sizes[4:], "big")
    if max(lengths) > LONGEST_ANSWER:
        raise ValueError(f"a frame of {lengths} bytes")
    head, body = [await stream.readexactly(length) for length in lengths]
    return json.loads(head), body
