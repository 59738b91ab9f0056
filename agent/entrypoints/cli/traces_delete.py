"""`traces delete`: erase calls everywhere."""

import click

from agent.entrypoints.cli.opening import actor, now, opened
from agent.entrypoints.cli.output import emit, with_json


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@with_json
def command(ids: tuple[str, ...], as_json: bool) -> None:
    """Erase calls: traces, scores, test items made from them, and what memory, ledger and proposals quote of them.

    An unknown id erases nothing. The audit log keeps the ids only.
    """
    from agent.bootstrap import memory_of
    from agent.erasure import erase

    with opened() as project:
        gone = erase(project.library, memory_of(project.settings), ids, actor=actor().name, now=now())
    emit(
        as_json,
        gone,
        f"erased: {gone.traces} traces, {gone.scores} scores, {gone.items} test items, "
        f"{len(gone.failures)} remembered failures, {gone.calls} stored answers",
    )
