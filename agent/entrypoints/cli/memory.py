"""`promptkeeper memory`: the failure memory is an index of the library and can be made anew from it."""

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import emit, with_json

HERE = "agent.entrypoints.cli.memory"

command = LazyGroup(
    name="memory",
    help="The failure memory.",
    table={"rebuild": (f"{HERE}:rebuild_command", "Make the index anew from the library.")},
)


@click.command("rebuild")
@with_json
def rebuild_command(as_json: bool) -> None:
    """Forget the index and make it anew from the failures in the library, with the embedding of the settings."""
    from agent.bootstrap import memory_of
    from agent.steps.diagnose import remembered

    with opened() as project:
        failures = project.library.failures.list()
        with memory_of(project.settings, rebuild=True)() as memory:
            memory.remember([remembered(f) for f in failures if f.text])
            count = memory.count()
    emit(as_json, {"failures": len(failures), "indexed": count}, f"{count} of {len(failures)} failures indexed")
