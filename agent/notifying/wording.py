"""What a notice says of a line of the audit log: short, plain, figures with their intervals, a link to the page.

Nothing of production text, of a prompt's text or of what people wrote as a reason leaves the house: only names,
numbers and who decided. Names are those of prompts, metrics, segments and people.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from library.audit import AuditEvent
from library.errors import NotFound
from library.incidents import Incident
from library.notices import TEST, Telling
from library.operations import COST, LATENCY, RELATIVE, factor
from library.store.stores import Library

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "incident.opened": "degraded",
        "incident.regressed": "degraded again",
        "incident.resolved": "is well again",
        "incident.dismissed": "incident dismissed",
        "proposal.created": "a change waits for a decision",
        "proposal.approved": "change approved",
        "proposal.rejected": "change rejected",
        "proposal.revision_requested": "changes to the proposal asked for",
        "proposal.waived": "guardrail finding set aside",
        "proposal.expired": "nobody decided in time",
        "proposal.superseded": "proposal out of date",
        "canary.started": "release in steps begun",
        "canary.advanced": "release goes on",
        "canary.paused": "release paused",
        "canary.resumed": "release resumed",
        "canary.waiting": "release waits for a signature",
        "canary.promoted": "released",
        "canary.rolled_back": "release rolled back",
        "canary.superseded": "release given up",
    }
)
"""Every event that can be told, with what stands behind the prompt's name in a title."""

RELEASE = "release"
"""The actor of the audit log that is the figures of a release, not a person: its reasons are computed."""
FIGURES = ("label", "version", "base_version", "percent", "metric", "gain", "low", "high", "n_control", "n_canary")


def event_of(line: AuditEvent) -> str | None:
    """The event that a line of the audit log is, None for what is told to nobody."""
    if line.action == "incident.moved":
        event = f"incident.{line.detail.get('to')}"
        return event if event in KINDS else None
    return line.action if line.action in KINDS else None


def telling_of(line: AuditEvent, library: Library, *, public_url: str) -> Telling | None:
    """What is to be told of a line, None where it is nothing. public_url: of the pages, empty for no links."""
    event = event_of(line)
    if event is None:
        return None
    family, _, number = line.subject.partition(" ")
    prompt, text, facts = PARTS[family](line, library, int(number))
    return Telling(
        event=event,
        prompt=prompt,
        subject=line.subject,
        at=line.at,
        title=f"{prompt}: {KINDS[event]}",
        text=text,
        link=_link(public_url, family, number, prompt),
        facts={family: int(number), "by": line.actor, **facts},
    )


def trial(name: str, *, now: datetime) -> Telling:
    """The message of `promptkeeper notices test`."""
    text = f"This is a test of the channel '{name}'. Nothing has happened."
    return Telling(event=TEST, prompt="", subject=f"channel {name}", at=now, title="test message", text=text)


def _link(public_url: str, family: str, number: str, prompt: str) -> str:
    if not public_url:
        return ""
    page = f"prompts/{quote(prompt)}" if family == "canary" else f"{family}s/{number}"
    return f"{public_url.rstrip('/')}/{page}"


def _incident(line: AuditEvent, library: Library, number: int) -> tuple[str, str, dict[str, Any]]:
    incident = library.incidents.get(number)
    seen = incident.degradation
    facts = {
        "version": incident.version,
        "metric": seen.metric,
        "segment": seen.segment,
        "onset": seen.onset.isoformat(),
        "before": seen.before,
        "after": seen.after,
        "effect": seen.effect,
        "low": seen.effect_low,
        "high": seen.effect_high,
        "n_before": seen.n_before,
        "n_after": seen.n_after,
    }
    if line.detail.get("to") == "dismissed":
        return incident.prompt, f"Dismissed by {line.actor}. {_loss(incident)}", facts
    return incident.prompt, _loss(incident), facts


def _loss(incident: Incident) -> str:
    """How much was lost, with its interval, since when and where."""
    seen = incident.degradation
    counts = f"n = {seen.n_before} before, {seen.n_after} since"
    if seen.metric in RELATIVE:
        what = {LATENCY: "Calls take", COST: "Calls cost"}[seen.metric]
        times = [factor(value) for value in (seen.effect, seen.effect_low, seen.effect_high)]
        lost = f"{what} {times[0]:.2f} times as much (95 % interval {times[1]:.2f} to {times[2]:.2f}; {counts})"
    else:
        interval = f"95 % interval {-seen.effect_high:+.3f} to {-seen.effect_low:+.3f}"
        lost = f"{seen.metric} changed by {-seen.effect:+.3f}, {interval}, from {seen.before:.3f} ({counts})"
    where = f" in the segment {seen.segment}" if seen.segment else ""
    return f"Version {incident.version}: {lost} since about {seen.onset:%Y-%m-%d %H:%M} UTC{where}."


def _proposal(line: AuditEvent, library: Library, number: int) -> tuple[str, str, dict[str, Any]]:
    proposal = library.proposals.get(number)
    comparison = proposal.packet.get("comparison", {})
    facts: dict[str, Any] = {
        "label": proposal.label,
        "base_version": proposal.base_version,
        "expires_at": proposal.expires_at.isoformat(),
        **{k: comparison[k] for k in ("gain", "low", "high", "n", "excluded") if k in comparison},
    }
    version = line.detail.get("version")
    facts |= {"version": version} if version is not None else {}
    sentences = [f"Proposal {number} changes version {proposal.base_version} under '{proposal.label}'."]
    if {"gain", "low", "high", "n", "excluded"} <= facts.keys():
        sentences.append(
            f"Gain {facts['gain']:+.3f} (95 % interval {facts['low']:+.3f} to {facts['high']:+.3f},"
            f" n = {facts['n']}, {facts['excluded']} excluded)."
        )
    sentences.append(_became(line, proposal.expires_at.strftime("%Y-%m-%d %H:%M"), version))
    return proposal.prompt, " ".join(sentences), facts


def _became(line: AuditEvent, until: str, version: int | None) -> str:
    """What became of a proposal, in one sentence."""
    newer = line.detail.get("by")
    return {
        "proposal.created": f"Decide until {until} UTC.",
        "proposal.approved": f"{line.actor} approved it as version {version}.",
        "proposal.rejected": f"{line.actor} rejected it.",
        "proposal.revision_requested": f"{line.actor} asked for changes; a new cycle takes them up.",
        "proposal.waived": f"{line.actor} set the finding {line.detail.get('finding')} aside.",
        "proposal.expired": f"It expired on {until} UTC.",
        "proposal.superseded": f"Proposal {newer} took its place." if newer else "Another version is live meanwhile.",
    }[line.action]


def _canary(line: AuditEvent, _library: Library, number: int) -> tuple[str, str, dict[str, Any]]:
    said = line.detail
    facts = {name: said[name] for name in FIGURES if name in said}
    sentences = [f"Canary {number}: version {said['version']} beside {said['base_version']} under '{said['label']}'."]
    deed = line.action.partition(".")[2]
    if deed in {"started", "advanced", "resumed"}:
        sentences.append(f"{said['percent']} % of subjects are served it.")
    if {"metric", "gain", "low", "high"} <= facts.keys():
        counts = f"n = {facts.get('n_control')} and {facts.get('n_canary')}"
        interval = f"interval {facts['low']:+.3f} to {facts['high']:+.3f}"
        sentences.append(f"{facts['metric']} {facts['gain']:+.3f} against the control ({interval}, {counts}).")
    sentences.append(f"Reason: {said['reason']}." if line.actor == RELEASE and said.get("reason") else _who(line, deed))
    return str(said["prompt"]), " ".join(sentences), facts


def _who(line: AuditEvent, deed: str) -> str:
    return f"{deed.replace('_', ' ').capitalize()} by {line.actor}."


PARTS = {"incident": _incident, "proposal": _proposal, "canary": _canary}


def telling_or_less(line: AuditEvent, library: Library, *, public_url: str) -> Telling | None:
    """The same for a line whose subject is gone or told in a way that this version does not know: the bare event."""
    try:
        return telling_of(line, library, public_url=public_url)
    except (NotFound, KeyError, ValueError, TypeError):
        event = event_of(line) or line.action
        prompt = str(line.detail.get("prompt", ""))
        title = f"{prompt or line.subject}: {KINDS.get(event, event)}"
        return Telling(event=event, prompt=prompt, subject=line.subject, at=line.at, title=title, text="")
