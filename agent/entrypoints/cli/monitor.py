"""`promptkeeper monitor`: sweep now, and say what degraded, since when, how much, where."""

from collections.abc import Sequence

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import emit, table, with_json, wrapped
from library.errors import InputError
from library.incidents import ACTIVE, Incident


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--backtest",
    "history",
    metavar="FILE",
    help="Replay JSON lines of {ts, scored_at?, prompt, segment?, score, version?, revision?} instead: the alarms that"
    " would have been raised. Needs no project.",
)
@with_json
def command(names: Sequence[str], history: str | None, as_json: bool) -> None:
    """Fold new scores into the trends and look at every prompt, or at those named."""
    if history is not None:
        from agent.entrypoints.cli.backtest import backtest

        if names:
            raise InputError("--backtest stands alone", "monitor", "Leave out the names.")
        backtest(history, as_json=as_json)
        return
    from agent.bootstrap import rulebook_of
    from agent.release.advancing import advance_all
    from agent.steps.monitor import sweep

    with opened() as project:
        library = project.library
        for name in names:
            library.prompts.get(name)
        at = now()
        rules = rulebook_of(project.settings)
        readings = sweep(library, rules.health, now=at, prompts=list(names) or None, until=at)
        releases = advance_all(library, rules.release, now=at, prompts=names or None)
        open_now = [i for i in library.incidents.list(states=tuple(ACTIVE)) if not names or i.prompt in names]
    watched = [
        {
            "prompt": r.series.prompt,
            "version": r.series.version,
            "metric": r.series.metric,
            "status": r.status,
            "scores": r.evidence.n_before + r.evidence.n_after,
        }
        for r in readings
    ]
    document = {"at": at, "series": watched, "incidents": open_now, "releases": releases}
    emit(as_json, document, lambda: _said(watched, open_now, [look.said for look in releases]))


def _said(watched: Sequence[dict[str, object]], incidents: Sequence[Incident], releases: Sequence[str]) -> str:
    parts = [f"{len(watched)} series with new scores", *map(wrapped, releases)]
    unsure = [w for w in watched if w["status"] in {"watch", "learning"}]
    if unsure:
        rows = [(w["prompt"], w["version"], w["metric"], w["status"], w["scores"]) for w in unsure]
        parts.append(table(("prompt", "version", "metric", "status", "scores"), rows))
    if not incidents:
        parts.append("no open incidents")
    for incident in incidents:
        parts.append(said_of(incident))
    return "\n\n".join(parts)


def said_of(incident: Incident) -> str:
    """An incident for people: one sentence, then its table of segments."""
    d = incident.degradation
    head = (
        f"incident {incident.id} ({incident.state}): {incident.prompt}@{incident.version} {d.metric} "
        f"{d.before:.3f} -> {d.after:.3f}, loss {d.effect:.3f} (95 % {d.effect_low:.3f} to {d.effect_high:.3f})\n"
        f"since {d.onset:%Y-%m-%d %H:%M} UTC (between {d.onset_earliest:%Y-%m-%d %H:%M} and "
        f"{d.onset_latest:%Y-%m-%d %H:%M}), in {d.segment or ', '.join(d.fallen) or 'all segments'}"
    )
    if d.gradual_since is not None:
        head += f"\nif it came gradually, since {d.gradual_since:%Y-%m-%d %H:%M} UTC"
    head += "".join(f"\nalso {a.metric} {a.before:.3f} -> {a.after:.3f} since {a.onset:%Y-%m-%d %H:%M}" for a in d.also)
    if d.upstream is not None:
        head += f"\n{len(d.upstream.prompts)} of {d.upstream.of} other prompts on {d.upstream.model} fell too"
    rows = [
        (s.segment, s.before, s.after, f"{s.difference:+.3f}", f"{s.low:+.3f} to {s.high:+.3f}", s.n_before, s.n_after)
        for s in d.segments
    ]
    shown = table(("segment", "before", "after", "change", "95 % interval", "n before", "n after"), rows)
    return f"{head}\n{shown}"
