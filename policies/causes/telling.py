"""Causes in words: one sentence for each, and the evidence as plain JSON with traces and dates to check it by."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.causes.calls import Call, mean_lost
from policies.causes.parts import Loss, Part
from policies.causes.releases import Release, line_about

SHOWN = 5  # traces cited for a cause
ANSWER_CHARACTERS = 40

Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence, and what it rests on."""

    sentence: str
    evidence: Evidence


def percent(share: float) -> str:
    """A share as whole percent, with a decimal where it is small."""
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def minute(at: datetime) -> str:
    """A moment in UTC as it is printed."""
    return f"{at:%Y-%m-%d %H:%M}"


def cited(calls: Sequence[Call]) -> Evidence:
    """The traces that show it and the time since when, and until when, there are such traces."""
    if not calls:
        return {"trace_ids": []}
    times = [c.ts for c in calls]
    first, last = min(times).isoformat(), max(times).isoformat()
    step = max(1, len(calls) // SHOWN)
    return {"trace_ids": [c.id for c in calls[::step][:SHOWN]], "calls": len(calls), "since": first, "until": last}


def outage(loss: Loss) -> Told:
    """Failed calls by type."""
    after, before = loss.sides.after, loss.sides.before
    kinds = Counter(c.error for c in after if c.error is not None)
    failed, earlier = kinds.total(), sum(c.error is not None for c in before)
    named = ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common(3))
    was = f" (before: {percent(earlier / len(before))})" if before else ""
    return Told(
        sentence=f"{failed} of {len(after)} calls since the onset failed{was}: {named}. No rewrite helps.",
        evidence={**cited([c for c in after if c.error is not None]), "errors": dict(kinds.most_common())},
    )


def truncation(loss: Loss) -> Told:
    """Answers that end too early."""
    after, before = loss.sides.after, loss.sides.before
    hit, earlier = [c for c in after if c.cut], sum(c.cut for c in before)
    empty = sum(not c.output.strip() for c in hit)
    what = "are empty" if empty == len(hit) else "were cut off at the token limit" + (" or are empty" if empty else "")
    was = f" (before: {percent(earlier / len(before))})" if before else ""
    return Told(
        sentence=f"{len(hit)} of {len(after)} answers since the onset {what}{was}. Look at the limits first.",
        evidence={**cited(hit), "empty": empty, "cut": len(hit) - empty},
    )


def evaluator(loss: Loss, revisions: tuple[str, str] | None) -> Told:
    """Equal answers, other scores."""
    shown = loss.rescored.calls
    twins = {c.id: o.twins for c, o in zip(loss.ground.after, loss.ground.opinions_after, strict=True)}
    pairs = [{"now": c.id, "before": twins[c.id][0]} for c in shown if twins.get(c.id)][:SHOWN]
    said = "answers that passed before the onset are scored lower since then, although the answers are the same"
    if shown:
        said += f" ({len(shown)} calls)"
    if revisions:
        said = f"since the onset {revisions[1]} judges instead of {revisions[0]}" + (f"; {said}" if shown else "")
    found: Evidence = {**cited(shown), "pairs": pairs}
    if revisions:
        found["revisions"] = list(revisions)
    return Told(sentence=f"{said}. The evaluator changed, not the prompt.", evidence=found)


def data_error(loss: Loss) -> Told:
    """Equal answers, other expectations."""
    shown = loss.relabelled.calls
    classes = loss.ground.classes
    strange = Counter(c.expected for c in shown if classes and c.expected not in classes)
    confused = Counter(
        (_short(c.output), _short(c.expected or "")) for c in shown if not classes or c.expected in classes
    )
    parts = []
    if strange:
        named = ", ".join(f"'{_short(e or '')}' ({n})" for e, n in strange.most_common(3))
        parts.append(f"answers are expected that were never expected before: {named}")
    if confused:
        (was, now), count = confused.most_common(1)[0]
        parts.append(
            f"{confused.total()} answers contradict what the same messages expected before (mostly '{now}' is expected "
            f"where it was '{was}', {count})"
        )
    said = "; ".join(parts) or "the expected answers changed"
    twins = {c.id: o.twins for c, o in zip(loss.ground.after, loss.ground.opinions_after, strict=True)}
    pairs = [{"now": c.id, "before": twins[c.id][0]} for c in shown if twins.get(c.id)][:SHOWN]
    return Told(
        sentence=f"{said}. Check the expected answers; if the change is meant, run the cycle by hand.",
        evidence={**cited(shown), "unknown_answers": {str(e): n for e, n in strange.items()}, "pairs": pairs},
    )


def new_topic(loss: Loss, name: Callable[[Sequence[Call]], Sequence[str]]) -> Told:
    """Kinds of message that hardly came before. name: telling words of some calls."""
    shown = loss.new.calls
    fresh = [c for c, is_new in zip(loss.ground.after, loss.ground.is_new, strict=True) if is_new]
    words = tuple(name(fresh)) or loss.ground.new_terms[:6]
    lost, others = mean_lost(fresh), mean_lost(loss.known)
    return Told(
        sentence=(
            f"messages of kinds that hardly came before the onset: {', '.join(words)} ({len(fresh)} of "
            f"{len(loss.sides.after)} calls; they lose {percent(lost)} of the score, the others {percent(others)})."
        ),
        evidence={**cited(shown), "words": list(words), "share_of_calls": len(fresh) / len(loss.sides.after)},
    )


def traffic_mix(loss: Loss) -> Told:
    """Which kinds came more often, and how they were answered before."""
    rows = []
    after, before = _counted(loss.known), _counted(loss.ground.before)
    late_n, early_n = len(loss.known), len(loss.ground.before)
    usual = mean_lost(loss.ground.before)
    for kind, calls in after.items():
        earlier = before.get(kind, [])
        rise, lost = len(calls) / late_n - len(earlier) / early_n, mean_lost(earlier)
        if rise > 0 and lost > usual:
            rows.append((rise * (lost - usual), kind, len(earlier) / early_n, len(calls) / late_n, lost))
    rows.sort(reverse=True)
    named = "; ".join(
        f"{kind} ({percent(early)} of the calls before, {percent(late)} now, {percent(lost)} lost before already)"
        for _, kind, early, late, lost in rows[:2]
    )
    return Told(
        sentence="kinds of message that always were answered badly come more often"
        + (f": {named}" if named else "")
        + ". Nothing got worse by itself.",
        evidence={
            **cited(loss.mix.calls),
            "kinds": [{"kind": k, "before": e, "after": a, "lost_before": x} for _, k, e, a, x in rows[:3]],
        },
    )


def _counted(calls: Sequence[Call]) -> dict[str, list[Call]]:
    groups: dict[str, list[Call]] = {}
    for call in calls:
        groups.setdefault(_short(call.expected) if call.expected else call.segment, []).append(call)
    return groups


def slower(loss: Loss) -> Told:
    """Calls that take longer or cost more, for the same messages."""
    after, before = loss.sides.after, loss.sides.before
    return Told(
        sentence=(
            "calls with the same messages as before take longer or cost more since the onset (score "
            f"{1 - mean_lost(before):.2f} to {1 - mean_lost(after):.2f}). Look at the provider; no rewrite helps."
        ),
        evidence=cited(after),
    )


def release(part: Part, what: Release, kinds: Sequence[tuple[str, float, Sequence[str]]]) -> Told:
    """A version of ours. kinds: (expected answer, share of the lost score, telling words) of what fails."""
    at = what.moved_at or what.first_seen
    by = f" (moved by {what.moved_by})" if what.moved_by else ""
    about = _what_fails(what, kinds)
    gone, come = _first(what.removed, about), _first(what.added, about)
    edit = [f'took out "{gone}"'] * bool(gone) + [f'put in "{come}"'] * bool(come)
    edit += [f"changed {name} from {was} to {now}" for name, (was, now) in what.config.items()]
    said = f"version {what.version} answers since {minute(at)}{by}"
    if edit:
        said += f": the edit {' and '.join(edit)}"
    if about:
        first = about[0]
        said += (
            f"; {percent(first['share'])} of the lost score is in {first['kind']} messages, which that line is about"
        )
    return Told(
        sentence=f"{said}. Going back to version {what.previous} is the first remedy.",
        evidence={
            **cited(part.calls),
            "version": what.version,
            "previous": what.previous,
            "first_seen": what.first_seen.isoformat(),
            "moved_at": what.moved_at.isoformat() if what.moved_at else None,
            "removed": list(what.removed),
            "added": list(what.added),
            "settings": {name: list(pair) for name, pair in what.config.items()},
            "about": about,
        },
    )


def _what_fails(what: Release, kinds: Sequence[tuple[str, float, Sequence[str]]]) -> list[dict[str, Any]]:
    """Edited lines that failing kinds are about, with the share of the lost score, the largest first."""
    found: dict[tuple[str, str], float] = {}
    for name, share, words in kinds:
        line = line_about([*what.removed, *what.added], name, words)
        if line is not None:
            key = (line, name or ", ".join(words[:2]))
            found[key] = found.get(key, 0.0) + share
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"line": line, "kind": kind, "share": share} for (line, kind), share in ranked]


def _first(lines: Sequence[str], about: Sequence[dict[str, Any]]) -> str:
    """The line to quote: the one that what fails is about, else the first."""
    wanted = str(about[0]["line"]) if about else ""
    return wanted if wanted in lines else next(iter(lines), "")


def prompt(loss: Loss, compared: int) -> Told:
    """The same kinds of message, answered worse. compared: prompts of the same model that did not fall."""
    groups = _counted(loss.rest.calls)
    lost = {kind: sum(c.lost for c in calls) for kind, calls in groups.items()}
    total = sum(lost.values())
    top = sorted(lost.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    named = ", ".join(f"{kind} ({percent(share / total)})" for kind, share in top) if total else ""
    said = "the same kinds of message as before are answered worse" + (f", mostly {named}" if named else "")
    if compared:
        said += f"; {compared} other prompt{'s' if compared > 1 else ''} of the same model did not fall"
    return Told(sentence=f"{said}.", evidence=cited(loss.rest.calls))


def _short(text: str) -> str:
    return " ".join(text.split())[:ANSWER_CHARACTERS]
