"""Kinds of failure: failing cases grouped by what was wanted, named by what was answered and by telling words."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]{3,}")
MAX_GROUPED_ANSWERS = 40  # more distinct answers than this are free text, not classes
ANSWER_CHARACTERS = 60


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
    """A named kind. share: part of all lost score in [0, 1]; words: what tells its texts from texts that work."""

    name: str
    expected: str | None
    segment: str
    count: int
    share: float
    words: tuple[str, ...]
    case_ids: tuple[str, ...]
    earlier_share: float | None = None


def words_of(text: str) -> set[str]:
    """Distinct words of three letters and more, case folded."""
    return {w.casefold() for w in WORD.findall(text)}


def telling_words(texts: Sequence[str], others: Sequence[str], limit: int, *, least: int = 2) -> tuple[str, ...]:
    """Words commoner in texts than in others, by the log-odds ratio with an added half (Haldane 1955), surest first."""
    inside, outside = _document_counts(texts), _document_counts(others)
    scored = []
    for word, count in inside.items():
        if count < least:
            continue
        a, b = count + 0.5, len(texts) - count + 0.5
        c, d = outside[word] + 0.5, len(others) - outside[word] + 0.5
        z = math.log(a * d / (b * c)) / math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        if z > 2:
            scored.append((-z, word))
    return tuple(word for _, word in sorted(scored)[:limit])


def _document_counts(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
    return counts


def new_words(after: Sequence[str], before: Sequence[str], limit: int = 8) -> tuple[str, ...]:
    """Telling words of `after` that occur in fewer than 1 % of the texts before."""
    if not before:
        return ()
    earlier = _document_counts(before)
    telling = telling_words(after, before, 60, least=4)
    return tuple(w for w in telling if earlier[w] < 0.01 * len(before))[:limit]


def failure_kinds(
    failing: Sequence[Case], working: Sequence[Case], *, max_kinds: int, min_share: float
) -> tuple[FailureKind, ...]:
    """Group failing cases, largest share of the lost score first; small groups are left out."""
    total = math.fsum(c.lost for c in failing)
    if not failing or total <= 0:
        return ()
    classes = {c.expected for c in failing}
    grouped: Mapping[tuple[str | None, str], list[Case]] = defaultdict(list)
    for case in failing:
        known = case.expected is not None and len(classes) <= MAX_GROUPED_ANSWERS
        grouped[(case.expected if known else None, case.segment)].append(case)
    kinds = []
    for (expected, segment), cases in grouped.items():
        share = math.fsum(c.lost for c in cases) / total
        if share < min_share and len(grouped) > 1:
            continue
        words = telling_words([c.text for c in cases], [c.text for c in working], 6)
        kinds.append(
            FailureKind(
                name=_name(expected, segment, cases, words),
                expected=expected,
                segment=segment,
                count=len(cases),
                share=share,
                words=words,
                case_ids=tuple(c.id for c in cases),
            )
        )
    return tuple(sorted(kinds, key=lambda k: (-k.share, k.name))[:max_kinds])


def _name(expected: str | None, segment: str, cases: Sequence[Case], words: Sequence[str]) -> str:
    about = f" about {', '.join(words[:4])}" if words else ""
    if expected is None:
        reasons = Counter(c.reason for c in cases if c.reason).most_common(1)
        return f"wrong answers in {segment}{about}" + (f" ({reasons[0][0][:80]})" if reasons else "")
    answered = Counter(" ".join(c.actual.split())[:ANSWER_CHARACTERS] or "nothing" for c in cases)
    wrong = ", ".join(answer for answer, _ in answered.most_common(2))
    return f"{expected} messages{about} answered as {wrong}"
