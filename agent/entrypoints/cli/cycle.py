"""`promptkeeper cycle`: run the agent now."""

import asyncio
from collections.abc import Sequence
from typing import Any

import click

from agent.entrypoints.cli.opening import Opened, now, opened
from agent.entrypoints.cli.output import cell, emit, facts, to_json, with_json
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.cli.runs import path_words, spend_words
from library.errors import ClaimHeld, ClaimLost, PromptkeeperError
from library.prompts import PRODUCTION
from library.runs import Run

SAYS_NO = frozenset({"converged", "no_better_candidate", "not_proven", "only_duplicates", "guardrails_refuse"})
OUTAGES = frozenset({"teacher_down", "models_down", "budget_spent"})


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--force", is_flag=True, help="Look for a better prompt even without an incident.")
@with_json
def command(names: Sequence[str], force: bool, as_json: bool) -> int:
    """Run one cycle over each NAME, or over every prompt that has an open incident or a reviewer's wish.

    Exit 1 when a cycle found nothing it may propose, 3 on an outage or a spent budget.
    """
    with opened() as project:
        for name in names:
            project.library.prompts.labelled(name, PRODUCTION)
        runs, refused = asyncio.run(_run(project, names, force))
        documents = [run_document(project, run) for run in runs]
    document = {"runs": documents, "refused": [{"thing": e.thing, "place": e.place, "mend": e.mend} for e in refused]}
    emit(as_json, document, lambda: _said(documents, refused))
    code = exit_code(runs)
    return code or (1 if refused else 0)


def exit_code(runs: Sequence[Run]) -> int:
    """3 where a run ended on an outage or a spent budget, 2 where one broke, 1 where one found nothing, else 0."""
    reasons = {run.stop_reason for run in runs}
    if reasons & OUTAGES:
        return 3
    if any(run.state == "failed" for run in runs):
        return 2
    return 1 if reasons & SAYS_NO else 0


async def _run(project: Opened, names: Sequence[str], force: bool) -> tuple[list[Run], list[PromptkeeperError]]:
    from agent.bootstrap import opened_checkpoints, opened_services
    from agent.cycle import due, run_cycle
    from agent.steps.monitor import sweep

    shown = progress()
    runs: list[Run] = []
    refused: list[PromptkeeperError] = []
    async with opened_services(project.settings, project.library, progress=shown) as services:
        library = project.library
        library.proposals.expire(now=now())
        if not names:
            sweep(library, services.rulebook.health, now=now())
        async with opened_checkpoints(project.settings) as checkpoints:
            for wish in due(library, names, force=force):
                try:
                    run = await run_cycle(services, checkpoints, wish.prompt, wish.trigger, comment=wish.comment)
                    runs.append(run)
                except (ClaimHeld, ClaimLost) as error:
                    refused.append(error)
    done(shown)
    return runs, refused


def run_document(project: Opened, run: Run) -> dict[str, Any]:
    """A finished run with its spend and how many attempts ended how."""
    spend = project.library.calls.spend(f"run:{run.id}")
    attempts = project.library.runs.attempts(run_id=run.id)
    states = sorted({a.state for a in attempts})
    counts = {state: sum(a.state == state for a in attempts) for state in states}
    return {**to_json(run), "spend": to_json(spend), "spend_words": spend_words(spend), "attempts": counts}


def _said(documents: Sequence[dict[str, Any]], refused: Sequence[PromptkeeperError]) -> str:
    parts = [run_words(d) for d in documents]
    parts += [f"refused: {error}" for error in refused]
    return (
        "\n\n".join(parts) or "nothing to do: no open incident (use --force to look for a better prompt all the same)"
    )


def run_words(run: dict[str, Any]) -> str:
    """The same as text."""
    attempts = ", ".join(f"{n} {state}" for state, n in run["attempts"].items())
    proposal = run["proposal_id"]
    return facts(
        [
            ("run", f"{run['id']}, {run['prompt']}@{run['base_version']}, trigger {run['trigger']}"),
            ("path", path_words(run["path"])),
            ("ended", f"{run['stop_reason']}: {cell(run['stop_detail'])}"),
            ("attempts", attempts),
            ("spend", run["spend_words"]),
            ("proposal", f"{proposal} (promptkeeper proposals show {proposal})" if proposal else None),
        ]
    )
