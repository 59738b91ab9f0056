"""`promptkeeper canary`: releases that go out in steps, how their arms compare, and what a person does with them."""

from collections.abc import Callable
from typing import Any

import click

from agent.entrypoints.cli.canary_text import canary_document, canary_text, listed, record_text
from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, with_json
from library.canaries import Canary
from library.prompts import PRODUCTION

HERE = "agent.entrypoints.cli.canary"

command = LazyGroup(
    name="canary",
    help="Releases that go out in steps.",
    table={
        "status": (f"{HERE}:status_command", "Where a release stands and how its arms compare; without NAME, all."),
        "start": (f"{HERE}:start_command", "Release a version in steps, without a proposal."),
        "pause": (f"{HERE}:pause_command", "Stop the steps; the share stays as it is."),
        "resume": (f"{HERE}:resume_command", "Let the figures carry it on again."),
        "promote": (f"{HERE}:promote_command", "Sign a second time: the label moves for good."),
        "rollback": (f"{HERE}:rollback_command", "Serve everybody the base version again."),
        "arm": (f"{HERE}:arm_command", "What a subject is served, and the arm to log on its trace."),
        "record": (f"{HERE}:record_command", "What came of releases: promised against realised gains."),
    },
)

with_label = click.option("--label", metavar="LABEL", help="Which one, where releases run under several labels.")
with_reason = click.option("--reason", default="", help="Why, for the record.")


@click.command("status")
@click.argument("name", metavar="[NAME]", required=False)
@with_json
def status_command(name: str | None, as_json: bool) -> None:
    """Show the release of a prompt that runs, or the last one; without NAME, all that have not ended."""
    with opened() as project:
        if name is not None:
            project.library.prompts.get(name)
        found = project.library.canaries.list(prompt=name, active=name is None)
    if name is None:
        emit(as_json, [canary_document(c) for c in found], lambda: listed(found))
        return
    shown = [c for c in found if c.active] or list(found[:1])
    empty = f"no release in steps of {name} yet"
    emit(as_json, [canary_document(c) for c in shown], lambda: "\n\n".join(map(canary_text, shown)) or empty)


@click.command("start")
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--label", default=PRODUCTION, show_default=True, help="The label under which it goes out.")
@with_json
def start_command(name: str, version: int, label: str, as_json: bool) -> None:
    """Release VERSION of prompt NAME in steps. The operating-system user is the reviewer who signs for it."""
    from agent.release.deeds import start

    with opened() as project:
        chosen = project.library.prompts.version(name, version)
        canary = start(project.library, _rules(project), chosen, label=label, actor=actor(), now=now())
    emit(as_json, canary_document(canary), lambda: canary_text(canary))


@click.command("pause")
@click.argument("name")
@with_label
@with_reason
@with_json
def pause_command(name: str, label: str | None, reason: str, as_json: bool) -> None:
    """Stop the steps of prompt NAME's release. The share stays as it is, and a loss still rolls it back."""
    from agent.release.deeds import pause

    _deed(name, label, as_json, lambda p, c: pause(p.library, c.id, actor=actor(), reason=reason, now=now()))


@click.command("resume")
@click.argument("name")
@with_label
@with_reason
@with_json
def resume_command(name: str, label: str | None, reason: str, as_json: bool) -> None:
    """Let the figures carry prompt NAME's release on again."""
    from agent.release.deeds import resume

    _deed(name, label, as_json, lambda p, c: resume(p.library, c.id, actor=actor(), reason=reason, now=now()))


@click.command("promote")
@click.argument("name")
@with_label
@with_reason
@with_json
def promote_command(name: str, label: str | None, reason: str, as_json: bool) -> None:
    """Sign prompt NAME's release a second time: the label moves for good, from whatever step it stands at."""
    from agent.release.deeds import promote

    _deed(
        name,
        label,
        as_json,
        lambda p, c: promote(p.library, _rules(p), c.id, actor=actor(), reason=reason, now=now()),
    )


@click.command("rollback")
@click.argument("name")
@with_label
@click.option("--reason", required=True, help="Why; the next attempt will know it.")
@with_json
def rollback_command(name: str, label: str | None, reason: str, as_json: bool) -> None:
    """Serve everybody the base version of prompt NAME again. Nobody has to agree to it."""
    from agent.release.deeds import roll_back

    _deed(
        name,
        label,
        as_json,
        lambda p, c: roll_back(p.library, _rules(p), c.id, actor=actor(), reason=reason, now=now()),
    )


@click.command("arm")
@click.argument("name")
@click.option("--subject", required=True, metavar="ID", help="Whoever is served: a user, a customer, a session.")
@click.option("--label", default=PRODUCTION, show_default=True)
@with_json
def arm_command(name: str, subject: str, label: str, as_json: bool) -> None:
    """Show which version of prompt NAME a subject is served, always the same one at the same step."""
    with opened() as project:
        project.library.prompts.get(name)
        served = project.library.canaries.served(name, label, subject)
    arm = None if served.arm is None else str(served.arm)
    document = {"prompt": name, "label": label, "version": served.version.number, "arm": arm}
    emit(as_json, document, f"{name}@{served.version.number}" + (f", arm {arm}" if arm else ", no release runs"))


@click.command("record")
@click.argument("name", metavar="[NAME]", required=False)
@with_json
def record_command(name: str | None, as_json: bool) -> None:
    """Show what came of releases, per way of writing and teacher: promised and realised gains, predictions."""
    from agent.release.record import records

    with opened() as project:
        if name is not None:
            project.library.prompts.get(name)
        found = records(project.library, name)
    emit(as_json, found, lambda: record_text(found))


def _deed(name: str, label: str | None, as_json: bool, deed: Callable[[Opened, Canary], Canary]) -> None:
    from agent.release.deeds import running

    with opened() as project:
        done = deed(project, running(project.library, name, label))
    emit(as_json, canary_document(done), lambda: canary_text(done))


def _rules(project: Opened) -> Any:
    from agent.bootstrap import rulebook_of

    return rulebook_of(project.settings).release
