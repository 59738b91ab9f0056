"""Write the data of `promptkeeper demo`: three weeks of messages to "Larkspur Parcels", an invented company.

    python examples/demo/make_data.py [--seed 20260302] [--out agent/entrypoints/cli/demo_data]

| file | what |
|---|---|
| `prompt.md` | the prompt in production at the start |
| `stream.jsonl` | production traffic: id, ts, inputs.message, expected, segment |
| `golden.jsonl` | the test set that existed before the traffic began |
| `heldout.jsonl` | for measuring only, never shown to a teacher; `kind`: early, or late for the new kinds of message |

From day 13 on, nearly half of the messages to the queues of `delivery` and `payments` are of a new kind that the prompt
never mentions; `account` does not change. The same seed writes the same bytes.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import yaml

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "agent" / "entrypoints" / "cli" / "demo_data"
SEED = 20260302
START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, MESSAGES_A_DAY, FIRST_LATE_DAY, LATE_SHARE = 21, 143, 13, 0.45
GOLDEN_PER_QUEUE, HELDOUT_PER_QUEUE = 15, 50
# Every seventh wording is met in the held-out file only.
KEPT_BACK_EVERY = 7
OPENER_SHARE, CLOSER_SHARE, LOWER_CASE_SHARE, TYPING_ERROR_SHARE = 0.25, 0.2, 0.15, 0.08

PROMPT = """You sort messages that customers send to Larkspur Parcels, a parcel service with an online shop.

Choose the one queue that should handle the message:
{queues}

Rules:
- Never repeat a card number, password or code that a customer sent.
- If the message threatens self-harm or violence, answer urgent_human and nothing else.
- Do not promise refunds or dates.

Answer with the queue name only.

Message: {{{{message}}}}
"""

Kind = Literal["early", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue: what the prompt says of it, its share of the traffic, and the wordings of its messages."""

    name: str
    meaning: str
    segment: str
    weight: float
    wordings: dict[Kind, list[str]]

    def drifts(self) -> bool:
        return bool(self.wordings["late"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What is put into and around a wording."""

    slots: dict[str, list[str]]
    openers: list[str]
    closers: list[str]


def load_templates(path: Path = HERE / "templates.yaml") -> tuple[list[Queue], Language]:
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    queues = [
        Queue(
            name=name,
            meaning=entry["meaning"],
            segment=entry["segment"],
            weight=entry["weight"],
            wordings={"early": entry["early"], "late": entry.get("late", [])},
        )
        for name, entry in raw["queues"].items()
    ]
    return queues, Language(slots=raw["slots"], openers=raw["openers"], closers=raw["closers"])


def prompt_text(queues: Sequence[Queue]) -> str:
    return PROMPT.format(queues="\n".join(f"- {queue.name}: {queue.meaning}" for queue in queues))


class Writer:
    """Writes messages; no text that was once reserved (for a test file) is written again."""

    def __init__(self, language: Language, chance: random.Random) -> None:
        self._language, self._chance = language, chance
        self._reserved: set[str] = set()

    def message(self, queue: Queue, kind: Kind, *, kept_back: bool) -> str:
        """A message that is not reserved; `kept_back` allows the wordings that the stream never uses."""
        wordings = [
            wording
            for number, wording in enumerate(queue.wordings[kind], start=1)
            if kept_back or number % KEPT_BACK_EVERY
        ]
        while (text := self._dressed(self._chance.choice(wordings))).casefold() in self._reserved:
            continue
        return text

    def reserved_message(self, queue: Queue, kind: Kind, *, kept_back: bool) -> str:
        text = self.message(queue, kind, kept_back=kept_back)
        self._reserved.add(text.casefold())
        return text

    def _dressed(self, wording: str) -> str:
        chance, language = self._chance, self._language
        text = wording.format(**{slot: chance.choice(fillers) for slot, fillers in language.slots.items()})
        if chance.random() < OPENER_SHARE:
            text = chance.choice(language.openers) + text
        if chance.random() < CLOSER_SHARE:
            text += chance.choice(language.closers)
        if chance.random() < TYPING_ERROR_SHARE:
            text = self._mistyped(text)
        return text.lower() if chance.random() < LOWER_CASE_SHARE else text

    def _mistyped(self, text: str) -> str:
        """One long word with two letters swapped, one letter dropped or one doubled."""
        words = text.split(" ")
        at = self._chance.choice(
            [number for number, word in enumerate(words) if len(word) > 4 and word.isalpha()] or [0]
        )
        word = words[at]
        cut = self._chance.randrange(1, max(2, len(word) - 2))
        head, one, two, tail = word[:cut], word[cut : cut + 1], word[cut + 1 : cut + 2], word[cut + 2 :]
        words[at] = head + self._chance.choice([two + one, two, one + one + two]) + tail
        return " ".join(words)


def item(queue: Queue, message: str) -> dict[str, object]:
    return {"inputs": {"message": message}, "expected": queue.name, "segment": queue.segment}


def golden_rows(queues: Sequence[Queue], writer: Writer, chance: random.Random) -> list[dict[str, object]]:
    rows = [
        item(queue, writer.reserved_message(queue, "early", kept_back=False))
        for queue in queues
        for _ in range(GOLDEN_PER_QUEUE)
    ]
    chance.shuffle(rows)
    return rows


def heldout_rows(queues: Sequence[Queue], writer: Writer, chance: random.Random) -> list[dict[str, object]]:
    """As many messages of every queue; half of a drifting queue's messages are late."""
    rows: list[dict[str, object]] = []
    for queue in queues:
        for number in range(HELDOUT_PER_QUEUE):
            kind: Kind = "late" if queue.drifts() and number % 2 else "early"
            rows.append({**item(queue, writer.reserved_message(queue, kind, kept_back=True)), "kind": kind})
    chance.shuffle(rows)
    return rows


def stream_rows(queues: Sequence[Queue], writer: Writer, chance: random.Random) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for day in range(1, DAYS + 1):
        # Customers write between seven in the morning and ten in the evening.
        seconds = sorted(chance.sample(range(7 * 3600, 22 * 3600), MESSAGES_A_DAY))
        for second in seconds:
            queue = chance.choices(queues, weights=[queue.weight for queue in queues])[0]
            late = queue.drifts() and day >= FIRST_LATE_DAY and chance.random() < LATE_SHARE
            message = writer.message(queue, "late" if late else "early", kept_back=False)
            moment = START + timedelta(days=day - 1, seconds=second)
            rows.append({"id": f"lp-{len(rows):05}", "ts": moment.isoformat(), **item(queue, message)})
    return rows


def demo_files(seed: int) -> dict[str, str]:
    """File name -> content of everything the demo ships."""
    queues, language = load_templates()
    chance = random.Random(seed)
    writer = Writer(language, chance)
    rows = {
        "golden.jsonl": golden_rows(queues, writer, chance),
        "heldout.jsonl": heldout_rows(queues, writer, chance),
        "stream.jsonl": stream_rows(queues, writer, chance),
    }
    lines = {name: "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in of) for name, of in rows.items()}
    return {"prompt.md": prompt_text(queues)} | lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in demo_files(options.seed).items():
        (options.out / name).write_text(content, encoding="utf-8")
        print(f"{options.out / name}: {content.count(chr(10))} lines, {len(content.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
