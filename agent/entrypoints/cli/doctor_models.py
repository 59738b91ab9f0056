"""What the doctor says about models and money, without sending anything to a model."""

import socket
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.entrypoints.cli.doctor_checks import TIMEOUT_S, Check, broken
from library.errors import PromptkeeperError

if TYPE_CHECKING:
    from agent.settings import ModelSection, Settings

EMBEDDED = frozenset({"embedded/student", "embedded/teacher"})
PORTS = {"http": 80, "https": 443}


def model(role: str, section: "ModelSection", environ: Mapping[str, str]) -> Iterator[Check]:
    """One model: named, its key at hand, its server listening."""
    from tools.model_names import KEYLESS, provider

    name, place = f"{role} model", f"[models.{role}]"
    if not section.model:
        if role == "judge":
            yield Check(name=name, state="ok", detail="none set; metrics that need a judge are not available")
        else:
            yield Check(name=name, state="broken", detail="none set", mend=f"Name one in {place} model.")
        return
    problem: tuple[str, str] | None = None
    if provider(section.model) == "embedded":
        if section.model not in EMBEDDED:
            problem = (f"there is no {section.model}", f"The embedded models are {', '.join(sorted(EMBEDDED))}.")
    elif section.api_key_env:
        if not environ.get(section.api_key_env):
            mend = f"Put the provider's key into it, or correct {place} api_key_env."
            problem = (f"the environment variable {section.api_key_env} is not set", mend)
    elif not section.api_base and provider(section.model) not in KEYLESS:
        mend = f'Name the variable that holds it: {place} api_key_env = "OPENAI_API_KEY".'
        problem = ("no variable is named for its key", mend)
    if problem is not None:
        yield Check(name=name, state="broken", detail=f"{section.model}: {problem[0]}", mend=problem[1])
    elif section.api_base and (silence := _silence(section.api_base)):
        detail = f"{section.model}: {section.api_base} does not answer ({silence})"
        yield Check(name=name, state="broken", detail=detail, mend=f"Start the server, or correct {place} api_base.")
    else:
        yield Check(name=name, state="ok", detail=section.model)


def _silence(address: str) -> str | None:
    """Why nothing listens at an address, None when something does."""
    parts = urlsplit(address)
    try:
        if parts.scheme not in PORTS or not parts.hostname:
            return "not an http address"
        with socket.create_connection((parts.hostname, parts.port or PORTS[parts.scheme]), timeout=TIMEOUT_S):
            return None
    except (OSError, ValueError) as error:
        return str(error)


def budget(settings: "Settings", *, deep: bool) -> Iterator[Check]:
    """The caps, and whether those in money can be kept with the prices that are known."""
    section = settings.budget
    caps = {
        "usd_per_cycle": section.usd_per_cycle,
        "usd_per_day": section.usd_per_day,
        "calls_per_cycle": section.calls_per_cycle,
    }
    said = ", ".join(f"{key} = {value:g}" for key, value in caps.items() if value is not None) or "no caps"
    yield Check(name="budget", state="ok", detail=said)
    in_money = section.usd_per_cycle is not None or section.usd_per_day is not None
    for role in ("student", "teacher", "judge"):
        yield from _price(role, getattr(settings.models, role), in_money=in_money, deep=deep)


def _price(role: str, section: "ModelSection", *, in_money: bool, deep: bool) -> Iterator[Check]:
    from tools.model_names import provider
    from tools.prices import configured_price

    if not section.model or provider(section.model) == "embedded":
        return
    place = f"[models.{role}]"
    mend = f"Set {place} input_usd_per_million and output_usd_per_million."
    try:
        if configured_price(section.input_usd_per_million, section.output_usd_per_million, place) is not None:
            return
    except PromptkeeperError as error:
        yield broken(f"{role} price", error)
        return
    if not deep:
        if in_money:
            detail = f"{section.model}: not looked up"
            yield Check(name=f"{role} price", state="note", detail=detail, mend="Run promptkeeper doctor --deep.")
        return
    from tools.litellm_gate import open_gate

    price = open_gate().price(section.model)
    if price is not None:
        detail = f"{section.model}: ${price.input * 1e6:g} in, ${price.output * 1e6:g} out per million tokens"
        yield Check(name=f"{role} price", state="ok", detail=detail)
    elif in_money:
        detail = f"{section.model}: unknown, so a money cap cannot be kept and calls are refused"
        yield Check(name=f"{role} price", state="broken", detail=detail, mend=mend)
    else:
        yield Check(name=f"{role} price", state="note", detail=f"{section.model}: unknown", mend=mend)
