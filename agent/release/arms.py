"""What both arms scored, in the form that the judgement takes; and its answer as plain JSON."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from library.canaries import ArmSum, Canary
from library.operations import SYSTEM
from library.proposals import Proposal
from policies.rollout import Arms, Cell, MetricArms, ReleaseTerms, Ruling, Sums
from policies.rulebook import ReleaseRules


def arms_of(canary: Canary, sums: Sequence[ArmSum], names: Sequence[str]) -> Arms:
    """Both arms of a canary by metric.

    names: of the scores that may carry the release on, the one that counts most first. The first of them that has come
    decides; where none has, the first one, and it has nothing to decide by. All other metrics guard.
    """
    stages = {percent: stage for stage, percent in enumerate(canary.steps)}
    by_metric: dict[str, list[ArmSum]] = defaultdict(list)
    for one in sums:
        by_metric[one.metric].append(one)
    judged = {one.metric for one in sums if one.evaluator != SYSTEM}
    deciding = next((name for name in names if name in judged), names[0])
    return Arms(
        score=_metric(deciding, by_metric.get(deciding, []), stages),
        guards=tuple(_metric(name, by_metric[name], stages) for name in sorted(by_metric) if name != deciding),
    )


def _metric(name: str, sums: Sequence[ArmSum], stages: Mapping[int, int]) -> MetricArms:
    cells: dict[tuple[str, int, int, str], dict[str, Sums]] = defaultdict(dict)
    for one in sums:
        key = (one.segment, stages[one.percent], one.bucket, f"{one.evaluator} {one.revision}")
        cells[key][one.arm] = Sums(n=one.n, total=one.sum, squares=one.sumsq)
    return MetricArms(
        metric=name,
        cells=tuple(
            Cell(segment=segment, start=start, stage=stage, revision=revision, **arms)
            for (segment, stage, start, revision), arms in sorted(cells.items())
        ),
        low=min((one.low for one in sums), default=0.0),
        high=max((one.high for one in sums), default=1.0),
    )


def terms_of(rules: ReleaseRules, canary: Canary) -> ReleaseTerms:
    """What the present step is held against."""
    return ReleaseTerms(
        stage=canary.steps.index(canary.history[-1].percent),
        min_scores=rules.min_scores,
        alpha=rules.alpha,
        doubt=rules.doubt,
        margin=rules.margin,
        margin_relative=rules.margin_relative,
    )


def reading(ruling: Ruling, canary: Canary, rules: ReleaseRules, *, now: datetime) -> dict[str, Any]:
    """The ruling as plain JSON, with the step it was made at, how many scores the step needs, and every metric."""
    return asdict(ruling) | {
        "at": now.isoformat(),
        "percent": canary.percent,
        "needed": rules.min_scores,
    }


def realised(said: Mapping[str, Any], names: Sequence[str], *, proposal: Proposal | None) -> dict[str, Any]:
    """What the release brought in production beside what was promised: gains with intervals and numbers, plain JSON.

    said: the last reading; its score that counts, not the guard that may have ended it.
    """
    by_metric = {one["metric"]: one for one in said.get("readings", ())}
    score = next((by_metric[name] for name in names if name in by_metric), said)
    kept = {name: score.get(name) for name in ("metric", "gain", "low", "high", "n_control", "n_canary")}
    promised = None if proposal is None else proposal.packet.get("comparison")
    if promised is not None and promised.get("n"):
        kept["promised"] = {name: promised.get(name) for name in ("gain", "low", "high", "n")}
    return kept | {"at": said.get("at")}
