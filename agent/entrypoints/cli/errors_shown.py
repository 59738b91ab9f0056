"""How an error looks on the command line: one line on standard error and, with `--json`, one document."""

import json
import os
import sys
import traceback
from collections.abc import Mapping

import click

from library.errors import InputError, PromptkeeperError

DEBUG = "PROMPTKEEPER_DEBUG"


def show(error: PromptkeeperError, *, as_json: bool) -> int:
    """Print the error and return its exit code."""
    if as_json:
        said = {"thing": error.thing, "place": error.place, "mend": error.mend}
        click.echo(json.dumps({"error": said}, indent=2))
    click.echo(f"promptkeeper: {error}", err=True)
    return error.exit_code


def from_click(error: click.ClickException) -> InputError:
    """Wrong use, as click words it, with the way to the right help page."""
    text = " ".join(error.format_message().split()).removesuffix(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context is not None else "promptkeeper"
    return InputError(text[:1].lower() + text[1:], "", f"See '{path} --help'.")


def unexpected(error: Exception, environ: Mapping[str, str] = os.environ) -> PromptkeeperError:
    """A mistake of the program, or of the machine under it, as one line; the traceback only where it was asked for."""
    if environ.get(DEBUG):
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, OSError) and error.strerror:
        place = str(error.filename) if error.filename is not None else ""
        return InputError(error.strerror.lower(), place, "Check the path, its permissions and the free space.")
    said = " ".join(str(error).split())[:300]
    return PromptkeeperError(
        f"unexpected {type(error).__name__}{': ' + said if said else ''}",
        "",
        f"Run it with {DEBUG}=1 for the traceback.",
    )
