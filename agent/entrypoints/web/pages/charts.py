"""Charts as SVG from a small template: no script, colours from the style sheet, words for who cannot see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from agent.entrypoints.web.pages.render import rendered
from library.store.points import TrendPoint

WIDTH, HEIGHT = 760.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 30.0, 14.0, 26.0
TICKS = 5

Placed = Callable[[datetime], float]
Levelled = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point of a line in SVG units, with what it stands for in words."""

    x: float
    y: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: the scores of one revision of one evaluator."""

    name: str
    dots: tuple[Dot, ...]

    @property
    def path(self) -> str:
        """As an SVG path."""
        return " ".join(f"{'M' if i == 0 else 'L'}{d.x:.1f} {d.y:.1f}" for i, d in enumerate(self.dots))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line with a word: a version that came, or an onset."""

    x: float
    said: str
    kind: str


def trend_chart(
    points: Sequence[TrendPoint], width: timedelta, *, what: str, onsets: Sequence[datetime] = ()
) -> Markup | None:
    """Scores over time: a line for each evaluator revision, marks where versions came and incidents began.

    None with fewer than two intervals: two numbers in a table say more.
    """
    starts = sorted({p.start for p in points})
    if len(starts) < 2:
        return None
    first, last = starts[0], starts[-1]
    low = min(0.9, *(p.mean for p in points))
    floor = max(0.0, int(low * 10 - 0.5) / 10)

    def x(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - first) / (last - first))

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - floor) / (1 - floor))

    marks = [*_versions(points, x)]
    marks += [Mark(x=x(at), said=f"since {at:%d %b}", kind="onset") for at in onsets if first <= at <= last]
    step = (1 - floor) / (TICKS - 1)
    return Markup(
        rendered(
            "chart.svg",
            width=WIDTH,
            height=HEIGHT,
            left=LEFT,
            right=WIDTH - RIGHT,
            bottom=HEIGHT - BOTTOM,
            top=TOP,
            what=what,
            said=f"{what} from {first:%Y-%m-%d} to {last:%Y-%m-%d}: {points[0].mean:.2f} at first, "
            f"{points[-1].mean:.2f} at last.",
            levels=[(y(floor + i * step), f"{floor + i * step:.2f}") for i in range(TICKS)],
            days=[(x(at), f"{at:%d %b}") for at in _some(starts)],
            lines=[_line(judge, mine, x, y) for judge, mine in _by_judge(points)],
            marks=marks,
        )
    )


def sparkline(points: Sequence[TrendPoint]) -> Markup | None:
    """A small line of mean scores, without axes."""
    means = [sum(p.mean * p.n for p in mine) / sum(p.n for p in mine) for _, mine in _by_start(points)]
    if len(means) < 2:
        return None
    low, high = min(0.5, *means), 1.0
    step = 96 / (len(means) - 1)
    dots = [(2 + i * step, 22 - 20 * (m - low) / (high - low)) for i, m in enumerate(means)]
    path = " ".join(f"{'M' if i == 0 else 'L'}{a:.1f} {b:.1f}" for i, (a, b) in enumerate(dots))
    return Markup(rendered("spark.svg", path=path, end=dots[-1], said=f"from {means[0]:.2f} to {means[-1]:.2f}"))


def _by_judge(points: Sequence[TrendPoint]) -> list[tuple[str, list[TrendPoint]]]:
    groups: dict[str, list[TrendPoint]] = {}
    for point in points:
        groups.setdefault(f"{point.evaluator}, revision {point.revision}", []).append(point)
    return sorted(groups.items())


def _by_start(points: Sequence[TrendPoint]) -> list[tuple[datetime, list[TrendPoint]]]:
    groups: dict[datetime, list[TrendPoint]] = {}
    for point in points:
        groups.setdefault(point.start, []).append(point)
    return sorted(groups.items())


def _line(judge: str, points: Sequence[TrendPoint], x: Placed, y: Levelled) -> Line:
    dots = []
    for start, mine in _by_start(points):
        n = sum(p.n for p in mine)
        mean = sum(p.mean * p.n for p in mine) / n
        dots.append(Dot(x=x(start), y=y(mean), said=f"{start:%Y-%m-%d %H:%M}: {mean:.3f} (n = {n})"))
    return Line(name=judge, dots=tuple(dots))


def _versions(points: Sequence[TrendPoint], x: Placed) -> list[Mark]:
    first: dict[int, datetime] = {}
    for point in points:
        first[point.version] = min(point.start, first.get(point.version, point.start))
    return [Mark(x=x(at), said=f"v{number}", kind="version") for number, at in sorted(first.items())]


def _some(starts: Sequence[datetime]) -> list[datetime]:
    """At most six of the times, spread evenly, the first and the last among them."""
    count = min(6, len(starts))
    return [starts[round(i * (len(starts) - 1) / (count - 1))] for i in range(count)]
