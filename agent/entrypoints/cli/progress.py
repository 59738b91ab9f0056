"""Progress on a terminal; silence in a pipe."""

import sys

import click

from agent.services import Progress, silent


class Line:
    """One line on standard error that is written over."""

    def __call__(self, message: str, done: int | None = None, total: int | None = None) -> None:
        """Say what is being done; done of total where it can be counted."""
        counted = f" {done}/{total}" if done is not None and total else ""
        click.echo(f"\r\x1b[2K{message}{counted}", err=True, nl=False)

    def clear(self) -> None:
        """Leave the line empty for what comes next."""
        click.echo("\r\x1b[2K", err=True, nl=False)


def progress() -> Progress:
    """A line on a terminal, nothing elsewhere."""
    return Line() if sys.stderr.isatty() else silent


def done(shown: Progress) -> None:
    """Take the line away."""
    if isinstance(shown, Line):
        shown.clear()
