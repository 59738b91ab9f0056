"""The loop on a second task of real texts: in which section of a catalogue does a software package belong?

    apt-cache dumpavail > packages.txt
    python -m benchmarks.second_set --data packages.txt --out DIR

The texts are the one-line descriptions of the packages of a Debian system, the answers the sections that their
maintainers chose. Twelve sections take part, of every source package one text, so that no two are nearly the same. The
built-in models work on a dataset of 150 texts a section, by `promptkeeper cycle --force`, each proposal approved; 60
other texts a section are kept aside and only measured. It is done twice: with the sections' own names, and with names
drawn at random that mean nothing, so that a name tells the student nothing.
"""

import argparse
import json
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.optimizer.command import Command
from library.prompts import Content
from library.templates import render
from policies.intervals import paired_interval
from tools.embedded.student import answer

NAME, DATASET = "catalogue/section", "packages"
MEANINGS: Mapping[str, str] = {
    "admin": "system administration",
    "editors": "text editors",
    "fonts": "typefaces",
    "games": "games and toys",
    "graphics": "pictures and drawings",
    "mail": "electronic mail",
    "math": "mathematics",
    "net": "networks",
    "science": "natural sciences",
    "sound": "audio and music",
    "text": "text processing",
    "web": "web sites and browsers",
}
TAUGHT, KEPT_ASIDE = 150, 60
LIMIT = 1_800.0  # seconds of one command
PROMPT = """You sort software packages into the sections of a catalogue.

Choose the one section of the package:
{lines}

Answer with the name of the section only.

Description: {{{{description}}}}
"""

Row = dict[str, Any]


def descriptions(file: Path) -> Iterator[tuple[str, str]]:
    """(section, one-line description) of the first package of every source, in the order of the file."""
    seen: set[str] = set()
    for stanza in file.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and not line.startswith(" "))
        text = fields.get("Description") or fields.get("Description-en") or ""
        source = fields.get("Source", fields.get("Package", "")).split(" ")[0]
        if text and source not in seen:
            seen.add(source)
            yield fields.get("Section", "").split("/")[-1], text


def split(file: Path, seed: int) -> tuple[list[Row], list[Row]]:
    """(dataset, kept aside): so many texts of each section, drawn at random, no text twice."""
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for section, text in descriptions(file):
        texts[section].setdefault(text)
    taught, aside = list[Row](), list[Row]()
    for section in MEANINGS:
        drawn = sorted(texts[section])
        if len(drawn) < TAUGHT + KEPT_ASIDE:
            raise SystemExit(f"{file}: {len(drawn)} descriptions in section '{section}', {TAUGHT + KEPT_ASIDE} needed")
        random.Random(f"{seed}{section}").shuffle(drawn)
        rows = [{"inputs": {"description": text}, "expected": section} for text in drawn]
        taught += rows[:TAUGHT]
        aside += rows[TAUGHT : TAUGHT + KEPT_ASIDE]
    return taught, aside


def nonsense(seed: int) -> dict[str, str]:
    """Every section with a name that means nothing."""
    rng = random.Random(seed)
    names: dict[str, None] = {}
    while len(names) < len(MEANINGS):
        names.setdefault("".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3)))
    return dict(zip(MEANINGS, names, strict=True))


def run(folder: Path, taught: Sequence[Row], aside: Sequence[Row], names: Mapping[str, str], cycles: int) -> Row:
    """The loop under these names; accuracy on what was kept aside after every cycle, the gain with its interval."""
    folder.mkdir(parents=True)
    prompt = PROMPT.format(lines="\n".join(f"- {names[section]}: {said}" for section, said in MEANINGS.items()))
    renamed, unseen = ([{**r, "expected": names[r["expected"]]} for r in rows] for rows in (taught, aside))
    (folder / "prompt.md").write_text(prompt, encoding="utf-8")
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in renamed), encoding="utf-8")
    said(folder, "init")
    said(folder, "prompts", "add", NAME, "prompt.md", "--label", "production")
    said(folder, "datasets", "add", NAME, DATASET, "rows.jsonl")
    hits = [marks(prompt, unseen)]
    ended: list[str] = []
    for _ in range(cycles):
        (cycle,) = json.loads(said(folder, "cycle", NAME, "--force", "--json"))["runs"]
        ended.append(cycle["stop_detail"])
        if cycle["proposal_id"] is not None:
            said(folder, "proposals", "approve", str(cycle["proposal_id"]))
        hits.append(marks(json.loads(said(folder, "prompts", "show", NAME, "--json"))["text"], unseen))
    gains = [now - then for then, now in zip(hits[0], hits[-1], strict=True)]
    interval = paired_interval(gains)
    return {
        "accuracy": [sum(h) / len(h) for h in hits],
        "gain": sum(gains) / len(gains),
        "interval": [interval.low, interval.high],
        "n": len(gains),
        "ended": ended,
    }


def marks(prompt: str, rows: Sequence[Row]) -> list[float]:
    """1 for every row that the built-in student answers rightly under the prompt, else 0."""
    content = Content(text=prompt)
    return [float(_answered(content, row["inputs"]) == row["expected"]) for row in rows]


def _answered(content: Content, inputs: Mapping[str, str]) -> str:
    return answer([{"role": m.role, "content": m.content} for m in render(content, inputs, "the prompt")])


def said(folder: Path, *words: str) -> str:
    """What `promptkeeper` prints; a cycle that proposes nothing ends with 1, which is an answer."""
    code, out, err = Command(folder, *words).wait(LIMIT)
    if code not in (0, 1):
        raise SystemExit(f"promptkeeper {' '.join(words)}: {err[-500:]}")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description="The loop on the sections of software packages.")
    parser.add_argument("--data", type=Path, required=True, help="what `apt-cache dumpavail` prints")
    parser.add_argument("--out", type=Path, required=True, help="folder for projects and results")
    parser.add_argument("--cycles", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    taught, aside = split(options.data, options.seed)
    found = {}
    for kind, names in (("own names", {s: s for s in MEANINGS}), ("random names", nonsense(options.seed))):
        folder = options.out.absolute() / kind.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        found[kind] = one = run(folder, taught, aside, names, options.cycles)
        course = " -> ".join(f"{a:.3f}" for a in one["accuracy"])
        low, high = one["interval"]
        print(
            f"{kind}: {course}; {one['gain']:+.3f} (95 % {low:+.3f} to {high:+.3f}) on {one['n']} unseen texts",
            flush=True,
        )
    (options.out / "second_set.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
