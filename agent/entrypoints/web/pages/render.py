"""Templates: strict (a missing name is an error), escaping everything, with the few filters that pages need."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from agent.entrypoints.web.pages.visitor import Visitor

TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, visitor: Visitor | None, *, status: int = 200, **said: Any) -> HTMLResponse:
    """A template as a response. visitor: who looks at it, None before signing in."""
    return HTMLResponse(rendered(template, visitor=visitor, **said), status_code=status)


def rendered(template: str, **said: Any) -> str:
    """A template as text."""
    return _environment().get_template(template).render(**said)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"moment": moment, "score": score, "signed": signed, "plain": plain})
    return environment


def moment(at: datetime | str | None) -> str:
    """A time in UTC to the minute."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def score(value: float | None) -> str:
    """A score with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


def plain(value: str) -> str:
    """A machine's word as people write it."""
    return value.replace("_", " ")
