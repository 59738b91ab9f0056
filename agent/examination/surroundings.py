"""What the library knows beside an incident's own calls: other prompts of the same model, releases of ours."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from agent.examination.traffic import Traffic
from library.incidents import Incident
from library.store.stores import Library
from library.traces import Trace
from policies.causes.exposure import Peer
from policies.causes.releases import Release, changed_settings, edited_lines
from policies.rulebook import DiagnosisRules

AROUND = timedelta(days=5)  # on both sides of the onset, for other prompts
SEEN_CALLS = 4_000  # newest calls on each side in which other prompts are looked for
MOST_SCORES = 3_000  # of one other prompt
LEAST_BEFORE, LEAST_AFTER = 20, 8  # scores without which a prompt cannot be compared


def peers_of(library: Library, incident: Incident, traffic: Traffic, rules: DiagnosisRules) -> tuple[Peer, ...]:
    """Other prompts around the onset, the busiest first, with whether the incident's model answers them too."""
    onset = incident.degradation.onset
    before = library.traces.list(since=onset - AROUND, until=onset, limit=SEEN_CALLS)
    after = library.traces.list(since=onset, until=onset + AROUND, limit=SEEN_CALLS)
    model = _model([t for t, _ in traffic.before])
    busy = Counter(t.prompt for t in (*before, *after) if t.prompt != incident.prompt)
    peers = []
    for name, _ in busy.most_common(rules.max_peers):
        theirs = _model([t for t in before if t.prompt == name])
        peer = _peer(library, name, incident, same_model=model is not None and theirs == model)
        if peer is not None:
            peers.append(peer)
    return tuple(peers)


def _model(traces: Sequence[Trace]) -> str | None:
    counts = Counter(t.response_model or t.model for t in traces if t.error is None)
    return counts.most_common(1)[0][0] if counts else None


def _peer(library: Library, name: str, incident: Incident, *, same_model: bool) -> Peer | None:
    onset, metric = incident.degradation.onset, str(library.prompts.get(name).metrics[0]["name"])
    scored = library.traces.scored(name, metric=metric, since=onset - AROUND, until=onset + AROUND, limit=MOST_SCORES)
    # One evaluator, one revision, and answers only: nothing but the answers themselves may differ.
    by = Counter((s.evaluator, s.revision) for _, s in scored).most_common(1)
    same = [(t.ts, s.value) for t, s in scored if t.error is None and (s.evaluator, s.revision) == by[0][0]]
    early, late = [v for ts, v in same if ts < onset], [v for ts, v in same if ts >= onset]
    if len(early) < LEAST_BEFORE or len(late) < LEAST_AFTER:
        return None
    return Peer(
        prompt=name,
        same_model=same_model,
        before=math.fsum(early) / len(early),
        n_before=len(early),
        after=math.fsum(late) / len(late),
        n_after=len(late),
    )


def release_of(library: Library, incident: Incident, traffic: Traffic) -> Release | None:
    """The incident's version as a release, when another one answered before the onset."""
    earlier = [t.version for t, _ in traffic.before if t.version != incident.version]
    after = [t for t, _ in traffic.after if t.version == incident.version]
    if not earlier or 2 * len(earlier) < len(traffic.before) or not after:
        return None
    now = library.prompts.version(incident.prompt, incident.version)
    was = library.prompts.version(incident.prompt, earlier[-1])
    moves = [m for m in library.prompts.moves(incident.prompt) if m.to_version == incident.version]
    removed, added = edited_lines(was.content.full_text, now.content.full_text)
    return Release(
        version=incident.version,
        previous=was.number,
        first_seen=after[0].ts,
        moved_at=moves[-1].at if moves else None,
        moved_by=moves[-1].actor if moves else "",
        removed=removed,
        added=added,
        config=changed_settings(was.content.config, now.content.config),
    )
