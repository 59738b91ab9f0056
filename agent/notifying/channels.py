"""Channels as the settings name them, opened: secrets read from the environment, the way out fenced in."""

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Protocol

from agent.channel_settings import ChannelSection
from library.errors import InputError
from library.notices import Telling
from tools.notify.addresses import Resolver, read_url, system_resolver
from tools.notify.mail import PORTS, Mailbox
from tools.notify.outgoing import WayOut, trusting
from tools.notify.slack import Chat
from tools.notify.webhook import Webhook, read_secrets


class Channel(Protocol):
    """Somewhere a notice can go."""

    async def send(self, key: str, telling: Telling, *, at: datetime) -> None:
        """Send it once. key: stays the same over all tries. Undelivered where the receiver did not take it."""


def wants(section: ChannelSection, telling: Telling) -> bool:
    """Whether a channel is to be told of this."""
    return any(fnmatchcase(telling.event, pattern) for pattern in section.events) and any(
        fnmatchcase(telling.prompt, pattern) for pattern in section.prompts
    )


def open_channel(
    name: str,
    section: ChannelSection,
    environ: Mapping[str, str],
    *,
    timeout_s: float,
    resolve: Resolver = system_resolver,
) -> Channel:
    """The channel of a table of settings; InputError, naming the setting, where something is missing or wrong."""
    place = f"[notify.{name}]"
    trust = trusting(section.ca_file, f"{place} ca_file")
    way = WayOut(allow_private=section.allow_private, timeout_s=timeout_s, trust=trust, resolve=resolve)
    if section.kind == "smtp":
        return Mailbox(
            place=place,
            host=section.host,
            port=section.port or PORTS[section.tls],
            security=section.tls,
            sender=section.sender,
            receivers=section.to,
            way=way,
            user=_secret(environ, section.user_env, f"{place} user_env") if section.user_env else "",
            password=_secret(environ, section.password_env, f"{place} password_env") if section.password_env else "",
        )
    where = f"{place} url_env" if section.url_env else f"{place} url"
    url = _secret(environ, section.url_env, where) if section.url_env else section.url
    read_url(url, where)
    if section.kind == "slack":
        return Chat(place=where, url=url, way=way)
    secret_place = f"{place} secret_env"
    keys = read_secrets(_secret(environ, section.secret_env, secret_place), secret_place)
    return Webhook(place=where, url=url, keys=keys, way=way)


def _secret(environ: Mapping[str, str], name: str, place: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise InputError(f"the environment variable {name} is not set", place, "Set it where Promptkeeper runs.")
    return value
