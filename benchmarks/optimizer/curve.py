"""Cost against quality: mean held-out quality of what an optimiser holds after so many student calls."""

from bisect import bisect_right
from collections.abc import Sequence

from agent.plot_svg import Picture, Series, svg
from benchmarks.optimizer.result import Result

STEPS = 60


def curve_svg(results: Sequence[Result]) -> str:
    """One line per optimiser."""
    names = list(dict.fromkeys(r.optimizer for r in results))
    end = max((p.calls for r in results for p in r.curve), default=1)
    series = [Series(name=name, points=means([r for r in results if r.optimizer == name], end)) for name in names]
    said = [f"{s.name}: {s.points[-1][1]:.3f} after {s.points[-1][0]:.0f} calls." for s in series if s.points]
    return svg(
        Picture(
            title="Cost against quality",
            description=" ".join(["Mean held-out quality by student calls, in the mean over worlds.", *said]),
            x_label="student calls",
            y_label="held-out quality",
            series=series,
        )
    )


def means(results: Sequence[Result], end: int) -> list[tuple[float, float]]:
    """(calls, mean quality) at equal steps, up to where the longest run ends; each run keeps what it has."""
    runs: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for r in results:
        runs.setdefault((r.world, r.seed), [(0, r.initial)]).extend((p.calls, p.quality) for p in r.curve)
    for points in runs.values():
        points.sort()
    last = max((points[-1][0] for points in runs.values()), default=0)
    steps = [end * i / STEPS for i in range(STEPS + 1)]
    found = []
    for x in [*(s for s in steps if s < last), float(last)]:
        held = [points[bisect_right([c for c, _ in points], x) - 1][1] for points in runs.values()]
        if held:
            found.append((x, sum(held) / len(held)))
    return found
