"""Claims of a teacher about failures: kept only when they cite items that it was shown and words of the prompt."""

from collections.abc import Collection, Sequence
from typing import Any

MOST = 4
CHARACTERS = 300
CAUSES = frozenset({"prompt", "data_error", "evaluator_changed", "model_changed"})


def checked_claims(said: Sequence[object], *, items: Collection[str], prompt: str) -> list[dict[str, Any]]:
    """The claims that can be checked, as plain JSON: claim, cause, items, span.

    Dropped: a claim without an item, with an item that was not shown, or with a span that does not occur in the prompt
    (spacing aside).
    """
    text = " ".join(prompt.split())
    kept = []
    for entry in said:
        if not isinstance(entry, dict):
            continue
        claim = " ".join(str(entry.get("claim", "")).split())[:CHARACTERS]
        span = " ".join(str(entry.get("span", "")).split())
        cited = entry.get("items")
        named = [str(i) for i in cited] if isinstance(cited, list) else []
        cause = entry.get("cause")
        if claim and cause in CAUSES and span and span in text and named and all(i in items for i in named):
            kept.append(
                {"claim": claim, "cause": cause, "items": list(dict.fromkeys(named)), "span": span[:CHARACTERS]}
            )
    return kept[:MOST]
