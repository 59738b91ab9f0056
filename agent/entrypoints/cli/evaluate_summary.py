"""An evaluation in figures: means with intervals, what was excluded and why, segment by segment."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.entrypoints.cli.output import facts, table
from library.datasets import Item
from policies.significance import wilson

if TYPE_CHECKING:
    from tools.evaluation import Outcome
    from tools.metrics.shape import Panel

REST = "other"
"""The segment of items that have none."""


def overall(items: Sequence[Item], outcomes: "Sequence[Outcome]") -> dict[str, Any]:
    """The score that counts: figures of all items, outcomes by kind, what it cost, and each segment's figures."""
    return {**_figures(items, outcomes, lambda o: o.score), **_bill(outcomes)}


def summary(items: Sequence[Item], outcomes: "Sequence[Outcome]", metric: str, panel: "Panel") -> dict[str, Any]:
    """One metric: as `overall`, and what it counts for."""
    return {
        "metric": metric,
        "weight": panel.weights.get(metric, 0.0),
        "protected": metric in panel.protected,
        **_figures(items, outcomes, lambda o: o.scores.get(metric)),
        **_bill(outcomes),
    }


def _bill(outcomes: "Sequence[Outcome]") -> dict[str, Any]:
    costs = [o.cost for o in outcomes if o.kind != "infra_error"]
    return {
        "outcomes": dict(sorted(Counter(o.kind for o in outcomes).items())),
        "tokens": sum(o.tokens_in + o.tokens_out for o in outcomes),
        "usd": None if any(c is None for c in costs) else math.fsum(c for c in costs if c is not None),
    }


def _figures(
    items: Sequence[Item], outcomes: "Sequence[Outcome]", score: "Callable[[Outcome], float | None]"
) -> dict[str, Any]:
    segments = {item.id: item.segment or REST for item in items}
    grouped: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        grouped[segments[outcome.item_id]].append(outcome)
    by_segment = {name: _mean(grouped[name], score) for name in sorted(grouped)}
    return {**_mean(outcomes, score), "segments": by_segment}


def _mean(outcomes: "Sequence[Outcome]", score: "Callable[[Outcome], float | None]") -> dict[str, Any]:
    """n counts answers; the interval counts items, for answers to one item are no independent evidence."""
    by_item: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        said = score(outcome)
        if said is not None:
            by_item[outcome.item_id].append(said)
    scores = [s for some in by_item.values() for s in some]
    lost = Counter(o.kind if o.score is None else "judge_error" for o in outcomes if score(o) is None)
    low, high = interval([math.fsum(some) / len(some) for some in by_item.values()])
    return {
        "mean": math.fsum(scores) / len(scores) if scores else None,
        "low": low,
        "high": high,
        "n": len(scores),
        "excluded": sum(lost.values()),
        "excluded_by_kind": dict(sorted(lost.items())),
    }


def interval(scores: Sequence[float]) -> tuple[float | None, float | None]:
    """95 % interval of a mean: Wilson's for scores of 0 and 1 and where all are the same, else the normal one."""
    n = len(scores)
    if n == 0:
        return None, None
    mean = math.fsum(scores) / n
    variance = math.fsum((s - mean) ** 2 for s in scores) / max(1, n - 1)
    if variance == 0 or all(s in {0.0, 1.0} for s in scores):
        # Equal scores spread nothing, and yet a few of them prove little.
        return wilson(round(mean * n), n)
    half = 1.96 * math.sqrt(variance / n)
    return max(0.0, mean - half), min(1.0, mean + half)


def said(document: Mapping[str, Any]) -> str:
    """The figures for people."""
    score, metrics = document["score"], document["metrics"]
    single = len(metrics) == 1
    head = facts(
        [
            ("prompt", f"{document['prompt']}@{document['version']}"),
            ("dataset", document["dataset"]),
            (metrics[0]["metric"] if single else "score", _range(score)),
            ("items", f"{score['n']} scored, {score['excluded']} excluded{_kinds(score['excluded_by_kind'])}"),
            ("outcomes", ", ".join(f"{kind} {n}" for kind, n in score["outcomes"].items())),
            (
                "cost",
                f"{score['tokens']} tokens, " + ("unknown cost" if score["usd"] is None else f"${score['usd']:.4f}"),
            ),
        ]
    )
    parts = [head]
    if not single:
        header = ("metric", "weight", "mean", "low", "high", "n", "excluded", "protected")
        parts.append(table(header, [tuple(m[key] for key in header) for m in metrics]))
    parts += [_segments(metrics[0] if single else {**score, "metric": "score"})]
    return "\n\n".join(parts)


def _segments(figures: Mapping[str, Any]) -> str:
    rows = [(name, s["mean"], s["low"], s["high"], s["n"], s["excluded"]) for name, s in figures["segments"].items()]
    return table(("segment", "mean", "low", "high", "n", "excluded"), rows)


def _range(figures: Mapping[str, Any]) -> str:
    if figures["mean"] is None:
        return "nothing could be scored"
    return f"{figures['mean']:.4f} (95 % {figures['low']:.4f} to {figures['high']:.4f})"


def _kinds(lost: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{kind} {n}' for kind, n in lost.items())})" if lost else ""
