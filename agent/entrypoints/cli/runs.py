"""`promptkeeper runs`: cycles that ran, and what they tried."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import cell, emit, facts, table, to_json, with_json, wrapped
from agent.entrypoints.cli.run_chart import attempts_table, chart
from agent.next_step import would_change
from agent.run_plot import run_svg
from agent.run_story import CHOSEN, Story, story
from library.calls import Spend
from library.errors import InputError
from library.runs import Attempt, Run

HERE = "agent.entrypoints.cli.runs"

command = LazyGroup(
    name="runs",
    help="Cycles that ran: path, attempts, spend.",
    table={
        "list": (f"{HERE}:list_command", "Runs, newest first."),
        "show": (f"{HERE}:show_command", "One run: path through the graph, attempts, spend."),
    },
)


@click.command("list")
@click.option("--prompt", metavar="NAME", help="Only runs of this prompt.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@with_json
def list_command(prompt: str | None, limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    with opened() as project:
        if prompt is not None:
            project.library.prompts.get(prompt)
        found = project.library.runs.list(prompt=prompt, limit=limit)
    rows = [
        (r.id, f"{r.prompt}@{r.base_version}", r.trigger, r.started_at, r.stop_reason or r.state, r.proposal_id)
        for r in found
    ]
    headers = ("id", "prompt", "trigger", "started (UTC)", "ended", "proposal")
    emit(as_json, found, lambda: table(headers, rows, empty="no runs yet"))


@click.command("show")
@click.argument("run_id", metavar="ID", type=int)
@click.option("--svg", metavar="FILE.svg", help="Write the run as a picture.")
@with_json
def show_command(run_id: int, svg: str | None, as_json: bool) -> None:
    """Show one run: its path through the graph, what it tried with which result, what it spent."""
    with opened() as project:
        run = project.library.runs.get(run_id)
        attempts = project.library.runs.attempts(run_id=run_id)
        spend = project.library.calls.spend(f"run:{run_id}")
        told = story(attempts, project.library.runs.bill(run_id))
    if svg is not None:
        save_svg(Path(svg), run, told)
    document = {**to_json(run), "attempts": attempts, "spend": spend, "story": told, "would_change": would_change(run)}
    emit(as_json, document, lambda: "\n\n".join(_blocks(run, attempts, spend, told)))


def check_folder(file: Path) -> None:
    """InputError when there is no folder for this file."""
    if not file.absolute().parent.is_dir():
        raise InputError("there is no folder for this picture", str(file), "Name a file in a folder that exists.")


def save_svg(file: Path, run: Run, told: Story) -> None:
    """Write the picture of a run to a file."""
    check_folder(file)
    try:
        file.write_text(run_svg(run, told), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the picture cannot be written ({error.strerror})", str(file), "Name a file that can be written."
        ) from error


def _blocks(run: Run, attempts: tuple[Attempt, ...], spend: Spend, told: Story) -> Iterator[str]:
    ended = f"{run.stop_reason}: {run.stop_detail}" if run.stop_reason and run.stop_detail else run.stop_reason
    yield facts(
        [
            ("run", f"{run.id}, {run.state}"),
            ("prompt", f"{run.prompt}@{run.base_version}"),
            ("trigger", run.trigger),
            ("incident", run.incident_id),
            ("options", str(run.options) if run.options.to_json() else None),
            ("comment", run.comment),
            ("started", f"{cell(run.started_at)} UTC"),
            ("finished", run.finished_at and f"{cell(run.finished_at)} UTC"),
            ("path", path_words(run.path)),
            ("ended", ended),
            ("next", would_change(run)),
            ("gate", gate_words(attempts)),
            ("terms", terms_words(attempts)),
            ("proposal", run.proposal_id),
            ("spend", spend_words(spend)),
        ]
    )
    if picture := chart(told):
        yield picture
    if attempts:
        yield attempts_table(attempts)
    reasons = "\n".join(wrapped(cell(a.reason), first=f"{a.number}: ") for a in attempts if a.reason)
    if reasons:
        yield f"reasons\n{reasons}"


def path_words(path: Sequence[str]) -> str:
    """Graph nodes in order; rounds that repeat are told once: `monitor > (hypothesize > rewrite > test) x 3`."""
    words: list[str] = []
    at = 0
    while at < len(path):
        length, times = max(
            ((size, _repeats(path, at, size)) for size in range(1, (len(path) - at) // 2 + 1)),
            key=lambda found: found[0] * (found[1] - 1),
            default=(1, 1),
        )
        span = path[at : at + length] if times > 1 else path[at : at + 1]
        words.append(f"({' > '.join(span)}) x {times}" if times > 1 else span[0])
        at += len(span) * times
    return " > ".join(words)


def _repeats(path: Sequence[str], at: int, size: int) -> int:
    """How often the next `size` nodes come in a row."""
    first, times = path[at : at + size], 1
    while path[at + times * size : at + (times + 1) * size] == first:
        times += 1
    return times


def spend_words(spend: Spend) -> str:
    """Calls, tokens and money in words; money is unknown when some call had no known price."""
    money = "unknown cost" if spend.usd is None else f"${spend.usd:.4f}"
    return f"{spend.calls} calls, {spend.tokens_in + spend.tokens_out} tokens, {money}"


def gate_words(attempts: Sequence[Attempt]) -> str | None:
    """What the gate said of the winner: gain, interval and number of pairs; None where it stayed shut."""
    chosen = _chosen(attempts)
    gate = None if chosen is None else chosen.result.get("gate")
    if chosen is None or not isinstance(gate, Mapping):
        return None
    gain = f"{gate['gain']:+.3f} (95 % {gate['low']:+.3f} to {gate['high']:+.3f})"
    return f"attempt {chosen.number}: {gain} on {gate['n']} unseen items, {gate['excluded']} excluded"


def terms_words(attempts: Sequence[Attempt]) -> str | None:
    """The terms under which the gate was opened: how sure it had to be and what its items can show at all."""
    chosen = _chosen(attempts)
    terms = None if chosen is None else chosen.result.get("gate_terms")
    return "; ".join(terms.get("sentences", ())) or None if isinstance(terms, Mapping) else None


def _chosen(attempts: Sequence[Attempt]) -> Attempt | None:
    return next((a for a in reversed(attempts) if a.state in CHOSEN), None)
