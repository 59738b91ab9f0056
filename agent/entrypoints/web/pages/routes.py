"""All pages, and the files they need."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from agent.entrypoints.web.pages import (
    canaries,
    chat,
    incidents,
    notices,
    prompts,
    proposals,
    runs,
    schedule,
    sign_in,
    traces,
)
from agent.entrypoints.web.pages.visitor import SignInNeeded

router = APIRouter()
for part in (sign_in, incidents, proposals, canaries, runs, schedule, notices, chat, traces, prompts):
    router.include_router(part.router)

static = StaticFiles(directory=Path(__file__).parent / "static")


async def sign_in_first(_request: Request, error: Exception) -> Response:
    """To the sign-in page, and back after it."""
    assert isinstance(error, SignInNeeded)
    return RedirectResponse(f"/sign-in?back={error.back}", status_code=303)
