"""Metrics in Prometheus' text format, read from the library at the moment of asking: nothing is counted twice."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from agent.entrypoints.web.cycle_gauges import cycle_metrics
from agent.entrypoints.web.door import Door
from library.canaries import Canary


class _Library:
    """The library as Prometheus collects it."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def collect(self) -> Iterable[Metric]:
        """One family after another."""
        library = self._door.library
        yield _one("promptkeeper_prompts", "Prompts in the library.", len(library.prompts.list()))
        yield from _by_state(
            "promptkeeper_incidents", "Incidents by state.", (i.state for i in library.incidents.list())
        )
        yield from _by_state(
            "promptkeeper_proposals", "Proposals by state.", (p.state for p in library.proposals.list())
        )
        releases = library.canaries.list()
        yield from _by_state("promptkeeper_canaries", "Staged releases by state.", (c.state for c in releases))
        yield from _running([c for c in releases if c.active])
        yield from cycle_metrics(library)
        today = library.calls.spent_on(self._door.now().date())
        yield _one("promptkeeper_model_calls_today", "Finished model calls of this UTC day.", today.calls)
        yield _one("promptkeeper_model_tokens_today", "Tokens in and out today.", today.tokens_in + today.tokens_out)
        if today.usd is not None:
            yield _one("promptkeeper_model_usd_today", "US dollars paid today, where prices are known.", today.usd)


def exposition(door: Door) -> tuple[bytes, str]:
    """The text and its media type."""
    registry = CollectorRegistry()
    registry.register(_Library(door))
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _one(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=value)


def _running(active: Sequence[Canary]) -> Iterator[Metric]:
    names = ["prompt", "label", "version"]
    share = GaugeMetricFamily(
        "promptkeeper_canary_percent", "Share of subjects that a canary is served to.", labels=names
    )
    gain = GaugeMetricFamily(
        "promptkeeper_canary_gain", "Score of a canary over that of the control, at the last look.", labels=names
    )
    for canary in active:
        which = [canary.prompt, canary.label, str(canary.version)]
        share.add_metric(which, canary.percent)
        readings = (canary.reading or {}).get("readings") or [{}]
        if readings[0].get("gain") is not None:
            gain.add_metric(which, readings[0]["gain"])
    yield share
    yield gain


def _by_state(name: str, said: str, states: Iterable[str]) -> Iterator[Metric]:
    family = GaugeMetricFamily(name, said, labels=["state"])
    for state, count in sorted(Counter(states).items()):
        family.add_metric([state], count)
    yield family
