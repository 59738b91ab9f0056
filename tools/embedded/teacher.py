"""The embedded teacher: compares failing examples with passing ones and writes what tells labels apart."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tools.embedded.beginning import first_prompt
from tools.embedded.diagnosis import CITED, hypotheses
from tools.embedded.drafting import MANNERS, Manner, Room, draft
from tools.embedded.editing import BLOCK_TITLE, OPENING, edited, protected_lines
from tools.embedded.evidence import phrases
from tools.embedded.lesson import Lesson, label_in, read_lesson
from tools.embedded.reading import Reading, read
from tools.embedded.rehearsal import Case, Rehearsal
from tools.embedded.sheet import Sheet, sheet_of
from tools.embedded.student import described_by
from tools.embedded.words import features

MOST_GROWTH = 2.2
LONGEST_PROMPT = 6000
MOST_LABELS = 60
NOT_LABELS = {
    "name": "expected_answers_are_not_labels",
    "cause": "The expected answers of the failing examples are not labels that the prompt names; the embedded teacher "
    "can compare nothing else.",
    "fix": "Let a language model be the teacher of this prompt.",
}
NOT_A_TASK = (
    "I am a small embedded teacher: I read failing and passing examples and answer with hypotheses or with a rewrite "
    "of label definitions. This request asks for neither."
)


def _labels(reading: Reading, lesson: Lesson) -> tuple[str, ...]:
    """Labels of the prompt; where it names none, the expected answers if they look like labels."""
    named = tuple(e.label for e in reading.entries)
    if named:
        return named
    wanted = tuple(dict.fromkeys(e.expected for e in lesson.examples if e.expected))
    short = all(len(w) <= 40 and "\n" not in w for w in wanted)
    return wanted if short and len(wanted) <= MOST_LABELS else ()


def _cases(lesson: Lesson, labels: Sequence[str], variation: int) -> list[Case]:
    """Examples in terms of labels. A repeated attempt leaves out another fifth each time, and so learns other words."""
    cases = []
    for example in lesson.examples:
        digest = hashlib.sha256(f"{variation}:{example.id}".encode()).digest()
        expected = label_in(example.expected, labels)
        if expected in labels and not (variation and digest[0] % 5 == 0):
            cases.append(
                Case(
                    id=example.id,
                    text=example.text,
                    expected=expected,
                    actual=label_in(example.actual, labels),
                    failing=example.failing,
                    seen=features(example.text),
                )
            )
    return cases


def _manner(lesson: Lesson, variation: int) -> Manner:
    manner = MANNERS.get(lesson.strategy, MANNERS["clarify"])
    said = [*lesson.comments, *lesson.objections]
    if any(re.search(r"\b(short|shorter|too long|brief|fewer|length|grows|grew)\b", line, re.I) for line in said):
        return replace(manner, per_label=max(1, manner.per_label // 2))
    return replace(manner, per_label=max(1, manner.per_label - variation % 3))


def _allowed(lesson: Lesson, labels: Sequence[str]) -> list[str]:
    """Labels that may be edited: not those a reviewer asked to leave alone; for `surgical`, those with failures."""
    kept = [
        label
        for label in labels
        if not any(
            re.search(r"\b(leave|keep|not? (touch|change|edit)|n't (touch|change|edit))\b", c, re.I)
            and re.search(rf"(?<![\w-]){re.escape(label)}(?![\w-])", c, re.I)
            for c in lesson.comments
        )
    ]
    if lesson.strategy != "surgical" or not lesson.hypotheses:
        return kept
    named = [x for x in kept if any(re.search(rf"(?<![^\W_]){re.escape(x)}(?![^\W_])", h) for h in lesson.hypotheses)]
    return named or kept


def _room(sheet: Sheet, reading: Reading, untouchable: Collection[int], labels: Sequence[str]) -> Room:
    grown = min(int(MOST_GROWTH * sheet.size), LONGEST_PROMPT)
    opening = len(OPENING) + 4
    if not reading.entries or any(e.line < 0 or e.line in untouchable for e in reading.entries):
        opening = max(opening, 5 + max(map(len, labels)))
    return Room(total=grown - sheet.size - len(BLOCK_TITLE) - 3, opening=opening)


def _rewrite(lesson: Lesson) -> dict[str, object]:
    variation = sum(f"strategy: {lesson.strategy};" in line for line in lesson.earlier) + len(lesson.objections)
    sheet = sheet_of(lesson.prompt)
    labels = _labels(read(sheet.text), lesson)
    if not sheet.size and labels:
        sheet = sheet_of(first_prompt(lesson, labels))
    reading = read(sheet.text)
    cases = _cases(lesson, labels, variation)
    if not any(case.failing for case in cases):
        return _unchanged(sheet, "no shown failure has an expected answer that is one of the prompt's labels")
    manner = _manner(lesson, variation)
    said = {label: " ".join(texts) for label, texts in described_by(reading).items()}
    ranked = phrases(cases, said, _allowed(lesson, labels), manner.wanted)
    rehearsal = Rehearsal(reading, labels, cases, manner.margin_share)
    untouchable = protected_lines(sheet.text, lesson.protected)
    before = rehearsal.read({})
    added, after = draft(ranked, rehearsal, said, manner, _room(sheet, reading, untouchable, labels))
    if not added:
        return _unchanged(sheet, "no phrase helped the shown failures without harming as many passing examples")
    text = edited(sheet.text, reading, added, untouchable=untouchable)
    return _answered(sheet.with_text(text), added, cases, before.answers, after.answers)


def _answered(
    text: str, added: Mapping[str, Sequence[str]], cases: Sequence[Case], before: Sequence[str], after: Sequence[str]
) -> dict[str, object]:
    fixed = [c.id for c, now in zip(cases, after, strict=True) if c.failing and now == c.expected]
    harmed = [
        c
        for c, was, now in zip(cases, before, after, strict=True)
        if not c.failing and was == c.expected and now != c.expected
    ]
    count = sum(map(len, added.values()))
    risks = f"{len(harmed)} of {sum(not c.failing for c in cases)} passing examples shown read differently in rehearsal"
    if harmed:
        risks += f" (of {', '.join(sorted({c.expected for c in harmed}))})"
    return {
        "hypothesis": (
            f"The prompt does not mention words that texts of {', '.join(added)} use now; "
            f"{count} phrase{'s' if count > 1 else ''} that tell them apart would settle it."
        ),
        "improved_prompt": text,
        "predicted_fixed": fixed,
        "predicted_risks": risks + ".",
    }


def _unchanged(sheet: Sheet, reason: str) -> dict[str, object]:
    return {
        "hypothesis": f"Nothing to change: {reason}.",
        "improved_prompt": sheet.with_text(sheet.text),
        "predicted_fixed": [],
        "predicted_risks": "None: the prompt is returned as it is.",
    }


def _hypotheses(lesson: Lesson) -> dict[str, object]:
    reading = read(sheet_of(lesson.prompt).text)
    labels = _labels(reading, lesson)
    cases = _cases(lesson, labels, 0)
    said = {label: " ".join(texts) for label, texts in described_by(reading).items()}
    ranked = phrases(cases, said, labels, MANNERS["surgical"].wanted)
    failing = [e.id for e in lesson.examples if e.failing]
    if failing and not any(case.failing for case in cases):
        return {"hypotheses": [{**NOT_LABELS, "evidence": failing[:CITED]}]}
    return {"hypotheses": hypotheses(cases, ranked, labels)}


def answer(messages: Sequence[Mapping[str, object]]) -> str:
    """Answer a request for hypotheses or for a rewrite with one JSON object. A pure function of its argument."""
    asked = [str(m.get("content") or "") for m in messages if m.get("role") == "user"]
    lesson = read_lesson(asked[-1] if asked else "")
    if lesson.answer_format == "hypotheses":
        return json.dumps(_hypotheses(lesson), ensure_ascii=False)
    if lesson.answer_format == "rewrite":
        return json.dumps(_rewrite(lesson), ensure_ascii=False)
    return NOT_A_TASK
