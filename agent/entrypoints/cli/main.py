"""The command `promptkeeper`: finds the command asked for and turns every error into one line and an exit code."""

import io
import os
import sys
from collections.abc import Sequence

import click

from agent.entrypoints.cli import errors_shown
from agent.entrypoints.cli.lazy import LazyGroup
from library.errors import InputError, PromptkeeperError

HERE = "agent.entrypoints.cli"
INTERRUPTED = 130

COMMANDS = {
    "init": (f"{HERE}.init", "Start a project: settings, an empty library, a policy file."),
    "demo": (f"{HERE}.demo", "The whole loop on shipped data with the built-in models."),
    "doctor": (f"{HERE}.doctor", "What is configured, reachable and affordable; a mend for each finding."),
    "prompts": (f"{HERE}.prompts", "Keep prompts: versions, labels, differences, trends."),
    "traces": (f"{HERE}.traces", "Import, replay, look at and erase production calls."),
    "datasets": (f"{HERE}.datasets", "Keep test data for prompts."),
    "score": (f"{HERE}.score", "Judge one trace."),
    "monitor": (f"{HERE}.monitor", "Sweep now: what degraded, since when, how much, where."),
    "cycle": (f"{HERE}.cycle", "Run the agent now on one prompt or on all that need it."),
    "optimize": (f"{HERE}.optimize", "Look for a better version of a prompt by hand, on a dataset."),
    "ask": (f"{HERE}.ask", "Ask about the library in plain words."),
    "incidents": (f"{HERE}.incidents", "Detected degradations: look, dismiss, accept."),
    "runs": (f"{HERE}.runs", "Cycles that ran: path, attempts, spend."),
    "memory": (f"{HERE}.memory", "The failure memory."),
    "check": (f"{HERE}.check", "Check a candidate text against the guardrails."),
    "evaluate": (f"{HERE}.evaluate", "Measure a version on a dataset."),
    "proposals": (f"{HERE}.proposals", "Changes that wait for a decision: look, approve, reject, revise."),
    "canary": (f"{HERE}.canary", "Releases that go out in steps: status, pause, promote, roll back."),
    "policies": (f"{HERE}.policies", "Guardrail policies: list, test."),
    "serve": (f"{HERE}.serve", "API, pages and scheduler in one process."),
    "worker": (f"{HERE}.worker", "Takes cycles from the queue in PostgreSQL; run as many as wanted."),
    "mcp": (f"{HERE}.mcp", "MCP server on standard input and output, for agents."),
    "notices": (f"{HERE}.notices", "Notifications: list, try again, send, test a channel."),
    "tokens": (f"{HERE}.tokens", "Who may come in through the server."),
    "audit": (f"{HERE}.audit", "The audit log: verify its hash chain, export it."),
    "backup": (f"{HERE}.backup", "Copy the library to a file while it is in use."),
    "migrate-to": (f"{HERE}.migrate_to", "Move the library to another database, whole and compared."),
}


class Root(LazyGroup):
    """The outermost group. A reader that closes the pipe early (`| head`) has seen enough: that is a success."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The interpreter flushes standard output once more at its end; that must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None


cli = Root(
    name="promptkeeper",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Keep a library of prompts in good health: watch, explain, rewrite, prove, ask, release.\n\n"
    "Every command takes --json: one JSON document on standard output. Exit codes: 0 success, 1 the answer is no,"
    " 2 wrong use or bad input, 3 an outage or a spent budget.",
)
cli = click.version_option(package_name="promptkeeper", message="%(prog)s %(version)s")(cli)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. argv: the arguments without the program's name."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail
    try:
        code = cli.main(arguments, prog_name="promptkeeper", standalone_mode=False)
    except PromptkeeperError as error:
        return errors_shown.show(error, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return InputError.exit_code
    except click.ClickException as error:
        return errors_shown.show(errors_shown.from_click(error), as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("promptkeeper: interrupted", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last door: a person gets one line, never a traceback
        return errors_shown.show(errors_shown.unexpected(error), as_json=as_json)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
