"""Who a model is and how it is reached: its settings, the name a version may ask for, and who sees the key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from library.calls import ModelRole
from library.errors import InputError
from tools.litellm_gate import Target
from tools.model_names import KEYLESS, provider

SWAPPING_ROLES: frozenset[ModelRole] = frozenset({"teacher", "chat"})
"""Roles that may fall back to another model. Scores of two models are never compared as one, so the others may not."""

PLACEHOLDER_KEY = "no-key"
"""Sent to servers that were given by address and without a key; local ones ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """One `[models.ROLE]` section.

    model: a litellm name; api_key_env: the name of the variable that holds the key; rpm, tpm: calls and tokens per
    minute for this process; timeout_s: seconds for one attempt; retries: further attempts after transient failures;
    prices in US dollars per million tokens, for models that litellm's table does not know.
    """

    role: ModelRole
    model: str
    api_base: str | None = None
    api_key_env: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    max_parallel: int = 8
    fallbacks: tuple[str, ...] = ()
    timeout_s: float = 60.0
    retries: int = 4
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None

    @property
    def place(self) -> str:
        """Where a person finds these settings."""
        return f"[models.{self.role}]"


def check_settings(settings: ModelSettings) -> ModelSettings:
    """Return the settings if they agree with each other, else raise InputError."""
    if not settings.model:
        raise InputError(f"no {settings.role} model is set", f"{settings.place} model", "Name a litellm model.")
    if settings.fallbacks and settings.role not in SWAPPING_ROLES:
        raise InputError(
            f"the {settings.role} cannot have fallbacks: scores of two models are not comparable",
            f"{settings.place} fallbacks",
            "Remove the setting.",
        )
    for other in settings.fallbacks:
        # Base URL and key belong to one provider, and a fallback has no key of its own.
        if provider(other) != provider(settings.model) and provider(other) not in KEYLESS:
            raise InputError(
                f"fallback '{other}' is of another provider than '{settings.model}' and would get its key",
                f"{settings.place} fallbacks",
                "Name fallbacks of the same provider.",
            )
    return settings


def asked_name(settings: ModelSettings, config: Mapping[str, Any]) -> str:
    """The model's name: the student runs on the one its version names, if the settings reach that provider."""
    wanted = config.get("model") if settings.role == "student" else None
    if not wanted or wanted == settings.model:
        return settings.model
    ours = provider(settings.model)
    name = wanted if provider(wanted) or not ours else f"{ours}/{wanted}"
    if provider(name) != ours or ours == "embedded":
        # Base URL and key are never sent to another provider because a version says so.
        raise InputError(
            f"the version asks for model '{wanted}', but the student is set up as '{settings.model}'",
            "config model",
            f"Set {settings.place} model to that provider, or take model out of the version's config.",
        )
    return str(name)


def target_of(settings: ModelSettings, name: str, environ: Mapping[str, str]) -> Target:
    """Where calls to a model go. InputError names the variable or setting where a key is missing."""
    return Target(
        model=name,
        access=_access(settings, name, environ),
        fallbacks=tuple((other, _access(settings, other, environ)) for other in settings.fallbacks),
        timeout_s=settings.timeout_s,
        place=settings.place,
        lenient=settings.role != "student",
    )


def _access(settings: ModelSettings, name: str, environ: Mapping[str, str]) -> dict[str, str]:
    if provider(name) != provider(settings.model):
        return {}
    base = {"api_base": settings.api_base} if settings.api_base else {}
    if settings.api_key_env:
        key = environ.get(settings.api_key_env, "")
        if not key:
            raise InputError(
                f"the environment variable {settings.api_key_env} is not set",
                f"{settings.place} api_key_env",
                "Put the key of the provider into it, or name another variable.",
            )
        return {**base, "api_key": key}
    if base:
        # Without a key of our own, client libraries would send the one they find in the environment.
        return {**base, "api_key": PLACEHOLDER_KEY}
    if provider(name) in KEYLESS:
        return {}
    raise InputError(
        f"model '{name}' needs a key and no variable is named for it",
        f"{settings.place} api_key_env",
        'Name the variable that holds it, as in api_key_env = "OPENAI_API_KEY".',
    )
