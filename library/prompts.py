"""A prompt: its name, its immutable versions, and the labels that point at them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from library.errors import InputError

Kind = Literal["text", "chat"]
Format = Literal["mustache", "f-string"]
Role = Literal["system", "user", "assistant"]

PRODUCTION = "production"
LATEST = "latest"
PROTECTED_LABELS = frozenset({PRODUCTION})
RESERVED_SEGMENTS = frozenset({"labels", "versions", "trend", "cycles"})
NAME_SEGMENT = re.compile(r"[a-z0-9_.-]{1,64}")
LABEL_NAME = re.compile(r"[a-z0-9_.-]{1,36}")
NAME_LIMIT = 200  # characters
TEXT_LIMIT = 1_000_000  # characters of one version, all messages together

CONFIG_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "model": (str,),
        "temperature": (int, float),
        "top_p": (int, float),
        "max_tokens": (int,),
        "seed": (int,),
        "stop": (str, list),
        "response_format": (dict,),
        "tools": (list,),
    }
)
"""The only settings that travel with a version: never a base URL, key, header or callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat prompt; content is a template in the version's format."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a version says, before it is numbered: text or messages, the template format, the model settings.

    Exactly one of text (kind `text`) and messages (kind `chat`) is filled.
    """

    kind: Kind = "text"
    format: Format = "mustache"
    text: str = ""
    messages: tuple[Message, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """`sha256:…` of the canonical JSON of everything that is said here."""
        return "sha256:" + hashlib.sha256(canonical_json(self.to_json()).encode()).hexdigest()

    @property
    def full_text(self) -> str:
        """All template text as one string; messages are joined by a blank line, in order."""
        return self.text if self.kind == "text" else "\n\n".join(m.content for m in self.messages)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `Content.from_json` reads it back to an equal value."""
        said: dict[str, Any] = {"kind": self.kind, "format": self.format, "config": dict(self.config)}
        if self.kind == "text":
            said["text"] = self.text
        else:
            said["messages"] = [{"role": m.role, "content": m.content} for m in self.messages]
        return said

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> "Content":
        """Read what `to_json` wrote; the store's own data, so it is not validated again."""
        return Content(
            kind=said["kind"],
            format=said["format"],
            text=said.get("text", ""),
            messages=tuple(Message(role=m["role"], content=m["content"]) for m in said.get("messages", ())),
            config=dict(said["config"]),
        )

    def with_text(self, texts: tuple[str, ...]) -> "Content":
        """The same prompt with other template texts: one for kind text, one per message for kind chat."""
        if self.kind == "text":
            return Content(kind="text", format=self.format, text=texts[0], config=self.config)
        messages = tuple(Message(role=m.role, content=t) for m, t in zip(self.messages, texts, strict=True))
        return Content(kind="chat", format=self.format, messages=messages, config=self.config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An immutable, numbered state of a prompt."""

    prompt: str
    number: int
    content: Content
    content_hash: str
    created_at: datetime
    created_by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A library entry: labels point at version numbers; `latest` is the highest number.

    metrics: how answers are judged, a list of {"name": …, parameters…}. Those with a "weight" make the score that
    counts, in these parts; where none has one, the first alone does. "protected": true marks scores that may not fall.
    """

    name: str
    description: str
    created_at: datetime
    metrics: tuple[Mapping[str, Any], ...]
    labels: Mapping[str, int]
    latest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMove:
    """One line of the append-only history of a label."""

    prompt: str
    label: str
    from_version: int | None
    to_version: int
    actor: str
    reason: str
    at: datetime
    proposal_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something: a name for the record, and whether the person may move protected labels.

    kind: `local` (the operating-system user), `token` (a server's user) or `agent` (Promptkeeper itself).
    """

    name: str
    kind: Literal["local", "token", "agent"]
    reviewer: bool


def canonical_json(value: Any) -> str:
    """One spelling for one value: sorted keys, no blanks, text kept as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def validate_name(name: str) -> str:
    """Return the prompt name if it is a legal one, else raise InputError naming the segment at fault."""
    segments = name.split("/")
    if len(name) > NAME_LIMIT:
        raise InputError(f"prompt name of {len(name)} characters", name[:40] + "…", f"Use at most {NAME_LIMIT}.")
    for segment in segments:
        if segment in RESERVED_SEGMENTS:
            raise InputError(f"'{segment}' is a reserved name segment", name, "Choose another word for it.")
        if not NAME_SEGMENT.fullmatch(segment) or segment in {".", ".."}:
            raise InputError(
                f"prompt name segment '{segment}' is not allowed",
                name,
                "Use lower-case letters, digits, '_', '.', '-', joined by '/' (support/triage).",
            )
    return name


def validate_label(label: str) -> str:
    """Return the label if people may set it, else raise InputError."""
    if label == LATEST:
        raise InputError("label 'latest' is kept by the library", label, "Choose another label.")
    if not LABEL_NAME.fullmatch(label):
        raise InputError(
            f"label '{label[:40]}' is not allowed",
            label[:40],
            "Use 1 to 36 of lower-case a-z, 0-9, '_', '.', '-'.",
        )
    return label


def validate_config(config: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the config if every key is on the allow-list with a value of its type, else raise InputError."""
    for key, value in config.items():
        if key not in CONFIG_TYPES:
            allowed = ", ".join(CONFIG_TYPES)
            raise InputError(f"config key '{key}' is not allowed", place, f"Allowed are {allowed}.")
        if not isinstance(value, CONFIG_TYPES[key]) or isinstance(value, bool):
            kinds = " or ".join(t.__name__ for t in CONFIG_TYPES[key])
            raise InputError(f"config key '{key}' is {type(value).__name__}, not {kinds}", place, "Correct the value.")
    return dict(config)
