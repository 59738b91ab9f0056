"""`promptkeeper serve`: the background and a small read-only HTTP answerer in one process."""

import logging
import signal
import threading
from datetime import timedelta
from types import FrameType

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import to_json


@click.command()
@click.option("--host", help="Loopback address to listen on; default: [server] host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: [server] port; 0 takes a free one.")
@click.option("--no-schedule", is_flag=True, help="No sweeps and cycles in the background.")
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one JSON document.")
def command(host: str | None, port: int | None, no_schedule: bool, as_json: bool) -> None:
    """Run scheduled sweeps and cycles, and answer GET requests on loopback, until it is told to stop."""
    from agent.bootstrap import rulebook_of
    from agent.entrypoints.scheduler import Background, run_in_child, score_in_child, tick
    from agent.entrypoints.web import open_server

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    with opened() as project:
        settings, library = project.settings, project.library
        rulebook, root = rulebook_of(settings), settings.root.absolute()
        run, score = run_in_child(root), score_in_child(root, rulebook.online.round_minutes)
        rest = timedelta(hours=rulebook.runs.rest_hours)
        background = Background(
            lambda: tick(library, rulebook.health, run, now=now(), score=score, rest=rest), settings.schedule.interval
        )
        server = open_server(
            library,
            lambda: background.state,
            to_json,
            host or settings.server.host,
            settings.server.port if port is None else port,
        )

        def stop(_signal: int, _frame: FrameType | None) -> None:
            # serve_forever and shutdown must not run in one thread.
            threading.Thread(target=server.shutdown, daemon=True).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        bound = server.server_address[1]
        address = f"http://{host or settings.server.host}:{bound}"
        click.echo(f'{{"listening": "{address}"}}' if as_json else f"listening on {address}")
        if not no_schedule:
            background.start()
        try:
            server.serve_forever(poll_interval=0.2)
        finally:
            server.server_close()
            if not no_schedule:
                background.stop()
