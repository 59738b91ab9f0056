"""Text of evaluation items and traces that travelled into the prompt: the gain on them would be memory, not skill."""

import re
from collections.abc import Iterator, Mapping, Sequence

from policies.guardrails.scene import Scene, finding
from policies.guardrails.words import CJK, TOKEN
from policies.verdict import Finding

SHINGLE = 6  # words
SHORT_SHINGLE = 4  # words, for texts of fewer than nine words
CJK_SHINGLE = 14  # characters
ANSWER_WORDS = 3  # an answer this long betrays its item by itself
LETTER = re.compile(r"[^\W_]", re.UNICODE)


def check_leaks(scene: Scene) -> Iterator[Finding]:
    """Runs of words shared with protected texts, where the approved prompt does not have them too."""
    texts = tuple(_texts(scene))
    if not any(texts):
        return
    after, spans = _words(scene.candidate.raw)
    before = f" {' '.join(_words(scene.current.raw)[0])} "
    # What the writer was shown on purpose it may say: a phrase of a learn item is no leak of the item that shares it.
    shown = " \n ".join(" ".join(_words(t)[0]) for t in scene.subject.shown_texts)
    known = f"{before}\n {shown} "
    index: dict[str, int] = {}
    sizes = (SHINGLE, SHORT_SHINGLE)
    for size in sizes:
        for i in range(len(after) - size + 1):
            index.setdefault(" ".join(after[i : i + size]), i)
    for text in texts:
        hit = _copied(text, index, known)
        if hit is not None:
            start, size = hit
            span = scene.candidate.raw_span(spans[start][0], spans[start + size - 1][1])
            yield finding(
                "data-leak",
                "copied-text",
                "block",
                f"{size} words in a row stand in evaluation data or traces",
                spans=[span],
                fix_hint="Make up another example.",
            )
    yield from _answers(scene, after, spans, before, index)
    yield from _cjk(scene)


def _texts(scene: Scene) -> Iterator[str]:
    yield from scene.subject.secret_texts
    for given, answer in _items(scene):
        yield given
        yield answer
    yield from (_flat(t) for t in scene.subject.metadata.get("traces") or ())


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return " \n ".join(_flat(v) for v in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " \n ".join(_flat(v) for v in value)
    return str(value)


def _items(scene: Scene) -> Iterator[tuple[str, str]]:
    yield from scene.subject.answers
    for item in scene.subject.metadata.get("eval_items") or ():
        if isinstance(item, Mapping):
            yield _flat(item.get("input", "")), _flat(item.get("answer", item.get("expected", "")))


def _words(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    matches = [m for m in TOKEN.finditer(text) if LETTER.search(m.group())]
    return [m.group().lower() for m in matches], [m.span() for m in matches]


def _copied(text: str, index: Mapping[str, int], known: str) -> tuple[int, int] | None:
    words, _ = _words(text)
    size = SHINGLE if len(words) > 8 else min(SHORT_SHINGLE if len(words) > 3 else 99, len(words))
    if size > len(words) or size < SHORT_SHINGLE:
        return None
    for i in range(len(words) - size + 1):
        run = " ".join(words[i : i + size])
        if run in index and f" {run} " not in known:
            return index[run], size
    return None


def _answers(
    scene: Scene, after: list[str], spans: list[tuple[int, int]], before: str, index: Mapping[str, int]
) -> Iterator[Finding]:
    """An exact answer is new in the candidate, and enough of its input stands there too (or the answer is long)."""
    stream = f" {' '.join(after)} "
    vocabulary = set(after) - set(before.split())
    for given, answer in _items(scene):
        words, _ = _words(answer)
        said = " ".join(words)
        if not words or f" {said} " in before or f" {said} " not in stream:
            continue
        asked = {w for w in _words(given)[0] if len(w) > 3}
        overlap = len(asked & vocabulary)
        if len(words) >= ANSWER_WORDS or overlap >= 2 or (asked and overlap / len(asked) >= 0.5):
            at = next(i for i in range(len(after)) if after[i : i + len(words)] == words)
            span = scene.candidate.raw_span(spans[at][0], spans[at + len(words) - 1][1])
            yield finding(
                "data-leak",
                "copied-answer",
                "block",
                "the answer of an evaluation item stands in the prompt",
                spans=[span],
                fix_hint="Make up another example.",
            )


def _cjk(scene: Scene) -> Iterator[Finding]:
    candidate, before = scene.candidate.raw, scene.current.raw
    if not CJK.search(candidate):
        return
    for text in _texts(scene):
        for i in range(len(text) - CJK_SHINGLE + 1):
            run = text[i : i + CJK_SHINGLE]
            if CJK.search(run) and run in candidate and run not in before:
                at = candidate.index(run)
                yield finding(
                    "data-leak",
                    "copied-text",
                    "block",
                    "a passage stands in evaluation data or traces",
                    spans=[scene.candidate.raw_span(at, at + CJK_SHINGLE)],
                    fix_hint="Make up another example.",
                )
                break
