"""Settings of notification channels: `[notify.NAME]` tables of `promptkeeper.toml`, one kind of receiver each.

A secret is never in the file: the names of the environment variables that hold it are.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
EVERYTHING = ("incident.*", "proposal.*", "canary.*")


def _named(channels: dict[str, "ChannelSection"]) -> dict[str, "ChannelSection"]:
    for name in channels:
        if NAME.fullmatch(name) is None:
            raise ValueError(f"'{name}' is no name of a channel: use a-z, 0-9, - and _, at most 40 characters")
    return channels


class ChannelSection(BaseModel):
    """One channel. events, prompts: patterns of which one must fit (`*` fits anything, also `/`).

    url or url_env: where a webhook or a chat listens; the variable, where the address is a secret itself. secret_env:
    what a webhook is signed with. host to password_env: of a mail server. ca_file: certificates to trust instead of
    the usual ones. allow_private: lets it reach private, shared and loopback addresses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["webhook", "slack", "smtp"]
    events: tuple[str, ...] = Field(default=EVERYTHING, min_length=1)
    prompts: tuple[str, ...] = Field(default=("*",), min_length=1)
    allow_private: bool = False
    ca_file: str = ""
    url: str = ""
    url_env: str = ""
    secret_env: str = ""
    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    to: tuple[str, ...] = ()
    sender: str = Field(default="", alias="from")
    user_env: str = ""
    password_env: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> "ChannelSection":
        """Every kind has what it needs, and nothing that is another kind's."""
        mail = {"host", "port", "tls", "to", "sender", "user_env", "password_env"} & self.model_fields_set
        web = {"url", "url_env", "secret_env"} & self.model_fields_set
        if self.kind == "smtp":
            self._is_mail(web)
            return self
        if mail:
            raise ValueError(f"a {self.kind} channel has no '{_spelled(min(mail))}'")
        if bool(self.url) == bool(self.url_env):
            raise ValueError("set one of url and url_env")
        if self.kind == "webhook" and not self.secret_env:
            raise ValueError("set secret_env to the name of the variable that holds the secret to sign with")
        if self.kind == "slack" and self.secret_env:
            raise ValueError("a slack channel has no 'secret_env': its URL is the secret, see url_env")
        return self

    def _is_mail(self, web: set[str]) -> None:
        if web:
            raise ValueError(f"an smtp channel has no '{min(web)}'")
        for name in ("host", "to", "sender"):
            if not getattr(self, name):
                raise ValueError(f"an smtp channel needs '{_spelled(name)}'")
        if any("@" not in one or any(c.isspace() for c in one) for one in self.to):
            raise ValueError("to holds something that is no address of mail")
        if "@" not in self.sender or not self.sender.isprintable():
            raise ValueError("from is no address of mail")
        if bool(self.user_env) != bool(self.password_env):
            raise ValueError("set both user_env and password_env, or neither")
        if self.user_env and self.tls == "none":
            raise ValueError("a password is not sent without TLS: set tls to starttls or tls")


Channels = Annotated[dict[str, ChannelSection], AfterValidator(_named)]


def _spelled(field: str) -> str:
    return "from" if field == "sender" else field
