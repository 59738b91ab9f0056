"""What came of releases: are promises kept, and does a writer know what it mends, per way of writing and teacher."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from library.canaries import Canary
from library.proposals import Proposal
from library.store.stores import Library
from policies.calibration import Measured, Promise, PromiseRecord, promise_record
from policies.foresight import Foresight, Prediction, foresight


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One way of writing with one teacher: how its releases ended, promised against realised gains, and its
    predictions of what would be fixed (None where it made none)."""

    strategy: str
    teacher: str
    promoted: int
    rolled_back: int
    promises: PromiseRecord
    foresight: Foresight | None


def records(library: Library, prompt: str | None = None) -> tuple[Record, ...]:
    """Of all staged releases that have ended, of one prompt or all, in order of way of writing and teacher."""
    ended: dict[tuple[str, str], list[tuple[Canary, Proposal]]] = defaultdict(list)
    for canary in library.canaries.list(prompt=prompt):
        if canary.proposal_id is not None and canary.state in {"promoted", "rolled_back"}:
            proposal = library.proposals.get(canary.proposal_id)
            ended[_writer(proposal)].append((canary, proposal))
    told = foresight(
        (*_writer(proposal), prediction)
        for pairs in ended.values()
        for _, proposal in pairs
        if (prediction := _prediction(proposal.packet.get("prediction"))) is not None
    )
    known = {(one.strategy, one.teacher): one for one in told}
    return tuple(
        Record(
            strategy=writer[0],
            teacher=writer[1],
            promoted=sum(canary.state == "promoted" for canary, _ in pairs),
            rolled_back=sum(canary.state == "rolled_back" for canary, _ in pairs),
            promises=promise_record(_promises(canary for canary, _ in pairs)),
            foresight=known.get(writer),
        )
        for writer, pairs in sorted(ended.items())
    )


def _writer(proposal: Proposal) -> tuple[str, str]:
    packet = proposal.packet
    author = packet.get("author")
    if author:
        return ("edited", str(author))
    return (str(packet.get("strategy", "")), str(packet.get("models", {}).get("teacher", "")))


def _promises(canaries: Iterable[Canary]) -> Sequence[Promise]:
    found = []
    for canary in canaries:
        came = canary.realised or {}
        promised, realised = _measured(came.get("promised")), _measured(came)
        if promised is not None and realised is not None:
            found.append(Promise(promised=promised, realised=realised))
    return found


def _measured(said: Mapping[str, Any] | None) -> Measured | None:
    if said is None or any(said.get(name) is None for name in ("gain", "low", "high")):
        return None
    return Measured(gain=float(said["gain"]), low=float(said["low"]), high=float(said["high"]))


def _prediction(said: Mapping[str, Any] | None) -> Prediction | None:
    if not said:
        return None
    counts = {name: int(said.get(name, 0)) for name in ("predicted", "hits", "fixed", "failing")}
    return Prediction(**counts)
