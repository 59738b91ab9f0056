"""Answers by topic: sentences over facts, each with where it can be checked."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agent.chat.changes import blame, causes, changes, primary
from agent.chat.facts import Facts, VersionRecord
from agent.chat.questions import Topic
from agent.chat.sentences import Said, day, percent, points, score
from policies.attribution import REWRITABLE

KINDS_TOLD = 3
STOP_WORDS = {
    "proposed": "ended with a proposal",
    "healthy": "found nothing to do",
    "not_the_prompt": "found that the prompt is not to blame",
    "no_data": "had no test data to learn from",
    "no_better_candidate": "found no better candidate",
    "converged": "found round after round that its ideas gain nothing more",
    "not_proven": "found a better candidate but could not prove the gain",
    "only_duplicates": "only wrote what had been tried before",
    "guardrails_refuse": "wrote only candidates that guardrails refused",
    "judge_too_noisy": "found the judge too noisy to optimise by",
}


def since(facts: Facts) -> Said:
    """When it began, with the interval."""
    incident = facts.incident
    if incident is None:
        return _healthy(facts)
    d = incident.degradation
    gradual = "" if d.gradual_since is None else f", or since {day(d.gradual_since)} if it came gradually"
    return Said(
        f"It began about {day(d.onset)} (between {day(d.onset_earliest)} and {day(d.onset_latest)}){gradual}; "
        f"the monitor was sure on {day(d.detected_at)} [incident {incident.id}]."
    )


def size(facts: Facts) -> Said:
    """How much was lost, with the interval."""
    if facts.incident is None:
        return _healthy(facts)
    d = facts.incident.degradation
    return Said(
        f"{_measured(d.metric)} went from {score(d.before)} (n = {d.n_before}) to {score(d.after)} (n = {d.n_after}): "
        f"a loss of {points(d.effect)} points (95 % {points(d.effect_low)} to {points(d.effect_high)}) "
        f"[incident {facts.incident.id}, version {facts.incident.version}]."
    )


def _measured(metric: str) -> str:
    return "The share of calls that did not fail" if metric == "error" else f"The {metric} score"


def where(facts: Facts) -> Said:
    """Which segments are hit, and which are not."""
    if facts.incident is None:
        return _healthy(facts)
    segments = facts.incident.degradation.segments
    down = [s for s in segments if s.high < 0]
    same = [s for s in segments if s.high >= 0]
    told = [
        f"{s.segment} {points(s.difference)} points ({points(s.low)} to {points(s.high)}, n = {s.n_after})"
        for s in down
    ]
    kept = [f"{s.segment} ({points(s.difference)}, {points(s.low)} to {points(s.high)})" for s in same]
    sentence = f"Down: {'; '.join(told)}. " if told else "No single segment is down for sure. "
    if kept:
        sentence += f"Not shown to have changed: {'; '.join(kept)}. "
    return Said(
        sentence + f"[incident {facts.incident.id}]",
        unknown="who the single customers are: traces carry segments, not people" if segments else "",
    )


def kinds(facts: Facts) -> Said:
    """The kinds of failure with real examples."""
    found = (facts.diagnosis or {}).get("kinds", [])[:KINDS_TOLD]
    if facts.incident is None:
        return _healthy(facts)
    if primary(facts).get("cause") == "outage":
        return _failed_calls(facts)
    if not found:
        return Said("No kind of failure stands out.", unknown="which kinds of message fail: too few judged examples")
    lines = []
    for kind in found:
        past = kind.get("earlier_share")
        before = f"; {percent(past)} of such messages failed before the onset" if past is not None else ""
        lines.append(f"- {kind['name']}: {kind['count']} calls, {percent(kind['share'])} of the lost score{before}")
        lines += [
            f'    "{e["text"]}" was answered {e["actual"] or "nothing"}, wanted {e["expected"]} [trace {e["id"]}]'
            for e in kind["examples"][:2]
        ]
    return Said("Most of the loss, by kind of failure:\n" + "\n".join(lines))


def _failed_calls(facts: Facts) -> Said:
    """Calls that got no answer are told by their errors: what they asked has nothing to do with it."""
    evidence = primary(facts).get("evidence", {})
    errors = ", ".join(f"{kind} ({count} calls)" for kind, count in evidence.get("errors", {}).items())
    shown = ", ".join(f"trace {i}" for i in evidence.get("trace_ids", ())[:KINDS_TOLD])
    if not errors:
        return Said("No kind of error stands out.", unknown="which calls fail: too few of them are on record")
    return Said(f"Calls that got no answer: {errors} [{shown}]. It does not matter what they asked.")


def why(facts: Facts) -> Said:
    """The full account: cause, onset, size, segments, kinds, what changed, what was tried."""
    if facts.incident is None:
        return _healthy(facts)
    state = {"resolved": " It is resolved by now.", "dismissed": f" It was dismissed: {facts.incident.note}."}
    head = Said(
        f"{facts.prompt.name} degraded: {(facts.diagnosis or {}).get('sentence', 'the cause is not diagnosed yet.')}"
        + "".join(f" Besides ({percent(c['share'])} of the loss): {c['sentence']}" for c in causes(facts)[1:])
        + state.get(facts.incident.state, "")
    )
    parts = [head, *(answer(facts) for answer in (since, size, where, kinds, changes, tried))]
    return Said(
        "\n".join(p.text for p in parts),
        unknown="; ".join([*(p.unknown for p in parts if p.unknown), "why users now write what they write"]),
    )


def versions(facts: Facts) -> Said:
    """How the versions did on live traffic."""
    scored = [r for r in facts.versions if r.mean is not None]
    if not scored:
        return Said("No version has scores yet.", unknown="which version is best")
    ranked = sorted(scored, key=lambda r: -(r.mean or 0.0))
    lines = [f"- version {r.version.number}: {_level(r)}" for r in ranked]
    quiet = [str(r.version.number) for r in facts.versions if r.mean is None]
    measured = _measured(facts.metric)
    verdict = f"{measured} is best for version {ranked[0].version.number}."
    if len(ranked) > 1:
        gap = (ranked[0].mean or 0) - (ranked[1].mean or 0)
        noise = 1.96 * (ranked[0].standard_error ** 2 + ranked[1].standard_error ** 2) ** 0.5
        sure = "more than chance explains" if gap > noise else "which chance can explain"
        verdict += f" It leads by {points(gap)} points (give or take {points(noise)}), {sure}."
    unknown = "how they compare on the same traffic: each saw its own time" if len(ranked) > 1 else ""
    told = verdict + "\n" + "\n".join(lines) + (f"\nNo scores yet: version {', '.join(quiet)}." if quiet else "")
    return Said(told, unknown=unknown)


def _level(record: VersionRecord) -> str:
    half = 1.96 * record.standard_error
    span = f"{day(record.first_seen)} to {day(record.last_seen)}" if record.first_seen and record.last_seen else ""
    return f"{score(record.mean or 0.0)} (give or take {points(half)} points, n = {record.n}, {span})"


def tried(facts: Facts) -> Said:
    """What cycles tried and what came of it."""
    if not facts.runs:
        return Said("Nothing has been tried yet.")
    lines = []
    for run in facts.runs[:3]:
        mine = [a for a in facts.attempts if a.run_id == run.id]
        states = ", ".join(f"{sum(a.state == s for a in mine)} {s}" for s in sorted({a.state for a in mine}))
        ended = STOP_WORDS.get(run.stop_reason or "", run.stop_detail or run.state)
        lines.append(
            f"- run {run.id} ({day(run.started_at)}) {ended}; {len(mine)} candidates"
            + (f": {states}" if states else "")
        )
        best = max((a for a in mine if "gain" in a.result), key=lambda a: a.result["gain"], default=None)
        if best is not None:
            lines.append(f"    best idea: {best.hypothesis} ({points(best.result['gain'])} points on selection items)")
    for proposal in facts.proposals[:3]:
        said = f': "{proposal.comment}"' if proposal.comment else ""
        lines.append(f"- proposal {proposal.id} is {proposal.state}{said}")
    return Said("Tried so far:\n" + "\n".join(lines))


def waiting(facts: Facts) -> Said:
    """Proposals that wait for a decision."""
    pending = [p for p in facts.proposals if p.state == "pending"]
    if not pending:
        return Said(f"Nothing waits for a decision on {facts.prompt.name}.")
    p = pending[0]
    c = p.packet.get("comparison", {})
    gain = f"{points(c['gain'])} points ({points(c['low'])} to {points(c['high'])}, n = {c['n']})" if c else "unknown"
    return Said(
        f"Proposal {p.id} for {p.prompt} waits since {day(p.created_at)}: gain {gain}; it expires {day(p.expires_at)} "
        f"(promptkeeper proposals show {p.id})."
    )


def advice(facts: Facts) -> Said:
    """The next sensible step."""
    pending = [p for p in facts.proposals if p.state == "pending"]
    if pending:
        return Said(f"Look at proposal {pending[0].id} and decide (promptkeeper proposals show {pending[0].id}).")
    if not facts.active:
        return Said(
            "Nothing: there is no open incident. A cycle can look for a better prompt all the same (cycle --force)."
        )
    cause, sentence = primary(facts).get("cause"), primary(facts).get("sentence", "")
    if cause == "release":
        return Said(f"Compare with the version before, and go back to it if that one was better: {sentence}")
    if cause is not None and cause not in REWRITABLE:
        return Said(f"Not a rewrite: {sentence} Mend that first, then look again.")
    last = facts.runs[0] if facts.runs else None
    if last is not None and facts.incident is not None and last.incident_id == facts.incident.id:
        ended = STOP_WORDS.get(last.stop_reason or "", f"ended early ({last.stop_detail or last.state})")
        return Said(f"The last cycle {ended}; add test items for the failing kinds, or run another one.")
    return Said(f"Run a cycle: promptkeeper cycle {facts.prompt.name}.")


def status(facts: Facts) -> Said:
    """How the prompt does."""
    live = facts.record(facts.live) if facts.live is not None else None
    level = (
        f"version {facts.live} is live, {facts.metric} {_level(live)}"
        if live and live.mean is not None
        else "no scores yet"
    )
    head = f"{facts.prompt.name}: {level}."
    if facts.active and facts.incident is not None:
        return Said(
            f"{head} It is degraded (incident {facts.incident.id}, {facts.incident.state}). "
            f"{since(facts).text} {size(facts).text}"
        )
    return Said(f"{head} There is no open incident.")


def _healthy(facts: Facts) -> Said:
    if facts.scores == 0:
        return Said(
            f"{facts.prompt.name} has no scores, so nothing can be said about it.", unknown="whether it is healthy"
        )
    live = facts.record(facts.live) if facts.live is not None else None
    level = f" Version {facts.live} scores {_level(live)}." if live and live.mean is not None else ""
    return Said(
        f"No degradation of {facts.prompt.name} was found in {facts.scores} scores.{level}",
        unknown="losses smaller than the statistic can see in so many scores",
    )


ANSWERS: Mapping[Topic, Callable[[Facts], Said]] = MappingProxyType(
    {
        "why": why, "since": since, "size": size, "where": where, "kinds": kinds, "changes": changes, "blame": blame,
        "versions": versions, "tried": tried, "waiting": waiting, "advice": advice, "status": status,
    }
)  # fmt: skip
