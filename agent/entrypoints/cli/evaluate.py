"""`promptkeeper evaluate`: measure a version on a dataset, or on a file that is not kept."""

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from agent.entrypoints.cli.datasets_add import read_item
from agent.entrypoints.cli.opening import Opened, now, opened
from agent.entrypoints.cli.output import emit, facts, table, with_json
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.cli.reading import rows
from library.datasets import Item
from library.errors import NotFound, Outage
from library.prompts import Version
from policies.significance import wilson
from tools.evaluation import Outcome, evaluate

MOST_LOST = 0.05  # share of calls lost to outages above which the exit code says so


@click.command()
@click.argument("reference", metavar="NAME[@VERSION|:LABEL]")
@click.argument("dataset", metavar="DATASET|FILE.jsonl")
@click.option("--metric", "metrics", multiple=True, help="Name of a metric; default: the prompt's first one.")
@click.option("--repeats", type=click.IntRange(1, 100), default=1, show_default=True, help="Calls per item.")
@with_json
def command(reference: str, dataset: str, metrics: Sequence[str], repeats: int, as_json: bool) -> int:
    """Run a version over test items and report its score with an interval. A file is measured and not kept.

    Exit 3 when so many calls were lost to outages that the score says little.
    """
    with opened() as project:
        version = project.library.prompts.resolve(reference)
        prompt = project.library.prompts.get(version.prompt)
        items = _items(project, version, dataset)
        specs = [{"name": m} for m in metrics] or [dict(prompt.metrics[0])]
        results = [asyncio.run(_run(project, version, items, spec, repeats)) for spec in specs]
    document = {"prompt": version.prompt, "version": version.number, "dataset": dataset, "metrics": results}
    emit(as_json, document, lambda: "\n\n".join(_said(version, dataset, r) for r in results))
    return Outage.exit_code if any(r["excluded"] > MOST_LOST * (r["n"] + r["excluded"]) for r in results) else 0


def _items(project: Opened, version: Version, dataset: str) -> list[Item]:
    if Path(dataset).is_file() or dataset.endswith(".jsonl"):
        items = [read_item(row, version, now()) for row in rows(dataset)]
    else:
        items = list(project.library.datasets.items(version.prompt, dataset=dataset))
    if not items:
        known = ", ".join(s.dataset for s in project.library.datasets.summary(version.prompt)) or "none yet"
        raise NotFound(f"no items in '{dataset}'", version.prompt, f"Datasets: {known}; or name a .jsonl file.")
    return items


async def _run(
    project: Opened, version: Version, items: Sequence[Item], spec: dict[str, Any], repeats: int
) -> dict[str, Any]:
    from agent.bootstrap import opened_services
    from agent.judging import metric_for

    shown = progress()
    prompt = project.library.prompts.get(version.prompt)
    # Every evaluation measures anew: yesterday's answers say nothing about today's model.
    scope = f"evaluate:{uuid4().hex}"
    async with opened_services(project.settings, project.library, progress=shown) as services:
        outcomes = await evaluate(
            version.content,
            items,
            model=services.student,
            metrics=[metric_for(services, prompt, spec, scope=scope, caps=services.caps)],
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
    segments = {item.id: item.segment or "other" for item in items}
    return {
        "metric": spec["name"],
        **_summary(outcomes),
        "segments": {
            name: _summary([o for o in outcomes if segments[o.item_id] == name])
            for name in sorted({*segments.values()})
        },
        "finished": datetime.now(now().tzinfo),
    }


def _summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    scores = [o.score for o in outcomes if o.score is not None]
    n = len(scores)
    mean = math.fsum(scores) / n if n else None
    low, high = _interval(scores)
    kinds = sorted({o.kind for o in outcomes})
    costs = [o.cost for o in outcomes if o.score is not None]
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "n": n,
        "excluded": len(outcomes) - n,
        "outcomes": {k: sum(o.kind == k for o in outcomes) for k in kinds},
        "tokens": sum((o.tokens_in or 0) + (o.tokens_out or 0) for o in outcomes),
        "usd": None if any(c is None for c in costs) else math.fsum(c for c in costs if c is not None),
    }


def _interval(scores: Sequence[float]) -> tuple[float | None, float | None]:
    """95 %: Wilson for scores of 0 and 1, else the normal interval of the mean."""
    n = len(scores)
    if n == 0:
        return None, None
    if all(s in {0.0, 1.0} for s in scores):
        return wilson(sum(s == 1.0 for s in scores), n)
    mean = math.fsum(scores) / n
    variance = math.fsum((s - mean) ** 2 for s in scores) / max(1, n - 1)
    half = 1.96 * math.sqrt(variance / n)
    return max(0.0, mean - half), min(1.0, mean + half)


def _said(version: Version, dataset: str, result: dict[str, Any]) -> str:
    mean = result["mean"]
    score = (
        "nothing could be scored" if mean is None else f"{mean:.4f} (95 % {result['low']:.4f} to {result['high']:.4f})"
    )
    head = facts(
        [
            ("prompt", f"{version.prompt}@{version.number}"),
            ("dataset", dataset),
            (result["metric"], score),
            ("items", f"{result['n']} scored, {result['excluded']} excluded"),
            ("outcomes", ", ".join(f"{k} {n}" for k, n in result["outcomes"].items())),
            (
                "cost",
                f"{result['tokens']} tokens, " + ("unknown cost" if result["usd"] is None else f"${result['usd']:.4f}"),
            ),
        ]
    )
    rows = [(name, s["mean"], s["low"], s["high"], s["n"]) for name, s in result["segments"].items()]
    return f"{head}\n\n{table(('segment', 'mean', 'low', 'high', 'n'), rows)}"
