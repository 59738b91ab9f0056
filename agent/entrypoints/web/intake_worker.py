"""The storing process: takes frames from standard input, stores whatever waits in one transaction, answers each.

It ends when its input ends, after everything that came has been stored and answered.
"""

import json
import os
import queue
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from agent.bootstrap import rulebook_of
from agent.entrypoints.signing import audit_key
from agent.entrypoints.web.intake_process import frame
from agent.entrypoints.web.keeper import Keeper
from agent.entrypoints.web.parcels import Parcel, Taken, refused
from agent.settings import find_root, load_settings
from library.errors import PromptkeeperError
from library.store.stores import open_library

GROUP_BYTES = 2 * 2**20
"""How much goes into one transaction at the most, so that nobody waits long for somebody else's load."""

Frame = tuple[dict[str, Any], bytes]


def main() -> int:
    """Serve until the input ends."""
    # The server ends this process by closing its input; a signal to all that the service started (a Ctrl-C, or the
    # SIGTERM of a service manager) must not cut short what is being stored.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.SIG_IGN)
    try:
        settings = load_settings(find_root(Path.cwd()))
        library = open_library(settings.library_url, audit_key=audit_key())
        keeper = Keeper(library, lambda: datetime.now(UTC), rulebook_of(settings).privacy.redact)
    except PromptkeeperError as error:
        sys.stderr.write(f"promptkeeper: storing: {error}\n")
        return error.exit_code
    # Answers have standard output to themselves: what a library may print goes to standard error.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    waiting: queue.Queue[Frame | None] = queue.Queue(maxsize=10_000)
    threading.Thread(target=_receive, args=(sys.stdin.buffer, waiting), daemon=True).start()
    try:
        _serve(keeper, waiting, out)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # the server was killed: nobody is there to be told
    finally:
        library.db.close()
    return 0


def _receive(stream: BinaryIO, waiting: "queue.Queue[Frame | None]") -> None:
    """Put whole frames in the queue, and None after them. One that the server's death has cut off is left out."""
    while len(sizes := stream.read(8)) == 8:
        head_size, body_size = int.from_bytes(sizes[:4], "big"), int.from_bytes(sizes[4:], "big")
        head, body = stream.read(head_size), stream.read(body_size)
        if (len(head), len(body)) != (head_size, body_size):
            break
        waiting.put((json.loads(head), body))
    waiting.put(None)


def _serve(keeper: Keeper, waiting: "queue.Queue[Frame | None]", out: BinaryIO) -> None:
    while (first := waiting.get()) is not None:
        group, more = _group(first, waiting)
        parcels = [
            Parcel(
                kind=head["kind"],
                body=body,
                media_type=head["media_type"],
                encoding=head["encoding"],
                trusted=head["trusted"],
            )
            for head, body in group
        ]
        for (head, _), taken in zip(group, _kept(keeper, parcels), strict=True):
            said = {"number": head["number"], "status": taken.status, "media_type": taken.media_type}
            out.write(frame(said, taken.body))
        out.flush()
        if not more:
            return


def _kept(keeper: Keeper, parcels: list[Parcel]) -> list[Taken]:
    try:
        return keeper.keep(parcels)
    except Exception as error:  # noqa: BLE001 - one odd body must not end the storing of all others
        if len(parcels) > 1:
            return [taken for parcel in parcels for taken in _kept(keeper, [parcel])]
        sys.stderr.write(f"promptkeeper: storing failed: {type(error).__name__}\n")
        return [refused(500, f"unexpected {type(error).__name__}")]


def _group(first: Frame, waiting: "queue.Queue[Frame | None]", most: int = GROUP_BYTES) -> tuple[list[Frame], bool]:
    """What waits now, up to so many bytes; and whether more may come."""
    group, size = [first], len(first[1])
    while size < most:
        try:
            following = waiting.get_nowait()
        except queue.Empty:
            return group, True
        if following is None:
            return group, False
        group.append(following)
        size += len(following[1])
    return group, True


if __name__ == "__main__":
    sys.exit(main())
