"""`traces list` and `show`."""

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import cell, emit, facts, harmless, table, to_json, with_json
from agent.entrypoints.rows import parse_since
from library.scores import Score
from library.traces import Trace


@click.command("list")
@click.argument("name", required=False)
@click.option("--version", type=click.IntRange(min=1), help="Only calls of this version.")
@click.option("--segment", metavar="S", help="Only this segment.")
@click.option("--since", metavar="T", help="A date, or a time span back from now such as 7d.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@with_json
def list_command(
    name: str | None, version: int | None, segment: str | None, since: str | None, limit: int, as_json: bool
) -> None:
    """List calls, newest first, of all prompts or of prompt NAME."""
    begin = parse_since(since, now())
    with opened() as project:
        if name is not None:
            project.library.prompts.get(name)
        found = project.library.traces.list(name, version=version, segment=segment, since=begin, limit=limit)
    rows = [(t.id, t.ts, t.prompt, t.version, t.segment, t.error.type if t.error else t.output) for t in found]
    emit(
        as_json,
        found,
        lambda: table(("id", "at (UTC)", "prompt", "version", "segment", "output"), rows, empty="no calls"),
    )


@click.command("show")
@click.argument("trace_id", metavar="ID")
@with_json
def show_command(trace_id: str, as_json: bool) -> None:
    """Show one call with its scores."""
    with opened() as project:
        trace = project.library.traces.get(trace_id)
        scores = project.library.traces.scores(trace_id)
    emit(as_json, {**to_json(trace), "scores": scores}, lambda: _shown(trace, scores))


def _shown(trace: Trace, scores: tuple[Score, ...]) -> str:
    asked = f" (asked for {trace.label})" if trace.label else ""
    head = facts(
        [
            ("trace", trace.id),
            ("at", f"{cell(trace.ts)} UTC"),
            ("prompt", f"{trace.prompt}@{trace.version}{asked}"),
            ("segment", trace.segment),
            ("model", trace.model),
            ("answered by", trace.response_model),
            ("latency", None if trace.latency_ms is None else f"{trace.latency_ms:.0f} ms"),
            ("tokens", _tokens(trace)),
            ("cost", None if trace.cost is None else f"${trace.cost:.6f}"),
            ("session", trace.session),
            ("finish reason", trace.finish_reason),
            ("tool calls", len(trace.tool_calls) or None),
            ("error", f"{trace.error.type}: {trace.error.message}" if trace.error else None),
        ]
    )
    blocks = [head]
    blocks += [f"[input {name}]\n{harmless(value)}" for name, value in trace.inputs.items()]
    blocks += [
        f"[{what}]\n{harmless(text)}" for what, text in (("output", trace.output), ("expected", trace.expected)) if text
    ]
    if scores:
        lines = [(s.name, s.value, s.source, f"{s.evaluator} {s.revision}", s.ts, s.comment) for s in scores]
        blocks.append(table(("score", "value", "source", "evaluator", "at (UTC)", "comment"), lines))
    return "\n\n".join(blocks)


def _tokens(trace: Trace) -> str | None:
    if trace.tokens_in is None and trace.tokens_out is None:
        return None
    known = ("?" if n is None else str(n) for n in (trace.tokens_in, trace.tokens_out))
    return "{} in, {} out".format(*known)
