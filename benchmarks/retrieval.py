"""How often does the failure memory bring back a message of the same kind? Precision at 5 on labelled messages.

    python benchmarks/retrieval.py --data DIR [--stored 3000] [--asked 1000] [--seed 7] [--json]

DIR holds `*.jsonl` files whose rows have `inputs.message` and `expected`. Messages that occur more than once are used
once; stored and asked messages never overlap. The built-in embedding is compared with the two usual ways to do without
a model: character n-grams hashed into 384 numbers, and TF-IDF of words (which needs statistics of the stored texts).
"""

import argparse
import json
import math
import random
import re
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tools.embeddings import LexicalEmbedding
from tools.memory import Remembered, open_memory

Message = tuple[str, str]
Vectors = npt.NDArray[np.float64]


def labelled_messages(folder: Path) -> list[Message]:
    """(text, label) of every distinct message in the folder."""
    found: dict[str, Message] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.setdefault(row["inputs"]["message"].casefold(), (row["inputs"]["message"], row["expected"]))
    return list(found.values())


def precision(stored: Sequence[Message], asked: Sequence[Message], nearest: Sequence[Sequence[int]]) -> float:
    """The share of recalled messages that carry the label of the message asked with."""
    hits = [stored[row][1] == label for (_, label), rows in zip(asked, nearest, strict=True) for row in rows]
    return sum(hits) / len(hits)


def exact_nearest(stored: Vectors, asked: Vectors, limit: int) -> list[list[int]]:
    return [list(row) for row in np.argsort(-(asked @ stored.T), axis=1, kind="stable")[:, :limit]]


def unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12))


def lexical(_: Sequence[str]) -> Callable[[Sequence[str]], Vectors]:
    return lambda texts: np.array(LexicalEmbedding().embed(texts))


def hashed_characters(_: Sequence[str], dimensions: int = 384) -> Callable[[Sequence[str]], Vectors]:
    def embed(texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), dimensions))
        for row, text in zip(rows, texts, strict=True):
            grams = Counter(
                fenced[at : at + size]
                for word in re.findall(r"\w+", text.lower())
                for fenced in [f"<{word}>"]
                for size in (3, 4, 5)
                for at in range(len(fenced) - size + 1)
            )
            for gram, count in grams.items():
                number = zlib.crc32(gram.encode())
                row[(number >> 1) % dimensions] += (1 if number & 1 else -1) * (1 + math.log(count))
        return unit(rows)

    return embed


def word_tfidf(stored: Sequence[str]) -> Callable[[Sequence[str]], Vectors]:
    documents = [set(re.findall(r"\w+", text.lower())) for text in stored]
    frequency = Counter(word for words in documents for word in words)
    column = {word: at for at, word in enumerate(frequency)}

    def embed(texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), len(column)))
        for row, text in zip(rows, texts, strict=True):
            for word, count in Counter(re.findall(r"\w+", text.lower())).items():
                if word in column:
                    row[column[word]] = (1 + math.log(count)) * math.log((1 + len(stored)) / (1 + frequency[word]))
        return unit(rows)

    return embed


def recalled_by_chroma(stored: Sequence[Message], asked: Sequence[Message], limit: int) -> list[list[int]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_memory(path=Path(folder) / "memory", embedding=LexicalEmbedding()) as memory,
    ):
        memory.remember(
            [Remembered(id=str(at), text=text, prompt="p", metadata={}) for at, (text, _) in enumerate(stored)]
        )
        return [[int(found.id) for found in memory.recall(text, limit=limit)] for text, _ in asked]


def measure(stored: Sequence[Message], asked: Sequence[Message], limit: int) -> list[dict[str, object]]:
    """One row per way of finding neighbours: its name, precision at `limit`, and seconds for everything."""
    kept, questions = [text for text, _ in stored], [text for text, _ in asked]
    rows: list[dict[str, object]] = []
    ways: list[tuple[str, Callable[[Sequence[str]], Callable[[Sequence[str]], Vectors]]]] = [
        ("lexical (built in)", lexical),
        ("hashed character n-grams, 384 numbers", hashed_characters),
        ("word TF-IDF", word_tfidf),
    ]
    for name, prepare in ways:
        start = time.perf_counter()
        embed = prepare(kept)
        share = precision(stored, asked, exact_nearest(embed(kept), embed(questions), limit))
        rows.append(
            {"way": name, f"precision@{limit}": round(share, 4), "seconds": round(time.perf_counter() - start, 2)}
        )
    start = time.perf_counter()
    share = precision(stored, asked, recalled_by_chroma(stored, asked, limit))
    rows.append(
        {
            "way": "lexical, in Chroma",
            f"precision@{limit}": round(share, 4),
            "seconds": round(time.perf_counter() - start, 2),
        }
    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stored", type=int, default=3000)
    parser.add_argument("--asked", type=int, default=1000)
    parser.add_argument("--limit", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    messages = labelled_messages(options.data)
    if len(messages) < options.stored + options.asked:
        parser.error(
            f"{options.data} has {len(messages)} distinct messages; {options.stored + options.asked} are needed"
        )
    random.Random(options.seed).shuffle(messages)
    stored, asked = messages[: options.stored], messages[options.stored : options.stored + options.asked]
    rows = measure(stored, asked, options.limit)
    if options.json:
        print(json.dumps({"labels": len({label for _, label in messages}), "results": rows}, indent=2))
        return
    print(f"{len(stored)} stored, {len(asked)} asked, {len({label for _, label in messages})} labels")
    for row in rows:
        print(
            f"{row['way']:<40} precision@{options.limit} {row[f'precision@{options.limit}']:.3f}  {row['seconds']:>6} s"
        )


if __name__ == "__main__":
    main()
