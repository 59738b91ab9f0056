"""The embedded student: a small in-context classifier that knows only what the prompt says."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from tools.embedded.lexicon import Lexicon, lexicon_of
from tools.embedded.reading import Reading, Rule, read
from tools.embedded.request import part
from tools.embedded.words import features, stem, words

NO_LABELS = (
    "I am a small embedded classifier: I can only choose between labels that the prompt names and describes, "
    "and I found none in this prompt."
)


def described_by(reading: Reading) -> dict[str, list[str]]:
    """Label -> every text that the prompt says of it."""
    described = {e.label: [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", e.label), e.meaning] for e in reading.entries}
    for label, text in reading.shown:
        described[label].append(text)
    return described


@lru_cache(maxsize=128)
def _lexicon(instructions: str, turns: tuple[tuple[str, str], ...]) -> Lexicon:
    reading = read(instructions)
    described = described_by(reading)
    by_name = {label.lower(): label for label in described}
    for text, reply in turns:
        named = by_name.get(reply.strip().lower())
        if named is not None:
            described[named].append(text)
    return lexicon_of(described)


def fires(rule: Rule, stems: frozenset[str]) -> bool:
    """Whether a text with these stems meets an if-then rule: it has most words of one of its alternatives."""
    return any(2 * len(alternative & stems) > len(alternative) for alternative in rule.alternatives)


def _formatted(label: str, share: float, reading: Reading, matched: Sequence[str]) -> str:
    if not reading.json_fields:
        return label
    answer: dict[str, object] = {}
    for key, placeholder in reading.json_fields:
        if not answer:
            answer[key] = label
        elif not placeholder.startswith('"'):
            answer[key] = round(share, 2)
        else:
            answer[key] = "shared words: " + ", ".join(matched)
    return json.dumps(answer, ensure_ascii=False)


def choose(instructions: str, text: str, turns: tuple[tuple[str, str], ...] = ()) -> tuple[str, float] | None:
    """The label for a text under a prompt and its share of all scores (0 to 1); None when no labels are named."""
    reading = read(instructions)
    if not reading.entries:
        return None
    stems = frozenset(stem(w) for w in words(text))
    for rule in reading.rules:
        if fires(rule, stems):
            return rule.answer, 1.0
    lexicon = _lexicon(instructions, turns)
    scores = lexicon.scores(features(text))
    best = max(range(len(scores)), key=scores.__getitem__)
    total = sum(scores)
    if total <= 0.0 and reading.otherwise is not None:
        return reading.otherwise, 0.0
    return lexicon.labels[best], scores[best] / total if total > 0 else 0.0


def answer(messages: Sequence[Mapping[str, object]]) -> str:
    """Classify the input of a rendered prompt in the format the prompt asks for: a pure function of its argument."""
    request = part(messages)
    chosen = choose(request.instructions, request.input, request.turns)
    if chosen is None:
        return NO_LABELS
    reading = read(request.instructions)
    said = {stem(w) for e in reading.entries if e.label == chosen[0] for w in words(e.meaning)}
    matched = (
        [w for w in dict.fromkeys(words(request.input)) if stem(w) in said] if len(reading.json_fields) > 1 else []
    )
    return _formatted(chosen[0], chosen[1], reading, matched)
