"""`promptkeeper runs`: cycles that ran, and what they tried."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import cell, emit, facts, table, to_json, with_json, wrapped
from library.calls import Spend
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
@with_json
def show_command(run_id: int, as_json: bool) -> None:
    """Show one run: its path through the graph, what it tried with which result, what it spent."""
    with opened() as project:
        run = project.library.runs.get(run_id)
        attempts = project.library.runs.attempts(run_id=run_id)
        spend = project.library.calls.spend(f"run:{run_id}")
    document = {**to_json(run), "attempts": attempts, "spend": spend}
    emit(as_json, document, lambda: "\n\n".join(_blocks(run, attempts, spend)))


def _blocks(run: Run, attempts: Sequence[Attempt], spend: Spend) -> Iterator[str]:
    ended = f"{run.stop_reason}: {run.stop_detail}" if run.stop_reason and run.stop_detail else run.stop_reason
    yield facts(
        [
            ("run", f"{run.id}, {run.state}"),
            ("prompt", f"{run.prompt}@{run.base_version}"),
            ("trigger", run.trigger),
            ("incident", run.incident_id),
            ("comment", run.comment),
            ("started", f"{cell(run.started_at)} UTC"),
            ("finished", run.finished_at and f"{cell(run.finished_at)} UTC"),
            ("path", path_words(run.path)),
            ("ended", ended),
            ("proposal", run.proposal_id),
            ("spend", spend_words(spend)),
        ]
    )
    rows = [(a.number, a.round, a.strategy, a.state, gain_words(a.result), a.hypothesis) for a in attempts]
    if rows:
        yield table(("attempt", "round", "strategy", "state", "gain", "hypothesis"), rows)
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


def gain_words(result: Mapping[str, Any]) -> str | None:
    """The gain of an attempt with its interval: on the gate where it was opened, else on the select items."""
    measured = result.get("gate", result)
    gain, low, high = (measured.get(key) for key in ("gain", "low", "high"))
    if not isinstance(gain, int | float):
        return None
    known = isinstance(low, int | float) and isinstance(high, int | float)
    # On select an attempt is held against the best one before it; on the gate the winner against the live version.
    where = "gate" if "gate" in result else "select"
    return f"{where} {gain:+.3f} ({low:+.3f} to {high:+.3f})" if known else f"{where} {gain:+.3f}"
