"""Fit the weights of `policies/guardrails/leaning_weights.py` on the labelled sentences of the guardrail tests.

Run: python benchmarks/guardrail_leanings.py [--check]     (about a minute; without --check the table is written)

--check: files in ninths, each scored by weights fitted on the other eight; prints what share of the opening sentences
lies above the scores that 2, 5 and 10 % of the harmless ones reach.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.guardrails.batch import read_row, row_subject
from policies.guardrails.doors import restates
from policies.guardrails.frames import frame
from policies.guardrails.leanings import traits
from policies.guardrails.policy_file import load_policy
from policies.guardrails.scene import Scene, synonyms_of

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "tests" / "unit" / "policies" / "guardrail_rows"
TABLE = ROOT / "policies" / "guardrails" / "leaning_weights.py"
OPENING = frozenset({"contradicted", "conditional-bypass", "contradiction", "conditional"})
FEWEST, FEWEST_FILES = 4, 3  # sentences and files in which a trait must occur
PULL = 0.003  # strength of the pull towards zero
ROUNDS, STEP, MOMENTUM = 200, 0.2, 0.9  # of the descent
SMALLEST = 0.05  # weights nearer to zero are left out
HEAD = '''"""Weights of traits of sentences, fitted by `benchmarks/guardrail_leanings.py`; not written by hand.

One weight per line, then the traits that have it: words in comparable form, `^` first word, `+` pretext, `~` deed said
by a phrase, `!` deed, `#` field, `=` shape.
"""

'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A labelled sentence: the file it stands in, whether it opens something, and its traits."""

    source: str
    opens: bool
    traits: frozenset[str]


def examples() -> Iterator[Example]:
    """Sentences that rows add, and rows that are a sentence."""
    words = synonyms_of(())
    for path in sorted(ROWS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            kind = row.get("kind")
            if "expected" in row and (row["expected"] == "allow" or row["category"] in OPENING):
                opens = row["expected"] != "allow"
                yield from (Example(source=path.name, opens=opens, traits=t) for t in _added(line))
            elif kind in {"permits", "harmless", "smuggled", "opens"}:
                said = frame(row["text"], words)
                yield Example(source=path.name, opens=kind != "harmless", traits=traits(said, words))


def _added(line: str) -> Iterator[frozenset[str]]:
    scene = Scene(row_subject(read_row(line, "row")), load_policy(None, "shipped packs"))
    for read in scene.fresh:
        if read.unit.context == "live" and not any(restates(r, read) for r in scene.current.live):
            yield traits(read.frame, scene.synonyms)


def fitted(rows: Sequence[Example]) -> tuple[float, dict[str, float]]:
    """Bias and weights: logistic regression with a pull towards zero, by steps with momentum from zero."""
    sources: dict[str, set[str]] = defaultdict(set)
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        for trait in row.traits:
            sources[trait].add(row.source)
            counts[trait] += 1
    weights = {t: 0.0 for t in sorted(counts) if counts[t] >= FEWEST and len(sources[t]) >= FEWEST_FILES}
    seen = [tuple(sorted(t for t in row.traits if t in weights)) for row in rows]
    pace = dict.fromkeys(weights, 0.0)
    bias = rush = 0.0
    for _ in range(ROUNDS):
        slope, tilt = dict.fromkeys(weights, 0.0), 0.0
        for row, there in zip(rows, seen, strict=True):
            odds = bias + sum(weights[t] for t in there)
            off = 1 / (1 + math.exp(-odds)) - row.opens
            tilt += off
            for trait in there:
                slope[trait] += off
        for trait, weight in weights.items():
            pace[trait] = MOMENTUM * pace[trait] - STEP * (slope[trait] / len(rows) + PULL * weight)
            weights[trait] = weight + pace[trait]
        rush = MOMENTUM * rush - STEP * tilt / len(rows)
        bias += rush
    return bias, weights


def written(bias: float, weights: dict[str, float]) -> str:
    """The table as a module."""
    by_weight = defaultdict(list)
    for trait, weight in weights.items():
        if abs(weight) >= SMALLEST:
            by_weight[round(weight, 1)].append(trait)
    lines = []
    for weight in sorted(by_weight, reverse=True):
        line = f"{weight:.1f}:"
        for trait in sorted(by_weight[weight]):
            if len(line) + len(trait) > 118:
                lines.append(line)
                line = "   "
            line += f" {trait}"
        lines.append(line)
    table = "\n".join(lines)
    return f'{HEAD}BIAS = {bias:.2f}\nWEIGHTS = """\n{table}\n"""\n'


def checked(rows: Sequence[Example]) -> None:
    """Print what sentences of files that were not fitted on score."""
    names = sorted({r.source for r in rows})
    scores = []
    for part in range(9):
        held = {name for index, name in enumerate(names) if index % 9 == part}
        bias, weights = fitted([r for r in rows if r.source not in held])
        scores += [(bias + sum(weights.get(t, 0.0) for t in r.traits), r.opens) for r in rows if r.source in held]
    harmless = sorted(s for s, opens in scores if not opens)
    opening = [s for s, opens in scores if opens]
    for share in (0.02, 0.05, 0.1):
        least = harmless[int((1 - share) * len(harmless))]
        above = sum(s > least for s in opening) / len(opening)
        print(f"{share:.0%} of harmless sentences lie above {least:5.2f}, and {above:.0%} of the opening ones")


def main() -> None:
    rows = list(examples())
    print(f"{sum(r.opens for r in rows)} sentences that open something, {sum(not r.opens for r in rows)} harmless ones")
    if "--check" in sys.argv[1:]:
        checked(rows)
        return
    TABLE.write_text(written(*fitted(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
