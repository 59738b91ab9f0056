"""`promptkeeper evaluate`: measure a version on a dataset, or on a file that is not kept."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from agent.entrypoints.cli.datasets_add import read_item
from agent.entrypoints.cli.evaluate_junit import write_junit
from agent.entrypoints.cli.evaluate_summary import overall, said, summary
from agent.entrypoints.cli.opening import Opened, now, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.cli.reading import rows
from agent.entrypoints.rows import parse_json
from library.datasets import Item
from library.errors import InputError, NotFound, Outage
from library.prompts import Prompt, Version

if TYPE_CHECKING:
    from tools.evaluation import Outcome
    from tools.metrics.shape import Panel

MOST_LOST = 0.05  # share of calls lost to outages above which the exit code says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What an evaluation found, and what the scores count for."""

    items: Sequence[Item]
    outcomes: "tuple[Outcome, ...]"
    panel: "Panel"


@click.command()
@click.argument("reference", metavar="NAME[@VERSION|:LABEL]")
@click.argument("dataset", metavar="DATASET|FILE.jsonl")
@click.option(
    "--metric",
    "metrics",
    metavar="M",
    multiple=True,
    help="One of the prompt's metrics, another's name, or a JSON object; default: what the prompt's score is made of.",
)
@click.option("--repeats", type=click.IntRange(1, 100), default=1, show_default=True, help="Calls per item.")
@click.option(
    "--fail-under", type=click.FloatRange(0, 1), metavar="X", help="Exit 1 where the score that counts is lower."
)
@click.option("--junit", metavar="FILE", help="Also write one test case per item: JUnit XML, for build servers.")
@with_json
def command(
    reference: str,
    dataset: str,
    metrics: Sequence[str],
    repeats: int,
    fail_under: float | None,
    junit: str | None,
    as_json: bool,
) -> int:
    """Run a version over test items and report its scores with intervals. A file is measured and not kept.

    Exit 3 when so many calls were lost to outages that the scores say little.
    """
    with opened() as project:
        version = project.library.prompts.resolve(reference)
        prompt = project.library.prompts.get(version.prompt)
        items = _items(project, version, dataset)
        specs = _specs(prompt, metrics)
        measured = asyncio.run(_run(project, version, items, specs, repeats))
    results = [summary(measured.items, measured.outcomes, name, measured.panel) for name in _names(measured)]
    score = overall(measured.items, measured.outcomes)
    head = {"prompt": version.prompt, "version": version.number, "dataset": dataset}
    document = {**head, "score": score, "metrics": results, "finished": now()}
    if junit is not None:
        write_junit(Path(junit), head, measured.items, measured.outcomes)
    emit(as_json, document, lambda: said(document))
    if any(one["excluded"] > MOST_LOST * (one["n"] + one["excluded"]) for one in (score, *results)):
        return Outage.exit_code
    return int(fail_under is not None and score["mean"] < fail_under)


def _names(measured: Measured) -> list[str]:
    return [metric.name for metric in measured.panel.metrics]


def _items(project: Opened, version: Version, dataset: str) -> list[Item]:
    if Path(dataset).is_file() or dataset.endswith(".jsonl"):
        items = [read_item(row, version, now()) for row in rows(dataset)]
    else:
        items = list(project.library.datasets.items(version.prompt, dataset=dataset))
    if not items:
        known = ", ".join(s.dataset for s in project.library.datasets.summary(version.prompt)) or "none yet"
        raise NotFound(f"no items in '{dataset}'", version.prompt, f"Datasets: {known}; or name a .jsonl file.")
    return items


def _specs(prompt: Prompt, metrics: Sequence[str]) -> list[Mapping[str, Any]]:
    """The specifications that are meant; without any, those that the prompt's score is made of, and protected ones."""
    from tools.metrics.opening import open_metric
    from tools.metrics.shape import that_count

    if not metrics:
        return that_count(prompt.metrics)
    by_name: dict[str, Mapping[str, Any]] = {}
    for spec in prompt.metrics:
        by_name.setdefault(str(spec["name"]), spec)
        by_name.setdefault(open_metric(spec).name, spec)
    return [by_name.get(text) or _spelt(text) for text in metrics]


def _spelt(text: str) -> Mapping[str, Any]:
    spec = parse_json(text, "--metric") if text.lstrip().startswith("{") else {"name": text}
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise InputError("a metric without a name", "--metric", 'Write a name, or {"name": "regex", …}.')
    return spec


async def _run(
    project: Opened, version: Version, items: Sequence[Item], specs: Sequence[Mapping[str, Any]], repeats: int
) -> Measured:
    from agent.bootstrap import opened_services
    from agent.judging import panel_for
    from tools.evaluation import evaluate

    shown = progress()
    prompt = project.library.prompts.get(version.prompt)
    # Every evaluation measures anew: yesterday's answers say nothing about today's model.
    scope = f"evaluate:{uuid4().hex}"
    async with opened_services(project.settings, project.library, progress=shown) as services:
        panel = panel_for(services, prompt, specs, scope=scope, caps=services.caps)
        outcomes = await evaluate(
            version.content,
            items,
            model=services.student,
            metrics=panel.metrics,
            weights=panel.weights,
            scope=scope,
            caps=services.caps,
            max_parallel=services.max_parallel,
            repeats=repeats,
            progress=lambda at, total: shown("evaluating", at, total),
        )
        done(shown)
        if all(o.score is None for o in outcomes):
            raise Outage(
                f"none of {len(outcomes)} calls could be scored ({outcomes[0].reason})",
                services.student.name,
                "Try again later.",
            )
    return Measured(items=items, outcomes=outcomes, panel=panel)
