"""The optional judge: which changes a model is asked about, how it is asked, and what its answer may do.

A judge can only make a verdict stricter. Whatever it says, nothing that the deterministic checks found is taken back;
an answer that is late, unreadable, unclear or not supported by the candidate's own words is a `flag`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from library.errors import InputError
from library.templates import protected_spans
from policies.guardrails.clauses import Clause
from policies.guardrails.counterpart import counterpart
from policies.guardrails.document import Read
from policies.guardrails.frames import frame
from policies.guardrails.policy import Policy
from policies.guardrails.protection import protected_texts
from policies.guardrails.scene import Scene, finding, short
from policies.guardrails.subject import Subject
from policies.redaction import redact
from policies.verdict import RANK, Decision, Finding, Severity, Span, Verdict

JUDGE = "judge"
Opinion = Literal["equivalent", "weaker", "contradicts", "unclear"]
OPINIONS: tuple[Opinion, ...] = get_args(Opinion)

MOST_QUESTIONS = 12  # about one candidate; what is left out is flagged
FIELD_LIMIT = 4_000  # characters of one text in a question
LIST_LIMIT = 12_000  # characters of all clauses, or of all new sentences, in one question
ANSWER_LIMIT = 20_000  # characters of an answer that are worth reading
FENCED_ANSWER = re.compile(r"\A```[A-Za-z]*[ \t]*\n(?P<body>.*)\n```\Z", re.DOTALL)
LABEL = re.compile(r"(?m)^[ \t]*([^.!?\n:=]{1,60})(?::|=| - | – )\s")
"""The word that a line of the form `label: what it means` explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One change to be judged: texts approved before, and the text of the candidate they are held against.

    kind: `changed_clause` (one clause and what stands in its place) or `additions` (all clauses and what is new).
    owned: an owner protects the clause. spans: where both stand.
    """

    kind: Literal["changed_clause", "additions"]
    approved: tuple[str, ...]
    new: tuple[str, ...]
    heading: str = ""
    owned: bool = False
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What to ask about one candidate; left_out: changes that did not fit."""

    questions: tuple[Question, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A judge's answer that could be read."""

    opinion: Opinion
    quote: str


def agenda(subject: Subject, policy: Policy) -> Agenda:
    """Clauses that no longer stand verbatim with what took their place, then everything new that gives orders."""
    if subject.current == subject.candidate:
        return Agenda(questions=())
    scene = Scene(subject, policy)
    texts = tuple(dict.fromkeys((*protected_texts(subject.current, policy), *(subject.protected_clauses or ()))))
    owned = _owned(subject, policy)
    questions: list[Question] = []
    standing_in: set[str] = set()
    for text in texts:
        clause = _clause(scene, text)
        aligned = None if scene.candidate.locate(clause.plain) else counterpart(scene, clause)
        if aligned is None:
            continue  # word for word there, or gone altogether, which needs no model to see
        standing_in |= {r.plain for r in aligned.reads}
        questions.append(_changed(scene, clause, aligned.reads, owned=clause.plain in {scene.plain(t) for t in owned}))
    fresh = [r for r in scene.fresh if r.plain not in standing_in and _orders(scene, r)]
    added, dropped = _additions(scene, texts, fresh)
    kept = questions[: MOST_QUESTIONS - len(added)]
    return Agenda(questions=(*kept, *added), left_out=len(questions) - len(kept) + dropped)


def _owned(subject: Subject, policy: Policy) -> tuple[str, ...]:
    try:
        marked = tuple(s.text for s in protected_spans(subject.current.full_text))
    except InputError:
        marked = ()
    return (*(p.text for p in policy.protected if p.text), *marked, *(subject.protected_clauses or ()))


def _clause(scene: Scene, text: str) -> Clause:
    framed = frame(text, scene.synonyms)
    return Clause(id="", text=text, frame=framed, plain=scene.plain(text), read=None, declared=True)


def _changed(scene: Scene, clause: Clause, reads: Sequence[Read], *, owned: bool) -> Question:
    before = tuple(scene.current.unit_span(r.unit) for r in scene.current.locate(clause.plain))
    return Question(
        kind="changed_clause",
        approved=(clause.text,),
        new=tuple(r.unit.text for r in reads),
        heading=reads[0].unit.heading,
        owned=owned,
        spans=(*before, *(scene.candidate.unit_span(r.unit) for r in reads)),
    )


def _orders(scene: Scene, read: Read) -> bool:
    """Might this new unit direct anybody? Left aside are headings and new meanings of words explained before."""
    if not read.unit.live or read.unit.context == "heading":
        return False
    framed = read.frame
    if framed.explicit or framed.prohibits or framed.markers:
        return True
    text = scene.candidate.clean.text
    label = LABEL.match(text[text.rfind("\n", 0, read.unit.start) + 1 : read.unit.end])
    return label is None or label[1] not in LABEL.findall(scene.current.clean.text)


def _additions(scene: Scene, clauses: Sequence[str], fresh: Sequence[Read]) -> tuple[list[Question], int]:
    """One question about all new units together: each is judged against every clause, so one call is enough."""
    if not fresh or not clauses:
        return [], 0
    told, shown = _fitting(clauses), _fitting([r.unit.text for r in fresh])
    spans = tuple(scene.candidate.unit_span(r.unit) for r in fresh[: len(shown)])
    question = Question(kind="additions", approved=told, new=shown, spans=spans)
    return [question], len(clauses) - len(told) + len(fresh) - len(shown)


def _fitting(texts: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    room = LIST_LIMIT
    for text in texts:
        room -= min(len(text), FIELD_LIMIT)
        if room < 0:
            break
        kept.append(text)
    return tuple(kept)


def nonce(question: Question, seed: int) -> str:
    """The code in the fence's tags: nobody who writes a text can foretell it, and it stands in none of the texts.

    The same question under the same seed has the same code, so that an answer is paid for once.
    """
    texts = "\x1e".join((*question.approved, *question.new, question.heading))
    for attempt in range(1_000):
        code = hashlib.sha256(f"{attempt}\x1f{seed}\x1f{texts}".encode("utf-8", "replace")).hexdigest()[:16]
        if code not in texts:
            return code
    return hashlib.sha256(f"{seed}\x1f{texts}".encode("utf-8", "replace")).hexdigest()


def question_text(question: Question, seed: int) -> str:
    """The question as a judge reads it: every text between tags that end in the code, capped and redacted."""
    code = nonce(question, seed)
    parts = [f"<question>{question.kind}</question>", f"<code>{code}</code>"]
    parts += [_fenced("approved", text, code) for text in question.approved]
    if question.heading:
        parts.append(_fenced("heading", question.heading, code))
    parts += [_fenced("new", text, code) for text in question.new]
    return "\n".join(parts)


def _fenced(tag: str, text: str, code: str) -> str:
    return f"<{tag}-{code}>\n{_shown(text)}\n</{tag}-{code}>"


def _shown(text: str) -> str:
    safe = redact(text)
    return safe if len(safe) <= FIELD_LIMIT else safe[:FIELD_LIMIT] + " [cut]"


def read_answer(text: str) -> Answer | None:
    """The answer, when the whole text is one JSON object with a known verdict and a quote; None for anything else.

    Nothing is searched for inside a longer text: a judge that repeats the candidate could be made to repeat a verdict.
    """
    said = text.strip()
    if len(said) > ANSWER_LIMIT:
        return None
    match = FENCED_ANSWER.match(said)
    try:
        parsed = json.loads(match["body"] if match else said, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    opinion = next((known for known in OPINIONS if parsed.get("verdict") == known), None)
    quote = parsed.get("quote")
    return Answer(opinion=opinion, quote=quote) if opinion is not None and isinstance(quote, str) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is written twice")
    return dict(pairs)


def finding_of(question: Question, answer: Answer | None, *, trouble: str = "") -> Finding | None:
    """What follows from an answer; None only for `equivalent` with a quote that stands in the candidate's text.

    trouble: why there is no answer at all (a time-out, an outage), in words.
    """
    if trouble:
        return _found(question, "unanswered", "flag", f"the judge gave no answer ({trouble})")
    if answer is None:
        return _found(question, "invalid", "flag", "the judge's answer is not in the format asked for")
    if answer.opinion == "unclear":
        return _found(question, "unclear", "flag", "the judge cannot tell")
    if not _quotes(question, answer):
        return _found(question, "unsupported", "flag", f"the judge says '{answer.opinion}' but quotes no text of it")
    return _harm(question, answer.opinion)


def _harm(question: Question, opinion: Opinion) -> Finding | None:
    if opinion == "contradicts":
        return _found(question, "contradicts", "block", "the judge sees a contradiction")
    if opinion == "weaker":
        return _found(question, "weaker", "block" if question.owned else "flag", "the judge sees a weaker rule")
    return None


def _quotes(question: Question, answer: Answer) -> bool:
    quoted = _flat(answer.quote)
    return bool(quoted) and any(quoted in _flat(said) for text in question.new for said in (text, _shown(text)))


def _found(question: Question, rule: str, severity: Severity, what: str) -> Finding:
    # No text of the candidate goes into message or hint: hints go back to its writer, who must not read it again.
    if question.kind == "changed_clause":
        message = f"{what}: the approved clause '{short(question.approved[0])}' was reworded"
        hint = f"Restore the exact wording: {short(question.approved[0], 300)}"
    else:
        message = f"{what}: {len(question.new)} new sentence(s) beside the approved clauses"
        hint = "Remove new sentences that touch an approved clause."
    return finding(JUDGE, rule, severity, message, spans=question.spans, fix_hint=hint)


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()


def left_out(plan: Agenda) -> tuple[Finding, ...]:
    """A flag when not everything could be asked."""
    if not plan.left_out:
        return ()
    message = f"{plan.left_out} change(s) did not fit into the questions to the judge"
    return (finding(JUDGE, "too-many", "flag", message, fix_hint="Change less at once."),)


def tightened(verdict: Verdict, said: Iterable[Finding]) -> Verdict:
    """The verdict with what the judge adds; never milder than before, and what was found first stays found."""
    findings = sorted((*verdict.findings, *said), key=lambda f: -RANK[f.severity])
    ranks = [RANK[verdict.decision], *(RANK[f.severity] for f in findings)]
    decisions: tuple[Decision, ...] = ("allow", "flag", "block")
    return replace(verdict, decision=decisions[max(ranks)], findings=tuple(findings), checked=(*verdict.checked, JUDGE))
