"""Are the figures in an answer ones that the library gave? A model may phrase, but not count."""

import re
from collections.abc import Iterable

FIGURE = re.compile(r"(?<![\w.])[+\-−]?\d+(?:[.,]\d+)*")
SMALL = frozenset(str(n) for n in range(4))
"""Numbers that are words rather than figures: one reason, two kinds."""


def strange_figures(answer: str, sources: Iterable[str]) -> list[str]:
    """Figures of the answer that none of the sources holds, in order; signs and thousands separators do not matter."""
    known = {_bare(figure) for text in sources for figure in FIGURE.findall(text)} | SMALL
    return [figure for figure in FIGURE.findall(answer) if _bare(figure) not in known]


def _bare(figure: str) -> str:
    bare = figure.lstrip("+-−").replace(",", "")
    return bare.rstrip("0").rstrip(".") if "." in bare else bare
