"""Runs: which cycles went through the graph, what each tried, and why it stopped; live while one is under way."""

from fastapi import APIRouter, Response

from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Reader

router = APIRouter(include_in_schema=False)
STEPS = ("monitor", "diagnose", "hypothesize", "rewrite", "test", "propose")


@router.get("/runs")
def overview(visitor: Reader, prompt: str | None = None) -> Response:
    """The newest runs."""
    found = visitor.door.library.runs.list(prompt=prompt or None, limit=50)
    return page("runs.html", visitor, runs=found, prompt=prompt, steps=STEPS)


@router.get("/runs/{id}")
def show(id: Id, visitor: Reader) -> Response:
    """One run."""
    library = visitor.door.library
    run = library.runs.get(id)
    return page(
        "run.html",
        visitor,
        run=run,
        attempts=library.runs.attempts(run_id=id),
        spend=library.calls.spend(f"run:{id}"),
        steps=STEPS,
    )
