"""`promptkeeper migrate-to`: the whole library into another database."""

from typing import TYPE_CHECKING, Any

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import emit, facts, table, with_json
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.signing import audit_key

if TYPE_CHECKING:
    from library.store.copying import Copied

NEXT = (
    "put the new address into promptkeeper.toml: [library] url = …",
    "promptkeeper memory rebuild",
    "promptkeeper doctor",
)


@click.command()
@click.argument("url")
@with_json
def command(url: str, as_json: bool) -> None:
    """Copy the whole library into the empty database at URL, and compare both.

    URL: postgresql+psycopg://USER@HOST/DATABASE, or sqlite:///FILE. A password is better kept in ~/.pgpass or
    PGPASSWORD than written here. Stop the service first. The library is only read; the settings stay as they are. Cut
    off anywhere, the target is as empty as before.
    """
    from agent.moving import move

    shown = progress()
    with opened() as project:
        place = project.library.db.place
        try:
            copied = move(project.library, url, audit_key=audit_key(), now=now(), told=shown)
        finally:
            done(shown)
    emit(as_json, _document(place, copied), lambda: _said(place, copied))


def _document(place: str, copied: "Copied") -> dict[str, Any]:
    return {
        "library": place,
        "target": copied.place,
        "rows": copied.rows,
        "tables": copied.tables,
        "audit": copied.audit,
        "replaced": copied.replaced,
        "next": NEXT,
    }


def _said(place: str, copied: "Copied") -> str:
    chain = copied.audit
    broken = f"broken at event {chain.broken_at}, as it was before (is PROMPTKEEPER_AUDIT_KEY set as it was?)"
    odd = f"{copied.replaced} rows had characters that PostgreSQL cannot keep: they are U+FFFD now"
    lines = [
        table(("table", "rows", "content"), [(one.table, one.rows, one.digest[:16]) for one in copied.tables]),
        "",
        facts(
            [
                ("from", place),
                ("to", copied.place),
                ("compared", f"{copied.rows} rows in {len(copied.tables)} tables are the same on both sides"),
                ("audit", f"{chain.count} events, head {chain.head}" if chain.ok else broken),
                ("replaced", odd if copied.replaced else None),
            ]
        ),
        "",
        "next:",
        *(f"  {step}" for step in NEXT),
    ]
    return "\n".join(lines)
