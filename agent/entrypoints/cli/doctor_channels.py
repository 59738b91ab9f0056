"""What the doctor says about notification channels: set up, resolvable, allowed; nothing is sent to them."""

import asyncio
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from agent.entrypoints.cli.doctor_checks import TIMEOUT_S, Check, broken
from library.errors import Outage, PromptkeeperError

if TYPE_CHECKING:
    from agent.channel_settings import ChannelSection
    from agent.settings import Settings


def channels(settings: "Settings", environ: Mapping[str, str]) -> Iterator[Check]:
    """A line for each channel, and one for what could not be delivered."""
    for name, section in sorted(settings.notify.items()):
        yield _channel(name, section, environ)
    if settings.notify:
        yield from _undelivered(settings)
        if not settings.server.public_url:
            mend = 'Set [server] public_url, such as "https://prompts.example.org".'
            yield Check(name="notifications", state="note", detail="they hold no links to the pages", mend=mend)


def _channel(name: str, section: "ChannelSection", environ: Mapping[str, str]) -> Check:
    """Its secrets are at hand, its receiver's name is known and leads where it may."""
    from agent.notifying.channels import open_channel
    from tools.notify.addresses import permitted, read_url, system_resolver
    from tools.notify.mail import PORTS

    title = f"channel {name}"
    try:
        open_channel(name, section, environ, timeout_s=TIMEOUT_S)
        host, port = section.host, section.port or PORTS[section.tls]
        if section.kind != "smtp":
            target = read_url(environ.get(section.url_env, "").strip() or section.url, title)
            host, port = target.host, target.port
        asyncio.run(permitted(host, port, allow_private=section.allow_private, resolve=system_resolver))
    except PromptkeeperError as error:
        return broken(title, error)
    detail = f"{section.kind} at {host}:{port}, tells {', '.join(section.events)}"
    unknown = [pattern for pattern in section.events if not _fits(pattern)]
    if unknown:
        mend = f"Correct [notify.{name}] events; docs/notifications.md lists them."
        return Check(name=title, state="note", detail=f"no event is called {', '.join(unknown)}", mend=mend)
    return Check(name=title, state="ok", detail=detail)


def _fits(pattern: str) -> bool:
    from agent.notifying.wording import KINDS

    return any(fnmatchcase(kind, pattern) for kind in KINDS)


def _undelivered(settings: "Settings") -> Iterator[Check]:
    from library.store.engine import Database
    from library.store.migrations.upgrade import is_current
    from library.store.notices import NoticeStore

    database: Database | None = None
    try:
        database = Database(settings.library_url)
        file = database.engine.url.database if database.dialect == "sqlite" else None
        there = file is None or Path(file).exists()  # looking must not make a library
        failed = NoticeStore(database).failed() if there and is_current(database) else {}
        if failed:
            detail = ", ".join(f"{count} for {name}" for name, count in sorted(failed.items()))
            mend = "See promptkeeper notices list --failed, then promptkeeper notices retry --all."
            yield Check(name="notifications", state="note", detail=f"could not be delivered: {detail}", mend=mend)
    except Outage:
        return  # the line about the library has said so
    finally:
        if database is not None:
            database.close()
