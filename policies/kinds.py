"""Kinds of failure: failing cases grouped by what was wanted, where they came from and what they say."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.causes.calls import folded
from policies.clusters import Cluster, Vectors, clusters_of
from policies.phrases import new_words, spread_words, telling_words

__all__ = ["Case", "FailureKind", "Group", "failure_kinds", "new_words", "telling_words"]

MAX_GROUPED_ANSWERS = 40  # more distinct answers than this are free text, not classes
MAX_GROUPED_REASONS = 12
ANSWER_CHARACTERS = 60
WORDS = 6

Group = tuple[str | None, str, str]
"""(expected answer, segment, judge's reason): what the cases of a kind share, apart from what they say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One judged call: what came in, what was wanted, what was answered. lost: 1 - score."""

    id: str
    text: str
    expected: str | None
    actual: str
    segment: str
    lost: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureKind:
    """A named kind. share: part of all lost score in [0, 1]; words: what tells its texts from texts that work.

    failing_share: of the calls like it that failed since the onset; earlier_share: of those before it. calls_share and
    earlier_calls_share: how much of the judged traffic is like it. None where there is nothing to compare.
    """

    name: str
    expected: str | None
    segment: str
    count: int
    share: float
    words: tuple[str, ...]
    case_ids: tuple[str, ...]
    failing_share: float | None = None
    earlier_share: float | None = None
    calls_share: float | None = None
    earlier_calls_share: float | None = None


def failure_kinds(
    failing: Sequence[Case],
    working: Sequence[Case],
    *,
    max_kinds: int,
    min_share: float,
    earlier: Sequence[Case] = (),
    vectors: Vectors | None = None,
) -> tuple[FailureKind, ...]:
    """Group failing cases, largest share of the lost score first; small groups are left out.

    earlier: judged cases from before the onset, working or not. vectors: of all cases by id; without them cases are
    grouped by what was wanted, by the judge's reason and by segment alone.
    """
    total = math.fsum(c.lost for c in failing)
    if not failing or total <= 0:
        return ()
    everything = [*failing, *working, *earlier]
    empty = spread_words([c.text for c in everything], [c.expected or c.segment for c in everything])
    kinds = []
    for group, cluster, cases in _clusters(failing, vectors):
        share = math.fsum(c.lost for c in cases) / total
        if share < min_share and len(cases) < len(failing):
            continue
        mine = {c.id for c in cases}
        others = [c.text for c in (*working, *(f for f in failing if f.id not in mine))]
        words = telling_words([c.text for c in cases], others, WORDS, without=empty)
        now = [c for c in (*failing, *working) if c.id in mine or _is_like(c, group, cluster, vectors)]
        past = [c for c in earlier if _is_like(c, group, cluster, vectors)]
        kinds.append(
            FailureKind(
                name=_name(group, cases, words),
                expected=group[0],
                segment=group[1],
                count=len(cases),
                share=share,
                words=words,
                case_ids=tuple(c.id for c in cases),
                failing_share=_failing(now),
                earlier_share=_failing(past),
                calls_share=len(now) / (len(failing) + len(working)),
                earlier_calls_share=len(past) / len(earlier) if earlier else None,
            )
        )
    return _distinct(sorted(kinds, key=lambda k: (-k.share, k.name))[:max_kinds])


def _clusters(failing: Sequence[Case], vectors: Vectors | None) -> Iterator[tuple[Group, Cluster, list[Case]]]:
    classes = {c.expected for c in failing}
    reasons = {folded(c.reason) for c in failing}
    grouped: Mapping[Group, list[Case]] = defaultdict(list)
    for case in failing:
        known = case.expected is not None and len(classes) <= MAX_GROUPED_ANSWERS
        # A judge's reasons only help where they repeat and nothing better is known.
        reason = folded(case.reason) if not known and len(reasons) <= MAX_GROUPED_REASONS else ""
        grouped[(case.expected if known else None, case.segment, reason)].append(case)
    for group, cases in grouped.items():
        by_id = {c.id: c for c in cases}
        for cluster in clusters_of(list(by_id), vectors):
            yield group, cluster, [by_id[id] for id in cluster.ids]


def _is_like(case: Case, group: Group, cluster: Cluster, vectors: Vectors | None) -> bool:
    """Whether a case would belong to this kind, had it failed; of those that did not no reason is known."""
    expected, segment, reason = group
    if case.segment != segment or (expected is not None and case.expected != expected):
        return False
    if reason and case.lost > 0 and folded(case.reason) != reason:
        return False
    return cluster.holds((vectors or {}).get(case.id))


def _failing(cases: Collection[Case]) -> float | None:
    return sum(c.lost > 0 for c in cases) / len(cases) if cases else None


def _name(group: Group, cases: Sequence[Case], words: Sequence[str]) -> str:
    expected, segment, _ = group
    about = f" about {', '.join(words[:4])}" if words else ""
    if expected is None:
        reasons = Counter(c.reason for c in cases if c.reason).most_common(1)
        return f"wrong answers in {segment}{about}" + (f" ({reasons[0][0][:80]})" if reasons else "")
    answered = Counter(" ".join(c.actual.split())[:ANSWER_CHARACTERS] or "nothing" for c in cases)
    wrong = ", ".join(answer for answer, _ in answered.most_common(2))
    return f"{' '.join(expected.split())[:ANSWER_CHARACTERS]} messages{about} answered as {wrong}"


def _distinct(kinds: Sequence[FailureKind]) -> tuple[FailureKind, ...]:
    """Two kinds of one name, which differ in their segment only, are told apart by it."""
    seen = Counter(k.name for k in kinds)
    named = (k.name if seen[k.name] == 1 else f"{k.name} in {k.segment}" for k in kinds)
    return tuple(
        FailureKind(**{f: getattr(k, f) for f in FailureKind.__slots__} | {"name": name})
        for k, name in zip(kinds, named, strict=True)
    )
