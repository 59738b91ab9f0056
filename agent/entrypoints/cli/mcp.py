"""`promptkeeper mcp`: the MCP server on standard input and output."""

import logging
import os

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.signing import audit_key
from library.errors import InputError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Accepted for uniformity: standard output speaks MCP anyway.")
def command(as_json: bool) -> None:
    """Serve this project to agents over MCP on standard input and output, until the input ends.

    PROMPTKEEPER_TOKEN says who asks; without one it may read, and on a library without tokens start cycles.
    """
    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise InputError(
            "the package mcp is not installed", "promptkeeper mcp", "Install promptkeeper[mcp]."
        ) from error
    from agent.bootstrap import policies_of, rulebook_of
    from agent.entrypoints.mcp.cycles import opened_cycles
    from agent.entrypoints.mcp.desk import TOKEN, Desk
    from agent.entrypoints.mcp.server import build_server

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with opened() as project, opened_cycles(project.settings, project.library, now) as start:
        desk = Desk(
            library=project.library,
            rulebook=rulebook_of(project.settings),
            policy_for=policies_of(project.settings),
            now=now,
            start=start,
            secret=os.environ.get(TOKEN, ""),
            audit_key=audit_key(),
            approve=project.settings.mcp.approve,
        )
        desk.caller("fetch")  # a token that opens nothing is said at once
        build_server(desk).run("stdio")
