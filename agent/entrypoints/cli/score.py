"""`promptkeeper score`: judge one trace."""

import click

from agent.entrypoints.cli.opening import actor, now, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.redacting import Redactor
from library.errors import InputError
from library.scores import Score, Source, validate_value

REVISION = "1"
LONGEST_NAME = 100


@click.command()
@click.argument("trace")
@click.argument("name")
@click.argument("value", type=float)
@click.option(
    "--source",
    type=click.Choice(["human", "programmatic", "judge", "implicit"]),
    default="human",
    show_default=True,
    help="Who judged.",
)
@click.option("--comment", metavar="T", default="", help="Why, for the reader.")
@with_json
def command(trace: str, name: str, value: float, source: Source, comment: str, as_json: bool) -> None:
    """Give TRACE the score NAME with VALUE between 0 and 1. The same judge's earlier value is replaced."""
    checked = validate_value(value, f"score {name}")
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InputError("a score needs a name of at most 100 characters", "score", "Name it, such as exact_match.")
    from agent.bootstrap import rulebook_of

    with opened() as project:
        clean = Redactor(rulebook_of(project.settings).privacy.redact)
        found = project.library.traces.get(trace)
        score = Score(
            trace_id=found.id,
            name=name,
            value=checked,
            source=source,
            evaluator=actor().name,
            revision=REVISION,
            ts=now(),
            comment=clean.text(comment),
        )
        changed = project.library.traces.add_scores([score])
    emit(
        as_json,
        {"score": score, "changed": bool(changed)},
        f"{found.id}: {name} = {checked:g}" + ("" if changed else " (nothing new)"),
    )
