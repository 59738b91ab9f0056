"""Parts of a proposal's packet that not every run has: what each change is for, what nothing depends on, what it costs.

A part that this file has no words of its own for is shown as an outline, so that nothing in a packet stays unseen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from agent.entrypoints.cli.output import GAP, cell, outline, shorten, table, wrapped

SHOWN_ELSEWHERE = frozenset(
    {
        "hypothesis",
        "strategy",
        "predicted_risks",
        "comparison",
        "golden",
        "anchors",
        "examples",
        "verdict",
        "diagnosis",
        "lineage",
        "tried",
        "seed",
        "models",
        "spend",
        "waivers",
    }
)
"""Keys that every packet has; `proposal_text` shows what a person needs of them."""
TEXT = 60


def more_parts(packet: Mapping[str, Any]) -> Iterator[str]:
    """A block for every further part that says something, in the packet's order."""
    for name, value in packet.items():
        if name in SHOWN_ELSEWHERE or value in (None, "", [], {}, ()):
            continue
        words = WORDS.get(name)
        said = words(value) if words is not None else outlined(value)
        if said:
            yield f"{name.replace('_', ' ')}\n{said}"


def outlined(value: Any) -> str:
    """Any JSON as indented lines."""
    if isinstance(value, Mapping | list | tuple):
        return outline(value, indent=GAP)
    return wrapped(cell(value), first=GAP)


def sentences(terms: Any) -> str:
    """What was said before the gate was paid for: how sure it had to be, what it could show, how worn its items are."""
    said = terms.get("sentences", ()) if isinstance(terms, Mapping) else terms
    return "\n".join(wrapped(cell(one), first=f"{GAP}- ") for one in said)


def ablation(rows: Any) -> str:
    """Which additions were left out for a try, on how many items, and how many of them failed without."""
    if not _are_rows(rows, "left_out", "items", "lost"):
        return outlined(rows)
    shown = [(shorten(" / ".join(map(cell, r["left_out"])), TEXT), r["items"], _count(r["lost"])) for r in rows]
    return table(("left out", "items", "lost"), shown)


def hunks(rows: Any) -> str:
    """Every change with what it is meant to repair, and the items that its round's winner fixed and broke."""
    if not _are_rows(rows, "new", "old"):
        return outlined(rows)
    shown = [
        (
            shorten(cell(f"+ {r['new']}" if r["new"] else f"- {r['old']}"), TEXT),
            cell(r.get("hypothesis") or "-"),
            _count(r.get("fixed")),
            _count(r.get("broken")),
        )
        for r in rows
    ]
    return table(("change", "for", "fixed", "broke"), shown)


def counted(ids: Any) -> str:
    """How many there are, where naming each would help nobody."""
    return f"{GAP}{len(ids)} items" if isinstance(ids, list | tuple) else outlined(ids)


def _are_rows(rows: Any, *names: str) -> bool:
    return isinstance(rows, Sequence) and all(isinstance(r, Mapping) and set(names) <= set(r) for r in rows)


def _count(value: Any) -> int | None:
    return len(value) if isinstance(value, list | tuple) else value if isinstance(value, int) else None


WORDS: Mapping[str, Callable[[Any], str]] = {
    "gate_terms": sentences,
    "ablation": ablation,
    "hunks": hunks,
    "predicted_fixed": counted,
}
"""Parts that are easier to read than their outline."""
