"""`promptkeeper optimize`: look for a better version of a prompt by hand, without an incident."""

import asyncio
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from agent.entrypoints.cli.cycle import OUTAGES, run_document
from agent.entrypoints.cli.opening import Opened, opened
from agent.entrypoints.cli.output import cell, emit, facts, with_json
from agent.entrypoints.cli.run_chart import chart
from agent.entrypoints.cli.runs import check_folder, gate_words, path_words, save_svg, terms_words
from agent.next_step import would_change
from agent.run_story import Story, story
from library.errors import PromptkeeperError
from library.runs import Attempt, Run, RunOptions
from library.store.stores import Library


class Interrupted(PromptkeeperError):
    """A person stopped the run; it is kept, and goes on from its last step."""

    exit_code = 130


@click.command()
@click.argument("name")
@click.option("--dataset", required=True, metavar="D", help="Only its items take part, and the prompt's anchors.")
@click.option("--strategy", default="", metavar="S", help="The only way of writing candidates; default: all.")
@click.option("--rounds", type=int, metavar="N", help="At most so many rounds; default: as the rulebook says.")
@click.option("--budget-usd", "usd", type=float, metavar="X", help="At most so much money, in US dollars.")
@click.option("--budget-calls", "calls", type=int, metavar="N", help="At most so many model calls.")
@click.option("--seed", type=int, metavar="N", help="Of all random choices; default: drawn.")
@click.option("--plot", metavar="FILE.svg", help="Write the run as a picture.")
@with_json
def command(
    name: str,
    dataset: str,
    strategy: str,
    rounds: int | None,
    usd: float | None,
    calls: int | None,
    seed: int | None,
    plot: str | None,
    as_json: bool,
) -> int:
    """Look for a better version of NAME; what is proven waits in the queue of proposals.

    A run that was interrupted or killed goes on when the same command is given again. Exit 0 with a proposal, 1 when
    nothing was proven, 3 on an outage or a spent budget.
    """
    if plot is not None:
        check_folder(Path(plot))  # before anything is paid for
    options = RunOptions(dataset=dataset, strategy=strategy, rounds=rounds, usd=usd, calls=calls)
    with opened() as project:
        run = _to_its_end(project, name, options, seed)
        attempts = project.library.runs.attempts(run_id=run.id)
        told = story(attempts, project.library.runs.bill(run.id))
        document = {**run_document(project, run), "would_change": would_change(run), "story": told}
    if plot is not None:
        save_svg(Path(plot), run, told)
    emit(as_json, document, lambda: "\n\n".join(_blocks(document, run, attempts, told)))
    return _exit_code(run)


def _exit_code(run: Run) -> int:
    if run.state == "failed":
        return 2
    return 0 if run.stop_reason == "proposed" else 3 if run.stop_reason in OUTAGES else 1


def _to_its_end(project: Opened, name: str, options: RunOptions, seed: int | None) -> Run:
    try:
        with _quiet_threads():
            return asyncio.run(_run(project, name, options, seed))
    except KeyboardInterrupt:
        raise _interrupted(project.library, name) from None


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """No traceback from a database thread whose answer comes when an interruption has closed the loop already."""
    before = threading.excepthook

    def told(happened: threading.ExceptHookArgs) -> None:
        if not (isinstance(happened.exc_value, RuntimeError) and "loop is closed" in str(happened.exc_value)):
            before(happened)

    threading.excepthook = told
    try:
        yield
    finally:
        threading.excepthook = before


def _interrupted(library: Library, name: str) -> Interrupted:
    claim = library.runs.holder(name)
    if claim is None:
        return Interrupted("interrupted before anything was begun", name)
    return Interrupted(
        f"interrupted; run {claim.run_id} is kept, and what was paid for with it",
        name,
        "Give the same command again to go on with it.",
    )


async def _run(project: Opened, name: str, options: RunOptions, seed: int | None) -> Run:
    from agent.bootstrap import opened_checkpoints, opened_services
    from agent.entrypoints.cli.optimize_live import Live
    from agent.optimize import optimize
    from agent.services import silent

    shown = Live(project.library, name) if sys.stderr.isatty() else None
    try:
        async with (
            opened_services(project.settings, project.library, progress=shown or silent) as services,
            opened_checkpoints(project.settings) as checkpoints,
        ):
            return await optimize(services, checkpoints, name, options, seed=seed)
    finally:
        if shown is not None:
            shown.clear()


def _blocks(document: Mapping[str, Any], run: Run, attempts: tuple[Attempt, ...], told: Story) -> Iterator[str]:
    best = next((r.best for r in reversed(told.rounds) if r.best is not None), None)
    proposal = run.proposal_id
    yield facts(
        [
            ("run", f"{run.id}, {run.prompt}@{run.base_version}, {run.options}"),
            ("path", path_words(run.path)),
            ("ended", f"{run.stop_reason}: {cell(run.stop_detail)}"),
            ("next", document["would_change"]),
            ("best", _best_words(told.base, best)),
            ("gate", gate_words(attempts)),
            ("terms", terms_words(attempts)),
            ("attempts", ", ".join(f"{n} {state}" for state, n in document["attempts"].items())),
            ("spend", f"{document['spend_words']} ({told.end.student_calls} calls of the student)"),
            ("proposal", f"{proposal} (promptkeeper proposals show {proposal})" if proposal else None),
        ]
    )
    if picture := chart(told):
        yield picture


def _best_words(base: float | None, best: float | None) -> str | None:
    if base is None:
        return None
    return f"{base:.3f} live" + ("" if best is None else f", {best:.3f} best") + " on the select items"
