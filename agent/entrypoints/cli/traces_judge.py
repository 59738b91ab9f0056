"""`traces judge`: online evaluation now."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from agent.entrypoints.cli.opening import Opened, opened
from agent.entrypoints.cli.output import emit, facts, with_json
from agent.entrypoints.cli.progress import done, progress

if TYPE_CHECKING:
    from agent.sampling.scoring import OnlineCount


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--minutes", type=click.FloatRange(min=0), help="Ask the judge nothing more after so many minutes.")
@with_json
def command(names: Sequence[str], minutes: float | None, as_json: bool) -> int:
    """Score the calls that came in since the last time, of each NAME or of every prompt.

    Metrics that need no expected answer judge every call or the share that they name; [models.judge] grades a sample
    within [budget] usd_online_per_day and calls_online_per_day; a message that its session repeats scores 0 under
    implicit_repeat. `serve` does this by itself. Exit 3 when the judge is down or its budget is spent.
    """
    with opened() as project:
        for name in names:
            project.library.prompts.get(name)
        count = asyncio.run(_run(project, names, None if minutes is None else timedelta(minutes=minutes)))
    emit(as_json, count, lambda: _said(count))
    return 0 if count.stopped is None else 3


async def _run(project: Opened, names: Sequence[str], at_most: timedelta | None) -> "OnlineCount":
    from agent.bootstrap import opened_services
    from agent.sampling.scoring import score_new

    shown = progress()
    async with opened_services(project.settings, project.library, progress=shown) as services:
        count = await score_new(services, prompts=names, at_most=at_most)
    done(shown)
    return count


def _said(count: "OnlineCount") -> str:
    return facts(
        [
            ("new calls", count.traces),
            ("scores", _list(count.scores) or "none"),
            ("not judged", _list(count.failures) or None),
            ("let go", count.let_go or None),
            ("waiting", count.waiting or None),
            ("stopped", count.stopped),
        ]
    )


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())
