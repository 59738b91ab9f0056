"""`promptkeeper worker`: takes cycles from the queue in PostgreSQL."""

import asyncio
import json
import logging
import os
import socket

import click

from agent.entrypoints.cli.opening import now, opened
from library.errors import InputError


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 64), default=1, show_default=True, help="Cycles at once.")
@click.option("--name", help="What its log lines call it; default: host and process number.")
@click.option("--json", "as_json", is_flag=True, help="Say that it is ready as one JSON document.")
def command(concurrency: int, name: str | None, as_json: bool) -> None:
    """Take cycles from the queue and run them, until it is told to stop. Run as many workers as wanted.

    SIGTERM lets running cycles end within [worker] grace_s; what is left goes on elsewhere. A second one ends at once.
    """
    called = name or f"{socket.gethostname()}:{os.getpid()}"
    with opened() as project:
        if project.library.db.dialect != "postgresql":
            mend = "Name a PostgreSQL database to share cycles among workers."
            raise InputError("on SQLite `promptkeeper serve` runs the cycles itself", "[library] url", mend)
        shown = called.replace("%", "%%")
        logging.basicConfig(level=logging.INFO, format=f"%(asctime)s %(name)s %(levelname)s {shown}: %(message)s")
        for chatty in ("procrastinate", "httpx", "LiteLLM", "psycopg.pool"):
            logging.getLogger(chatty).setLevel(logging.CRITICAL)

        from agent.entrypoints.worker import work

        ready = {"worker": called, "concurrency": concurrency}

        def say() -> None:
            click.echo(json.dumps(ready) if as_json else f"worker {called} takes cycles, {concurrency} at once")

        asyncio.run(work(project.settings, project.library, concurrency=concurrency, name=called, ready=say, now=now))
