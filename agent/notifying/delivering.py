"""Notices reach their receivers: several at once, tried again after growing waits, given up after the last try."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.notifying.channels import Channel
from library.errors import InputError, PromptkeeperError
from library.notices import Notice
from library.store.stores import Library
from policies.rulebook import NotificationRules
from tools.notify.failures import Undelivered

MOST_ERROR = 300  # characters kept of why a try failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of the tries of one round: taken by the receiver, to be tried again, given up."""

    sent: int = 0
    again: int = 0
    failed: int = 0


OpenChannel = Callable[[str], Channel]
"""A channel by its name; InputError where its settings cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What delivering takes. names: the channels of the settings; rng: for the waits."""

    library: Library
    names: frozenset[str]
    open_channel: OpenChannel
    rules: NotificationRules
    now: Callable[[], datetime]
    rng: random.Random


async def deliver(post: Post) -> Delivered:
    """Send everything that is due now. One receiver that fails never stops the others."""
    counts = {"sent": 0, "again": 0, "failed": 0}
    lease = timedelta(seconds=post.rules.lease_seconds)
    channels: dict[str, Channel | PromptkeeperError] = {}
    while True:
        # No more than are sent at once: what is taken must be over before its lease is.
        taken = await asyncio.to_thread(
            post.library.notices.take, post.names, now=post.now(), lease=lease, limit=post.rules.max_parallel
        )
        if not taken:
            break
        for name in {notice.channel for notice in taken} - channels.keys():
            channels[name] = _opened(post, name)
        for outcome in await asyncio.gather(*(_try(post, channels[notice.channel], notice) for notice in taken)):
            counts[outcome] += 1
    await asyncio.to_thread(post.library.notices.let_go, before=post.now() - timedelta(days=post.rules.keep_days))
    return Delivered(**counts)


def _opened(post: Post, name: str) -> Channel | PromptkeeperError:
    try:
        return post.open_channel(name)
    except InputError as error:
        return error


async def _try(post: Post, channel: Channel | PromptkeeperError, notice: Notice) -> str:
    try:
        if isinstance(channel, PromptkeeperError):
            raise channel
        await channel.send(notice.key, notice.telling, at=post.now())
    except PromptkeeperError as error:
        return await _missed(post, notice, error)
    except Exception as error:  # noqa: BLE001 - whatever a receiver makes of a client, the other notices go out
        return await _missed(post, notice, Undelivered(f"unexpected {type(error).__name__}", notice.channel, ""))
    await asyncio.to_thread(post.library.notices.sent, notice, now=post.now())
    return "sent"


async def _missed(post: Post, notice: Notice, error: PromptkeeperError) -> str:
    said = " ".join(str(error).split())[:MOST_ERROR]
    again_at = again(notice, error, post.rules, now=post.now(), chance=post.rng.random())
    await asyncio.to_thread(post.library.notices.missed, notice, said, again_at=again_at)
    return "failed" if again_at is None else "again"


def again(
    notice: Notice, error: PromptkeeperError, rules: NotificationRules, *, now: datetime, chance: float
) -> datetime | None:
    """When a notice is tried again after this error, None to give up: at once where no try can succeed.

    A receiver that asks for more time gets it, up to the longest wait.
    """
    if not isinstance(error, Undelivered) or error.hopeless or notice.attempts >= rules.tries:
        return None
    asked = timedelta(seconds=min(error.retry_after or 0.0, rules.longest_wait_seconds))
    return now + max(rules.wait(notice.attempts, chance), asked)
