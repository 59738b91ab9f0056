"""The overview of prompts by health, and the page of one prompt: trend, segments, failures, versions, differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse

from agent.cycle import Wish
from agent.entrypoints.web.door import Door
from agent.entrypoints.web.pages.canaries import shown as release_shown
from agent.entrypoints.web.pages.charts import sparkline, trend_chart
from agent.entrypoints.web.pages.differences import difference
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Fields, Operating, Reader
from library.incidents import ACTIVE, Incident
from library.prompts import PRODUCTION, Prompt
from library.store.points import TrendPoint

router = APIRouter(include_in_schema=False)

A_PAGE = 50
SPARK = timedelta(days=30)
DAY = timedelta(days=1)
HOURS = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A prompt on the overview. health: ill, waiting (for a decision) or well; spark: its scores of the last month."""

    prompt: Prompt
    health: str
    incident: Incident | None
    proposal: int | None
    spark: Markup | None


@router.get("/")
def overview(visitor: Reader, start: Annotated[int, Query(ge=0, le=10**6)] = 0, q: str = "") -> Response:
    """All prompts: those that wait for a decision first, then those that are ill, then the rest by name."""
    library = visitor.door.library
    ill: dict[str, Incident] = {}
    for incident in library.incidents.list(states=tuple(sorted(ACTIVE))):
        ill.setdefault(incident.prompt, incident)
    waiting = {p.prompt: p.id for p in library.proposals.list(state="pending")}
    prompts = [p for p in library.prompts.list() if q.lower() in p.name]
    prompts.sort(key=lambda p: (p.name not in waiting, p.name not in ill, p.name))
    shown = [_row(visitor.door, p, ill.get(p.name), waiting.get(p.name)) for p in prompts[start : start + A_PAGE]]
    return page(
        "overview.html",
        visitor,
        rows=shown,
        count=len(prompts),
        ill=sum(p.name in ill for p in prompts),
        waiting=len(waiting),
        start=start,
        following=start + A_PAGE if start + A_PAGE < len(prompts) else None,
        q=q,
    )


def _row(door: Door, prompt: Prompt, incident: Incident | None, proposal: int | None) -> Row:
    points = door.library.traces.points(
        prompt.name,
        metric=str(prompt.metrics[0]["name"]),
        width_seconds=int(DAY.total_seconds()),
        since=door.now() - SPARK,
    )
    health = "waiting" if proposal is not None else "ill" if incident is not None else "well"
    return Row(prompt=prompt, health=health, incident=incident, proposal=proposal, spark=sparkline(points))


@router.get("/prompts/{name:path}")
def show(
    name: str, visitor: Reader, metric: str | None = None, old: int | None = None, new: int | None = None
) -> Response:
    """One prompt. old, new: versions to compare; the last two unless given."""
    library = visitor.door.library
    prompt = library.prompts.get(name)
    chosen = metric or str(prompt.metrics[0]["name"])
    points, width = _points(visitor.door, name, chosen)
    incidents = library.incidents.list(prompt=name)
    versions = library.prompts.versions(name)
    newer = new or (versions[-1].number if versions else 0)
    older = old or max(1, newer - 1)
    pair = {v.number: v for v in versions}
    changed = difference(pair[older].content, pair[newer].content) if {older, newer} <= pair.keys() else []
    ill = [i for i in incidents if i.state in ACTIVE]
    return page(
        "prompt.html",
        visitor,
        prompt=prompt,
        metric=chosen,
        metrics=[str(m["name"]) for m in prompt.metrics],
        production=prompt.labels.get(PRODUCTION),
        chart=trend_chart(
            points,
            width,
            what=f"{chosen} of {name}",
            onsets=[i.degradation.onset for i in ill],
        ),
        table=_table(points),
        active=ill[0] if ill else None,
        releases=[release_shown(visitor.door, c) for c in library.canaries.list(prompt=name, active=True)],
        incidents=incidents,
        versions=versions[::-1],
        current=pair.get(prompt.labels.get(PRODUCTION, 0)),
        moves=library.prompts.moves(name)[::-1],
        runs=library.runs.list(prompt=name, limit=10),
        failures=library.failures.list(name)[-8:][::-1],
        older=older,
        newer=newer,
        changed=changed,
    )


@router.post("/prompts/{name:path}/cycle")
def start_cycle(name: str, visitor: Operating, fields: Fields) -> Response:
    """Start a cycle; the runs page shows how it goes."""
    visitor.door.library.prompts.get(name)
    visitor.door.start(Wish(prompt=name, trigger="force" if fields.get("force") else "incident"))
    return RedirectResponse(f"/runs?prompt={name}", status_code=303)


def _points(door: Door, name: str, metric: str) -> tuple[Sequence[TrendPoint], timedelta]:
    """By day; by six hours where there are few days."""
    days = door.library.traces.points(name, metric=metric, width_seconds=int(DAY.total_seconds()))
    if days and days[-1].start - days[0].start < 4 * DAY:
        return door.library.traces.points(name, metric=metric, width_seconds=int(HOURS.total_seconds())), HOURS
    return days, DAY


def _table(points: Sequence[TrendPoint]) -> list[tuple[str, int, float]]:
    """Segments with the number of scores and their mean over all that is shown, the lowest first."""
    sums: dict[str, tuple[int, float]] = {}
    for point in points:
        n, total = sums.get(point.segment, (0, 0.0))
        sums[point.segment] = (n + point.n, total + point.n * point.mean)
    return sorted(((name, n, total / n) for name, (n, total) in sums.items() if n), key=lambda row: row[2])
