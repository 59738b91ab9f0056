"""A run as a picture of text: a bar per round for the best prompt, a mark for every candidate, the cost beside it."""

from collections.abc import Iterator

from agent.entrypoints.cli.output import cell, table
from agent.run_story import Cost, Story, Tried
from library.runs import Attempt

BAR = 40
FULL, END, CANDIDATE = "━", "●", "○"


def chart(story: Story) -> str:
    """Rows from the live version to the last round; the scale of the bars is 0 to 1."""
    if story.base is None and not story.rounds:
        return ""
    rows: list[tuple[object, ...]] = [("live", _bar(story.base, ()), story.base, None, *_spent(story.start))]
    rows += [(str(r.number), _bar(r.best, r.tried), r.best, len(r.tried), *_spent(r.cost)) for r in story.rounds]
    headers = (
        "round",
        f"{END} best so far, {CANDIDATE} candidates, on select",
        "best",
        "tried",
        "calls",
        "tokens",
        "cost",
    )
    return table(headers, rows)


def _bar(best: float | None, tried: tuple[Tried, ...]) -> str:
    marks = [" "] * (BAR + 1)
    if best is not None:
        marks[: _at(best)] = FULL * _at(best)
    for one in tried:
        if one.score is not None:
            marks[_at(one.score)] = CANDIDATE
    if best is not None:
        marks[_at(best)] = END
    return "".join(marks).rstrip()


def _at(score: float) -> int:
    return round(BAR * min(max(score, 0.0), 1.0))


def _spent(cost: Cost) -> tuple[int, int, str]:
    return cost.calls, cost.tokens, "unknown" if cost.usd is None else f"${cost.usd:.4f}"


def attempts_table(attempts: tuple[Attempt, ...]) -> str:
    """Every attempt with its gain on select and the items it fixed and broke."""
    headers = ("no.", "round", "strategy", "state", "select gain (95 %)", "fixed", "broke", "hypothesis")
    return table(headers, [tuple(_row(a)) for a in attempts])


def _row(attempt: Attempt) -> Iterator[object]:
    result = attempt.result
    yield from (attempt.number, attempt.round, attempt.strategy, attempt.state)
    gain, low, high = (result.get(key) for key in ("gain", "low", "high"))
    if not isinstance(gain, int | float):
        yield None
    elif isinstance(low, int | float) and isinstance(high, int | float):
        yield f"{gain:+.3f} ({low:+.2f} to {high:+.2f})"
    else:
        yield f"{gain:+.3f}"
    for key in ("fixed", "broken"):
        said = result.get(key)
        yield len(said) if isinstance(said, list) else None
    yield cell(attempt.hypothesis)
