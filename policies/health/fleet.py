"""Many prompts at once: one sweep over all series, and alarms that stay rare however many prompts are watched."""

from collections.abc import Sequence

from library.trends import TrendState
from policies.health.evidence import Evidence, ScanSettings, Status
from policies.health.looks import walk_many
from policies.health.reading import read_many

__all__ = ["benjamini_hochberg", "scan_many", "tiers", "walk_many"]


def scan_many(
    states: Sequence[TrendState], settings: ScanSettings, *, floors: Sequence[float | None] | None = None
) -> list[Evidence]:
    """`scan.scan` for many series, vectorised."""
    return [reading.evidence for reading in read_many(states, settings, floors)]


def benjamini_hochberg(p_values: Sequence[float], q: float) -> tuple[bool, ...]:
    """Which hypotheses to reject so that the expected share of false ones among them is at most q."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    passed = [rank for rank, i in enumerate(order, start=1) if p_values[i] <= q * rank / len(order)]
    rejected = set(order[: passed[-1]] if passed else ())
    return tuple(i in rejected for i in range(len(order)))


def tiers(evidences: Sequence[Evidence], settings: ScanSettings) -> tuple[Status, ...]:
    """The status of each series with the whole fleet in view, one evidence per watched series.

    An alarm stays an "alarm" (may act) when it is in the Benjamini-Hochberg set of the fleet, and becomes "watch"
    (shown, no action) when it is one only on its own account. p-values are over all looks so far: evidence that
    fades does not take an alarm back.
    """
    q = settings.fdr_small if len(evidences) < settings.small_fleet else settings.fdr
    found = benjamini_hochberg([e.p_value for e in evidences], q)
    return tuple(
        "watch" if e.status == "alarm" and not is_found else e.status
        for e, is_found in zip(evidences, found, strict=True)
    )
