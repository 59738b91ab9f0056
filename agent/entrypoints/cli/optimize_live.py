"""What an optimisation shows while it runs on a terminal: round, best so far, spend, and what is being done."""

import shutil
import time

import click

from agent.entrypoints.cli.output import shorten
from agent.entrypoints.cli.progress import Line
from agent.run_story import Cost, story
from library.store.stores import Library

EVERY = 0.5  # seconds between two looks into the library


class Live(Line):
    """One line on standard error; it reads the run from the library, so it shows what is committed."""

    def __init__(self, library: Library, prompt: str) -> None:
        self._library, self._prompt = library, prompt
        self._looked, self._known = float("-inf"), ""

    def __call__(self, message: str, done: int | None = None, total: int | None = None) -> None:
        """Write the line over."""
        if time.monotonic() - self._looked >= EVERY:
            self._known = self._summary()
            self._looked = time.monotonic()
        counted = f" {done}/{total}" if done is not None and total else ""
        line = f"{self._known}{message}{counted}"
        room = shutil.get_terminal_size().columns - 1
        click.echo(f"\r\x1b[2K{shorten(line, room)}", err=True, nl=False)

    def _summary(self) -> str:
        claim = self._library.runs.holder(self._prompt)
        if claim is None:
            return ""
        told = story(self._library.runs.attempts(run_id=claim.run_id), self._library.runs.bill(claim.run_id))
        best = next((r.best for r in reversed(told.rounds) if r.best is not None), told.base)
        turn = f"round {told.rounds[-1].number}, " if told.rounds else ""
        score = "" if best is None else f"best {best:.3f}, "
        return f"{turn}{score}{spend_words(told.end)} | "


def spend_words(cost: Cost) -> str:
    """Calls, tokens and money, as short as can be; money only where every price is known."""
    money = "" if cost.usd is None else f", ${cost.usd:.4f}"
    return f"{cost.calls} calls, {_short(cost.tokens)} tokens{money}"


def _short(number: int) -> str:
    return f"{number / 1000:.0f}k" if number >= 10_000 else str(number)
