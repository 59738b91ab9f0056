"""Metrics of cycles: how the latest ones ended, and what the last one of each prompt cost."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from library.runs import Run
from library.store.stores import Library

LATEST = 100
"""Cycles that are looked at: enough for an alert on how they end, few enough to be asked for every few seconds."""


def cycle_metrics(library: Library) -> Iterator[Metric]:
    """One family after another."""
    runs = library.runs.list(limit=LATEST)
    ended = GaugeMetricFamily("promptkeeper_cycles", f"The latest {LATEST} cycles by how they ended.", labels=["ended"])
    for how, count in sorted(Counter(run.stop_reason or run.state for run in runs).items()):
        ended.add_metric([how], count)
    yield ended
    last: dict[str, Run] = {}
    for run in runs:
        if run.finished_at is not None:
            last.setdefault(run.prompt, run)
    yield from _costs(library, last)


def _costs(library: Library, last: dict[str, Run]) -> Iterator[Metric]:
    seconds = GaugeMetricFamily("promptkeeper_last_cycle_seconds", "How long it took.", labels=["prompt"])
    calls = GaugeMetricFamily("promptkeeper_last_cycle_calls", "Finished model calls it made.", labels=["prompt"])
    tokens = GaugeMetricFamily("promptkeeper_last_cycle_tokens", "Their tokens, in and out.", labels=["prompt"])
    usd = GaugeMetricFamily("promptkeeper_last_cycle_usd", "US dollars, where every price is known.", labels=["prompt"])
    for prompt, run in sorted(last.items()):
        spend = library.calls.spend(f"run:{run.id}")
        assert run.finished_at is not None
        seconds.add_metric([prompt], (run.finished_at - run.started_at).total_seconds())
        calls.add_metric([prompt], spend.calls)
        tokens.add_metric([prompt], spend.tokens_in + spend.tokens_out)
        if spend.usd is not None:
            usd.add_metric([prompt], spend.usd)
    yield from (seconds, calls, tokens, usd)
