"""A staged release as a document and as text for people: where it stands, how the arms compare, what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.entrypoints.cli.output import cell, facts, table, to_json, wrapped
from library.canaries import Canary, said

if TYPE_CHECKING:
    from agent.release.record import Record


def canary_document(canary: Canary) -> dict[str, Any]:
    """The canary as JSON, with its share now and the next one."""
    more = {"percent": canary.percent, "next_percent": canary.next_percent if canary.active else None}
    return {**to_json(canary), **more}


def listed(canaries: Sequence[Canary]) -> str:
    """One line for each."""
    rows = [
        (c.id, f"{c.prompt}@{c.version}", c.label, said(c.state), f"{c.percent} %", gain_words(c.reading), c.started_at)
        for c in canaries
    ]
    headers = ("id", "prompt", "label", "state", "share", "gain so far", "since (UTC)")
    return table(headers, rows, empty="no release in steps runs")


def canary_text(canary: Canary) -> str:
    """All of it, most important first."""
    return "\n\n".join(_blocks(canary))


def _blocks(canary: Canary) -> Iterator[str]:
    reading, realised = canary.reading or {}, canary.realised or {}
    yield facts(
        [
            ("canary", f"{canary.id}, {said(canary.state)}" + (f" by {canary.ended_by}" if canary.ended_by else "")),
            ("prompt", f"{canary.prompt}@{canary.version} beside version {canary.base_version}"),
            ("label", f"{canary.label} ({_stands(canary)})"),
            ("share", f"{canary.percent} % of subjects; steps {', '.join(str(s) for s in canary.steps)} %"),
            ("because", canary.reason),
            ("looked at", datetime.fromisoformat(reading["at"]) if reading else None),
            ("found", reading.get("reason")),
            ("gain so far", None if canary.ended_at else gain_words(canary.reading)),
            ("this step", _progress(reading)),
            ("promised", gain_words(realised.get("promised"))),
            ("realised", gain_words(realised) if realised else None),
            ("approved", f"by {canary.started_by} on {cell(canary.started_at)} UTC{_proposal(canary)}"),
            ("ended", canary.ended_at),
            ("content", canary.content_hash),
        ]
    )
    rows = [
        (one["metric"], one["control"], one["canary"], gain_words(one), one["n_control"], one["n_canary"])
        for one in reading.get("readings", ())
    ]
    if rows:
        yield table(("metric", "base", "canary", "gain (95 % interval)", "n base", "n canary"), rows)
    if canary.state == "waiting":
        yield f"sign: promptkeeper canary promote {canary.prompt}"


def _stands(canary: Canary) -> str:
    number = canary.version if canary.state == "promoted" else canary.base_version
    return f"stands on version {number}" if canary.state != "superseded" else "has moved"


def _proposal(canary: Canary) -> str:
    return f", proposal {canary.proposal_id}" if canary.proposal_id is not None else ""


def _progress(reading: Mapping[str, Any]) -> str | None:
    return f"{reading['n_stage']:.0f} of {reading['needed']} scored calls" if "n_stage" in reading else None


def gain_words(measured: Mapping[str, Any] | None) -> str | None:
    """A gain with its interval; None where there is none."""
    if measured is None or measured.get("gain") is None:
        return None
    if measured.get("low") is None or measured.get("high") is None:
        return f"{measured['gain']:+.3f}"
    return f"{measured['gain']:+.3f} ({measured['low']:+.3f} to {measured['high']:+.3f})"


def record_text(records: Sequence["Record"]) -> str:
    """A paragraph for each way of writing and teacher."""
    return "\n\n".join("\n".join(_recorded(one)) for one in records) or "no release in steps has ended yet"


def _recorded(record: "Record") -> Iterator[str]:
    yield wrapped(
        f"{record.strategy} by {record.teacher}: {record.promoted} promoted, {record.rolled_back} rolled back"
    )
    yield wrapped(record.promises.sentence, first="  ")
    if record.foresight is not None:
        yield wrapped(record.foresight.sentence, first="  ")
