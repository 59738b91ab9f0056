"""A policy as the engine uses it: packs and one prompt's file merged into one immutable value."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from typing import Any, Literal

from library.prompts import canonical_json
from policies.verdict import Severity

Mode = Literal["verbatim", "equivalent", "presence"]

CHECKS = (
    "protected-clause",
    "safety-weakened",
    "safety-contradicted",
    "variables",
    "output-contract",
    "secret-leak",
    "pii-leak",
    "data-leak",
    "injection",
    "hidden-text",
    "length-budget",
    "forbidden-phrase",
    "language",
    "unknown-url",
    "brand",
    "config",
)
POLICY_ERROR = "policy-error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedClause:
    """A clause its owners protect: by text, or by the words it must contain."""

    id: str
    text: str = ""
    contains_all: tuple[str, ...] = ()
    mode: Mode = "equivalent"
    context: Literal["live", "any"] = "live"
    why: str = ""
    severity: Severity = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the answers must look like, where the owners say so; it beats what the engine infers."""

    json_keys: tuple[str, ...] = ()
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sentinel: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A named, expiring permission for one rule on one exact candidate."""

    rule: str
    candidate: str
    reason: str
    by: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row by which a check proves itself when policies are tested: `good` must not make it fire, `bad` must."""

    check: str
    good: bool
    current: str
    candidate: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    current_config: Mapping[str, Any] = field(default_factory=dict)
    candidate_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything the engine enforces for one prompt. `checks` empty means that nothing was selected, which blocks."""

    place: str
    checks: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    packs: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    protected: tuple[ProtectedClause, ...] = ()
    required_variables: tuple[str, ...] = ()
    optional_variables: tuple[str, ...] = ()
    contract: Contract = Contract()
    max_chars: int | None = None
    max_growth: float | None = None
    forbidden: tuple[str, ...] = ()
    must_keep: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    language: str | None = None
    levels: Mapping[str, Severity] = field(default_factory=dict)
    synonyms: tuple[tuple[str, ...], ...] = ()
    waivers: tuple[Waiver, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def digest(self) -> str:
        """`sha256:…` of everything that can change a verdict; place, descriptions and examples do not count."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"place", "about", "examples"}}
        return "sha256:" + hashlib.sha256(canonical_json(_plain(said)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
