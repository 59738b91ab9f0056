"""Line pictures as SVG from a template of our own: readable in light and dark, by screen readers, without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 56, 64
TICKS = 5

STYLE = """\
.paper{fill:#ffffff}.ink{fill:#1c2733}.faint{fill:#5b6875}.grid{stroke:#d8dee4;stroke-width:1}
.line{fill:none;stroke-width:2.5;stroke-linejoin:round}text{font:12px system-ui,sans-serif}.head{font-size:15px}
.s0{stroke:#0b62b8}.s1{stroke:#b3400e}.s2{stroke:#1a7f4b}.s3{stroke:#7a3fb0}.s4{stroke:#8a6d00}.s5{stroke:#b0206b}
.d0{fill:#0b62b8}.d1{fill:#b3400e}.d2{fill:#1a7f4b}.d3{fill:#7a3fb0}.d4{fill:#8a6d00}.d5{fill:#b0206b}
.hollow{fill:none;stroke:#5b6875;stroke-width:1.5}
@media (prefers-color-scheme:dark){.paper{fill:#11171d}.ink{fill:#e6edf3}.faint{fill:#9aa7b4}.grid{stroke:#2b3640}
.s0{stroke:#6cb6ff}.s1{stroke:#ff9a66}.s2{stroke:#57d08f}.s3{stroke:#c79bff}.s4{stroke:#e3c04d}.s5{stroke:#ff85bd}
.d0{fill:#6cb6ff}.d1{fill:#ff9a66}.d2{fill:#57d08f}.d3{fill:#c79bff}.d4{fill:#e3c04d}.d5{fill:#ff85bd}
.hollow{stroke:#9aa7b4}}"""

COLOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named line. points: (x, y) by rising x; stepped: y holds until the next point."""

    name: str
    points: Sequence[tuple[float, float]]
    stepped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A mark beside the lines. hint: what it is, shown on hovering and read aloud."""

    x: float
    y: float
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What to draw. description: the same in words, for who cannot see it. y runs from 0 to 1."""

    title: str
    description: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    dots: Sequence[Dot] = ()


def svg(picture: Picture) -> str:
    """The picture as one SVG document; the same picture gives the same text."""
    xs = [x for s in picture.series for x, _ in s.points] + [d.x for d in picture.dots]
    end = _round_up(max(xs, default=1.0))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="plot-title plot-desc">',
        f'<title id="plot-title">{escape(picture.title)}</title>',
        f'<desc id="plot-desc">{escape(picture.description)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="ink head" x="{LEFT}" y="24">{escape(picture.title)}</text>',
        *_axes(picture, end),
        *(_line(s, i, end) for i, s in enumerate(picture.series)),
        *(_dot(d, end) for d in picture.dots),
        *_legend(picture.series),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(picture: Picture, end: float) -> list[str]:
    parts = []
    for i in range(TICKS + 1):
        y, x = _y(i / TICKS), _x(end * i / TICKS, end)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="faint" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{i / TICKS:.1f}</text>')
        said = f"{end * i / TICKS:,.0f}"
        parts.append(f'<text class="faint" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{said}</text>')
    middle, below = (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38
    parts.append(f'<text class="ink" x="{middle}" y="{below}" text-anchor="middle">{escape(picture.x_label)}</text>')
    across = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="ink" x="16" y="{across}" text-anchor="middle" transform="rotate(-90 16 {across})">'
        f"{escape(picture.y_label)}</text>"
    )
    return parts


def _line(series: Series, number: int, end: float) -> str:
    steps: list[str] = []
    for i, (x, y) in enumerate(series.points):
        at = f"{_x(x, end):.1f}"
        if series.stepped and i:
            steps.append(f"{at},{_y(series.points[i - 1][1]):.1f}")
        steps.append(f"{at},{_y(y):.1f}")
    colour = number % COLOURS
    marks = "".join(
        f'<circle class="d{colour}" cx="{_x(x, end):.1f}" cy="{_y(y):.1f}" r="3.5">'
        f"<title>{escape(series.name)}: {y:.3f} at {x:,.0f}</title></circle>"
        for x, y in series.points
    )
    return f'<polyline class="line s{colour}" points="{" ".join(steps)}"/>{marks}'


def _dot(dot: Dot, end: float) -> str:
    at = f'cx="{_x(dot.x, end):.1f}" cy="{_y(dot.y):.1f}"'
    return f'<circle class="hollow" {at} r="4"><title>{escape(dot.hint)}</title></circle>'


def _legend(series: Sequence[Series]) -> list[str]:
    parts, x = [], float(LEFT)
    for i, one in enumerate(series):
        parts.append(f'<rect class="d{i % COLOURS}" x="{x:.0f}" y="34" width="12" height="4"/>')
        parts.append(f'<text class="ink" x="{x + 18:.0f}" y="41">{escape(one.name)}</text>')
        x += 34 + 7 * len(one.name)
    return parts


def _x(value: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / end


def _y(value: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(value, 0.0), 1.0)


def _round_up(value: float) -> float:
    """The next number whose fifths are round: 5, 10, 25 or 50 times a power of ten."""
    size = 1.0
    while True:
        for step in (1.0, 2.0, 2.5, 5.0):
            if value <= step * size * TICKS:
                return step * size * TICKS
        size *= 10
