"""`promptkeeper serve`: API, pages, telemetry in and the schedule, one process on the embedded default."""

import json
import logging
import sys

import click

from agent.entrypoints.cli.opening import now, opened


@click.command()
@click.option("--host", help="Address to listen on; default: [server] host. Other than loopback needs a token.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: [server] port; 0 takes a free one.")
@click.option("--no-schedule", is_flag=True, help="No sweeps and cycles in the background.")
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one JSON document.")
def command(host: str | None, port: int | None, no_schedule: bool, as_json: bool) -> None:
    """Serve API and pages, take telemetry in, and run sweeps and cycles by the schedule, until it is told to stop."""
    from agent.entrypoints.web import server
    from agent.entrypoints.web.pages.sign_in import make_link

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for chatty in ("apscheduler", "uvicorn.error", "httpx", "procrastinate", "psycopg.pool"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with opened() as project:
        settings, library = project.settings, project.library
        chosen = host or settings.server.host
        server.names_of(settings, chosen, library, now())
        listening = server.bind(chosen, settings.server.port if port is None else port)
        click.echo(json.dumps({"listening": listening.address}) if as_json else f"listening on {listening.address}")
        # A link opens the door: it is for the eyes of whoever started this, never for a log file.
        if sys.stdout.isatty() and not library.access.guarded(now=now()):
            path = make_link(library, server.new_secret(), now())
            click.echo(f"sign in once, within ten minutes: {listening.address}{path}")
        server.run(settings, library, host=chosen, listening=listening, schedule=not no_schedule, now=now)
