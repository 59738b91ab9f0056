"""`promptkeeper incidents`: detected degradations, and what a person says about them."""

from collections.abc import Iterator, Sequence
from typing import get_args

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import actor, now, opened
from agent.entrypoints.cli.output import GAP, cell, emit, facts, harmless, outline, table, with_json
from library.errors import InputError
from library.incidents import Incident, IncidentState, Upstream

HERE = "agent.entrypoints.cli.incidents"
STATES: tuple[IncidentState, ...] = get_args(IncidentState)

command = LazyGroup(
    name="incidents",
    help="Detected degradations: look, dismiss, accept.",
    table={
        "list": (f"{HERE}:list_command", "Incidents, newest first."),
        "show": (f"{HERE}:show_command", "One incident: since when, how much, where, why."),
        "dismiss": (f"{HERE}:dismiss_command", "Say that it is none."),
        "accept": (f"{HERE}:accept_command", "Accept the new level as normal."),
    },
)


@click.command("list")
@click.option("--prompt", metavar="NAME", help="Only incidents of this prompt.")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only this state; may be repeated.")
@with_json
def list_command(prompt: str | None, states: Sequence[IncidentState], as_json: bool) -> None:
    """List incidents, newest first."""
    with opened() as project:
        if prompt is not None:
            project.library.prompts.get(prompt)
        found = project.library.incidents.list(prompt=prompt, states=states or None)
    rows = [
        (
            i.id,
            f"{i.prompt}@{i.version}",
            i.state,
            i.degradation.onset,
            i.degradation.metric,
            -i.degradation.effect,
            i.degradation.segment or "everywhere",
        )
        for i in found
    ]
    headers = ("id", "prompt", "state", "since (UTC)", "metric", "change", "where")
    emit(as_json, found, lambda: table(headers, rows, empty="no incidents"))


@click.command("show")
@click.argument("incident_id", metavar="ID", type=int)
@with_json
def show_command(incident_id: int, as_json: bool) -> None:
    """Show one incident: onset and effect with their intervals, the segments, the diagnosis."""
    with opened() as project:
        incident = project.library.incidents.get(incident_id)
    emit(as_json, incident, lambda: "\n\n".join(_blocks(incident)))


@click.command("dismiss")
@click.argument("incident_id", metavar="ID", type=int)
@click.option("--reason", required=True, help="Why it is no incident, for the record.")
@with_json
def dismiss_command(incident_id: int, reason: str, as_json: bool) -> None:
    """Say that an incident is none."""
    if not reason.strip():
        raise InputError("the reason is empty", "--reason", "Say why it is no incident.")
    _dismiss(incident_id, reason, as_json)


@click.command("accept")
@click.argument("incident_id", metavar="ID", type=int)
@with_json
def accept_command(incident_id: int, as_json: bool) -> None:
    """Accept the level since the onset as the new normal: what came before it is no longer compared with."""
    from agent.incident_life import accept

    with opened() as project:
        moved = accept(project.library, incident_id, actor=actor(), now=now())
    emit(as_json, moved, f"incident {moved.id}: {moved.state}, {harmless(moved.note)}")


def _dismiss(incident_id: int, note: str, as_json: bool) -> None:
    with opened() as project:
        moved = project.library.incidents.move(incident_id, "dismissed", actor=actor().name, note=note, now=now())
    emit(as_json, moved, f"incident {moved.id}: {moved.state}, {harmless(note)}")


def _blocks(incident: Incident) -> Iterator[str]:
    seen = incident.degradation
    yield facts(
        [
            ("incident", f"{incident.id}, {incident.state}"),
            ("prompt", f"{incident.prompt}@{incident.version}"),
            ("note", incident.note),
            ("metric", f"{seen.metric} (evaluator {seen.evaluator}, revision {seen.revision})"),
            ("since", f"{cell(seen.onset)} UTC, between {cell(seen.onset_earliest)} and {cell(seen.onset_latest)}"),
            ("if gradual, since", None if seen.gradual_since is None else f"{cell(seen.gradual_since)} UTC"),
            ("detected", f"{cell(seen.detected_at)} UTC, then dated {cell(seen.known_by)}"),
            ("change", _change(-seen.effect, -seen.effect_high, -seen.effect_low)),
            ("before", f"{seen.before:.3f} (n = {seen.n_before})"),
            ("after", f"{seen.after:.3f} (n = {seen.n_after})"),
            ("where", seen.segment or "everywhere"),
            ("fell for certain", ", ".join(seen.fallen)),
            ("compared with", "the version that was replaced" if seen.floor else None),
            ("also", "; ".join(f"{a.metric} {a.before:.3f} -> {a.after:.3f} since {cell(a.onset)}" for a in seen.also)),
            ("same model", _upstream(seen.upstream)),
            ("evidence", f"{seen.evidence:.1f} nats, threshold {seen.threshold:.1f}"),
        ]
    )
    rows = [
        (s.segment, s.before, s.after, s.difference, f"{s.low:+.3f} to {s.high:+.3f}", s.n_before, s.n_after)
        for s in seen.segments
    ]
    if rows:
        yield table(("segment", "before", "after", "change", "95 % interval", "n before", "n after"), rows)
    if incident.diagnosis is not None:
        yield "diagnosis\n" + outline(incident.diagnosis, indent=GAP)


def _upstream(seen: Upstream | None) -> str | None:
    if seen is None:
        return None
    return f"{len(seen.prompts)} of {seen.of} other prompts on {seen.model} fell too ({', '.join(seen.prompts[:5])})"


def _change(mean: float, low: float, high: float) -> str:
    return f"{mean:+.3f} (95 % interval {low:+.3f} to {high:+.3f})"
