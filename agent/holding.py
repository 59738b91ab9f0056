"""Holding a prompt: who claims it, for how long, and the sign of life that keeps the claim while a cycle runs."""

import asyncio
import contextlib
import hashlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from agent.services import Services, in_thread
from library.errors import ClaimLost, Outage, PromptkeeperError
from library.runs import Claim, Run, RunOptions, Trigger


def owner_name() -> str:
    """Who this process is, for the claim: host, process id and its start time, so that a dead one can be told."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def dead(owner: str) -> bool:
    """Whether a claim's owner was a process of this machine that is gone."""
    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    return host == socket.gethostname() and pid.isdigit() and _started(int(pid)) != started


def take(
    services: Services,
    prompt: str,
    trigger: Trigger,
    comment: str,
    owner: str,
    seed: int | None,
    options: RunOptions | None,
) -> tuple[Claim, Run, bool]:
    """Claim the prompt: (claim, run, whether an unfinished run goes on); ClaimHeld when another process works on it."""
    runs = services.library.runs
    live = services.library.prompts.labelled(prompt, services.label)
    holder = runs.holder(prompt)
    # The seed must be the same when the run is taken up again, and nobody outside can foretell it.
    drawn = int.from_bytes(hashlib.sha256(os.urandom(16)).digest()[:6], "big")
    return runs.claim(
        prompt,
        owner=owner,
        trigger=trigger,
        incident_id=None,
        base_version=live.number,
        seed=drawn if seed is None else seed,
        lease=lease_of(services),
        now=services.now(),
        comment=comment,
        options=options,
        own_seed=seed is not None,
        dead_owner=holder.owner if holder is not None and dead(holder.owner) else None,
    )


def lease_of(services: Services) -> timedelta:
    """How long a claim lasts that is not renewed."""
    return timedelta(seconds=services.rulebook.runs.lease_seconds)


@asynccontextmanager
async def kept(services: Services, claim: Claim) -> AsyncIterator[None]:
    """Renew the lease while the body runs; when the claim is lost the body is cancelled and ClaimLost raised."""
    body = asyncio.current_task()
    lost: list[PromptkeeperError] = []

    async def beat() -> None:
        while True:
            await asyncio.sleep(lease_of(services).total_seconds() / 3)
            try:
                await in_thread(services.library.runs.renew, claim, lease=lease_of(services), now=services.now())
            except ClaimLost as error:
                lost.append(error)
                if body is not None:
                    body.cancel()
                return
            except Outage:
                continue  # the lease outlives a short outage; a longer one loses the claim by itself

    heart = asyncio.create_task(beat())
    try:
        yield
    except asyncio.CancelledError:
        if lost:
            raise lost[0] from None
        raise
    finally:
        heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heart
