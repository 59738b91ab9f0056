"""Name what goes wrong: failing examples grouped by expected and given answer, with the words that set them apart."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from tools.embedded.evidence import Phrase
from tools.embedded.rehearsal import Case

MOST = 6
CITED = 12


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f'"{t}"' for t in texts)


def _speaking(cases: Sequence[Case], ranked: Sequence[Phrase], label: str) -> list[str]:
    """The label's phrases that occur in these cases, most frequent first."""
    own = [p for p in ranked if p.label == label]
    counts = Counter(p.text for p in own for case in cases if set(p.stems) <= set(case.seen))
    return [text for text, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))][:5]


def _explained(
    expected: str, actual: str, cases: Sequence[Case], ranked: Sequence[Phrase], labels: Collection[str]
) -> dict[str, object]:
    count = f"{len(cases)} shown failure{'s' if len(cases) > 1 else ''}"
    if actual not in labels:
        kind = "no answer" if not actual else "an answer that is none of the labels"
        return _hypothesis(
            f"{expected}_not_answered_by_name",
            f"{count}: {kind} where {expected} was expected; the output format may not be clear.",
            cases,
            "State the output format once more, with the exact spelling of the labels.",
        )
    words = _speaking(cases, ranked, expected)
    if not words:
        return _hypothesis(
            f"{expected}_taken_for_{actual}",
            f"{count} of {expected} answered as {actual}; they share no distinguishing words: single texts may be odd.",
            cases,
            f"Say in the definition of {expected} what separates it from {actual}.",
        )
    return _hypothesis(
        f"{expected}_taken_for_{actual}",
        f"{count} of {expected} answered as {actual}. They say {_quoted(words)}, not mentioned for {expected}.",
        cases,
        f"Mention {_quoted(words)} in the definition of {expected}.",
    )


def _hypothesis(name: str, cause: str, cases: Sequence[Case], fix: str) -> dict[str, object]:
    return {"name": name, "cause": cause, "evidence": [case.id for case in cases[:CITED]], "fix": fix}


def hypotheses(cases: Sequence[Case], ranked: Sequence[Phrase], labels: Collection[str]) -> list[dict[str, object]]:
    """At most six named hypotheses, the largest share of the failures first."""
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        if case.failing:
            groups[case.expected, case.actual].append(case)
    largest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST]
    return [_explained(expected, actual, found, ranked, labels) for (expected, actual), found in largest]
