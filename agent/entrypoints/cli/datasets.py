"""`promptkeeper datasets`: the group, `list` and `show`."""

from typing import get_args

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import emit, table, with_json
from library.datasets import ItemRole
from library.errors import NotFound

HERE = "agent.entrypoints.cli"
ROLES: tuple[ItemRole, ...] = get_args(ItemRole)

command = LazyGroup(
    name="datasets",
    help="Keep test data for prompts.\n\nRoles: learn (a teacher may read it), select (scores only), gate (opened once"
    " per proposal), anchor (must always pass).",
    table={
        "list": (f"{HERE}.datasets:list_command", "Datasets with the number of items by role."),
        "show": (f"{HERE}.datasets:show_command", "The items of a dataset."),
        "add": (f"{HERE}.datasets_add", "Add items to a dataset from JSON lines."),
    },
)


@click.command("list")
@click.argument("name", required=False)
@with_json
def list_command(name: str | None, as_json: bool) -> None:
    """List the datasets of all prompts or of prompt NAME."""
    with opened() as project:
        library = project.library
        names = [library.prompts.get(name).name] if name is not None else [p.name for p in library.prompts.list()]
        found = [(prompt, summary) for prompt in names for summary in library.datasets.summary(prompt)]
    document = [
        {"prompt": prompt, "dataset": s.dataset, "items": sum(s.roles.values()), "roles": s.roles}
        for prompt, s in found
    ]
    rows = [(p, s.dataset, sum(s.roles.values()), *(s.roles.get(r, 0) for r in ROLES)) for p, s in found]
    emit(as_json, document, lambda: table(("prompt", "dataset", "items", *ROLES), rows, empty="no datasets yet"))


@click.command("show")
@click.argument("name")
@click.argument("dataset")
@click.option("--role", type=click.Choice(ROLES), help="Only items of this role.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@with_json
def show_command(name: str, dataset: str, role: ItemRole | None, limit: int, as_json: bool) -> None:
    """Show items of DATASET of prompt NAME."""
    with opened() as project:
        library = project.library
        library.prompts.get(name)
        known = [s.dataset for s in library.datasets.summary(name)]
        if dataset not in known:
            mend = f"There are {', '.join(known)}." if known else "Add one: promptkeeper datasets add."
            raise NotFound(f"no dataset '{dataset}'", name, mend)
        found = library.datasets.items(name, dataset=dataset, roles=[role] if role else None, limit=limit)
    rows = [(i.id, i.role, i.segment, i.expected, " | ".join(i.inputs.values())) for i in found]
    emit(as_json, found, lambda: table(("id", "role", "segment", "expected", "inputs"), rows, empty="no such items"))
