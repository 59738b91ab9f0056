"""Measure the embedded models on labelled traffic: answers over time, teaching gains on unseen texts, time per call.

    python benchmarks/embedded.py --data DIR

DIR holds prompt.md (one variable, {{message}}), stream.jsonl (id, ts, inputs.message, expected, segment), heldout.jsonl
and golden.jsonl. Nothing of heldout and golden is shown to the teacher or used to choose a candidate.
"""

import argparse
import hashlib
import json
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.embedded.student import answer as student
from tools.embedded.teacher import answer as teacher

Row = dict[str, Any]
STRATEGIES = ("surgical", "clarify", "examples")
NONCE = "5b1e77aa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The rows of one data folder."""

    prompt: str
    stream: list[Row]
    heldout: list[Row]
    golden: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One rewrite; before, chosen_by: accuracy of the old and the new prompt on the texts it is chosen by."""

    strategy: str
    prompt: str
    before: float
    chosen_by: float
    seconds: float


def read_rows(path: Path) -> list[Row]:
    """The rows of a JSONL file."""
    return [dict(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def answered(prompt: str, row: Row) -> str:
    """The student's answer to a row."""
    return student([{"role": "user", "content": prompt.replace("{{message}}", row["inputs"]["message"])}])


def accuracy(prompt: str, rows: Sequence[Row]) -> float:
    """Share of rows answered as expected."""
    return sum(answered(prompt, row) == str(row["expected"]) for row in rows) / len(rows)


def share(row: Row, salt: str = "") -> int:
    """A stable number from 0 to 99 for a row."""
    return hashlib.sha256(f"{salt}{row['id']}".encode()).digest()[0] * 100 // 256


def example(row: Row, given: str) -> str:
    """One example block of a request to the teacher."""
    right = given == row["expected"]
    return (
        f'<example id="{row["id"]}" segment="{row["segment"]}">\n'
        f"<input-{NONCE}>\nmessage: {row['inputs']['message']}\n</input-{NONCE}>\n"
        f"<expected-{NONCE}>\n{row['expected']}\n</expected-{NONCE}>\n<actual-{NONCE}>\n{given}\n</actual-{NONCE}>\n"
        f"score: {int(right)}, {'correct' if right else 'incorrect'}\n</example>"
    )


def request(prompt: str, strategy: str, failing: Sequence[str], passing: Sequence[str]) -> list[dict[str, str]]:
    """A rewrite request as the agent writes it."""
    text = "\n".join(
        [
            f'<strategy name="{strategy}">Rewrite.</strategy>',
            f"<current_prompt>\n{prompt}\n</current_prompt>",
            '<examples kind="failing">',
            *failing,
            '</examples>\n<examples kind="passing">',
            *passing,
            "</examples>\n<answer_format>rewrite</answer_format>\nAnswer with one JSON object.",
        ]
    )
    return [{"role": "user", "content": text}]


def candidates(
    prompt: str, rows: Sequence[Row], most: tuple[int, int], expected: Callable[[Row], str], salt: str = ""
) -> list[Candidate]:
    """Write one candidate per strategy from 40 % of the rows and score each on another 30 %; salt: names the split."""
    given = {row["id"]: answered(prompt, row) for row in rows}
    learn = sorted((r for r in rows if share(r, salt) < 40), key=lambda r: share(r, "order") * 10_000 + share(r, "tie"))
    select = [row for row in rows if 40 <= share(row, salt) < 70]
    failing = [r for r in learn if given[r["id"]] != r["expected"]][: most[0]]
    passing = [r for r in learn if given[r["id"]] == r["expected"]][: most[1]]
    shown = [{**row, "expected": expected(row)} for row in failing]
    blocks = [example(r, given[r["id"]]) for r in shown], [example(r, given[r["id"]]) for r in passing]
    before, found = accuracy(prompt, select), []
    for strategy in STRATEGIES:
        start = time.perf_counter()
        reply = json.loads(teacher(request(prompt, strategy, *blocks)))
        seconds = time.perf_counter() - start
        text = reply["improved_prompt"]
        after = accuracy(text, select)
        found.append(Candidate(strategy=strategy, prompt=text, before=before, chosen_by=after, seconds=seconds))
    return found


def true_label(row: Row) -> str:
    """The expected answer as it is."""
    return str(row["expected"])


def between(rows: Sequence[Row], first: date, days: int) -> list[Row]:
    """Rows of some days."""
    last = first + timedelta(days=days - 1)
    return [row for row in rows if first.isoformat() <= row["ts"][:10] <= last.isoformat()]


def report_stream(data: Data, start: date) -> None:
    """Accuracy of the first prompt per segment and week, and the time per call."""
    segments = sorted({row["segment"] for row in data.stream})
    print(f"{'week of':12s}" + "".join(f"{s:>12s}" for s in segments))
    began = time.perf_counter()
    for week in range(4):
        rows = between(data.stream, start + timedelta(days=7 * week), 7)
        shares = [accuracy(data.prompt, [r for r in rows if r["segment"] == s]) for s in segments]
        print(f"{start + timedelta(days=7 * week)!s:12s}" + "".join(f"{a:12.3f}" for a in shares))
    each = (time.perf_counter() - began) / len(data.stream)
    print(f"student: {each * 1000:.3f} ms per call over {len(data.stream)} calls")


def report_cycles(data: Data, start: date, most: tuple[int, int]) -> None:
    """Up to three rewrites, each from the newer days under the prompt before it."""
    print(f"\nteaching from at most {most[0]} failing and {most[1]} passing examples")
    print(f"{'after':28s}{'held-out':>9s}{'golden':>9s}{'length':>8s}{'teacher s':>11s}")
    prompt = data.prompt
    print(f"{'nothing':28s}{accuracy(prompt, data.heldout):9.3f}{accuracy(prompt, data.golden):9.3f}{len(prompt):8d}")
    for cycle, offset in enumerate((14, 17, 21), start=1):
        found = candidates(prompt, between(data.stream, start + timedelta(days=offset), 7), most, true_label)
        best = max(found, key=lambda c: c.chosen_by)
        better = best.chosen_by > best.before
        prompt = best.prompt if better else prompt
        name = f"cycle {cycle}: {best.strategy if better else 'nothing better'}"
        print(
            f"{name:28s}{accuracy(prompt, data.heldout):9.3f}{accuracy(prompt, data.golden):9.3f}{len(prompt):8d}"
            f"{sum(c.seconds for c in found):11.2f}"
        )
    report_splits(data, start, most)
    kept = [line for line in data.prompt.splitlines() if line.startswith("- ") and ":" not in line]
    print(f"lines without a label kept word for word: {sum(k in prompt.splitlines() for k in kept)} of {len(kept)}")


def report_splits(data: Data, start: date, most: tuple[int, int]) -> None:
    """The first cycle again on other splits of the same week: how much its gain depends on the examples drawn."""
    rows = between(data.stream, start + timedelta(days=14), 7)
    gained = []
    for number in range(6):
        best = max(candidates(data.prompt, rows, most, true_label, f"split {number} "), key=lambda c: c.chosen_by)
        gained.append((accuracy(best.prompt, data.heldout), accuracy(best.prompt, data.golden)))
    for name, found in zip(("held-out", "golden"), zip(*gained, strict=True), strict=True):
        mean = sum(found) / len(found)
        print(f"cycle 1 on {len(found)} other splits, {name}: mean {mean:.3f}, {min(found):.3f} to {max(found):.3f}")


def renamed(data: Data, seed: int) -> Data:
    """The same data under label names that say nothing."""
    chance = random.Random(seed)
    labels = sorted({row["expected"] for row in [*data.stream, *data.heldout, *data.golden]})
    codes = {
        label: f"Q{number}" for label, number in zip(labels, chance.sample(range(100, 999), len(labels)), strict=True)
    }
    prompt = re.sub(r"(?m)^- (\w+):", lambda m: f"- {codes.get(m[1], m[1])}:", data.prompt)

    def coded(rows: Sequence[Row]) -> list[Row]:
        return [{**row, "expected": codes[row["expected"]]} for row in rows]

    return Data(prompt=prompt, stream=coded(data.stream), heldout=coded(data.heldout), golden=coded(data.golden))


def spelled(data: Data, line: str, head: str = "") -> Data:
    """The same data with label lines spelled another way."""
    block = re.search(r"(?m)(?:^- \w+: .*\n)+", data.prompt)
    if block is None:
        raise SystemExit("prompt.md: no label lines of the form '- name: meaning'. Use such a prompt.")
    lines = [line.format(name=m[1], meaning=m[2]) for m in re.finditer(r"- (\w+): (.*)\n", block[0])]
    prompt = data.prompt.replace(block[0], head + "\n".join(lines) + "\n")
    return Data(prompt=prompt, stream=data.stream, heldout=data.heldout, golden=data.golden)


def report_variants(data: Data, start: date, most: tuple[int, int]) -> None:
    """One cycle under other label names and spellings, and with the labels of the failures shuffled."""
    table = "| queue | meaning |\n|---|---|\n"
    variants = {
        "as it is": data,
        "labels renamed at random": renamed(data, 1),
        "name = meaning": spelled(data, "{name} = {meaning}"),
        "name - meaning": spelled(data, "{name} - {meaning}"),
        "* **name**: meaning": spelled(data, "* **{name}**: {meaning}"),
        "markdown table": spelled(data, "| {name} | {meaning} |", table),
    }
    chance = random.Random(7)
    labels = sorted({row["expected"] for row in data.stream})
    print(f"\n{'one cycle':28s}{'before':>9s}{'after':>9s}{'golden':>9s}{'after':>9s}")
    for name, variant in [*variants.items(), ("failures' labels at random", data)]:
        shuffled = name.startswith("failures")
        expected = (lambda row: chance.choice(labels)) if shuffled else true_label
        found = candidates(variant.prompt, between(variant.stream, start + timedelta(days=14), 7), most, expected)
        best = max(found, key=lambda c: c.chosen_by)
        figures = [
            accuracy(p, rows) for rows in (variant.heldout, variant.golden) for p in (variant.prompt, best.prompt)
        ]
        print(f"{name:28s}" + "".join(f"{f:9.3f}" for f in figures))


def main() -> int:
    """Print the figures of the data folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with prompt.md, stream.jsonl, heldout.jsonl, golden.jsonl")
    parser.add_argument("--failing", type=int, default=150, help="most failing examples shown to the teacher")
    parser.add_argument("--passing", type=int, default=120, help="most passing examples shown to the teacher")
    chosen = parser.parse_args()
    if chosen.data is None:
        print("No data folder given: nothing was measured. Name one with --data DIR.")
        return 2
    data = Data(
        prompt=(chosen.data / "prompt.md").read_text(encoding="utf-8"),
        stream=read_rows(chosen.data / "stream.jsonl"),
        heldout=read_rows(chosen.data / "heldout.jsonl"),
        golden=read_rows(chosen.data / "golden.jsonl"),
    )
    start = date.fromisoformat(data.stream[0]["ts"][:10])
    report_stream(data, start)
    report_cycles(data, start, (chosen.failing, chosen.passing))
    report_variants(data, start, (chosen.failing, chosen.passing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
