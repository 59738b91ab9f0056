"""Answering a question: understand it, gather the facts, say them, and say what is not known."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.chat.answers import ANSWERS, waiting
from agent.chat.facts import gather
from agent.chat.questions import Question, Topic, understand
from agent.chat.sentences import Said
from library.errors import InputError
from library.store.stores import Library
from policies.rulebook import DiagnosisRules

CAN_ANSWER = (
    "I answer from the library only: why and since when a prompt degraded, how much, in which segments, which kinds "
    "of message fail, what changed, prompt or model, which version was best, what was tried, what waits for you, "
    "what to do next."
)
DECLINED = {
    "future": "I cannot know what will happen: the library records what was, and I make no forecasts.",
    "outside": "I cannot know that: the library holds prompts, calls and scores, nothing about the world outside.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said, about which prompts and topics, and what is not known. declined: nothing could be answered."""

    question: str
    prompts: tuple[str, ...]
    topics: tuple[Topic, ...]
    text: str
    unknown: str
    declined: bool


def ask(
    library: Library, rules: DiagnosisRules, text: str, *, prompt: str | None = None, before: Answer | None = None
) -> Answer:
    """Answer a question from the library.

    prompt: the one it is about, when the text does not name it. before: the last answer of the same conversation; a
    question that names no prompt goes on about the prompts of that answer.
    """
    names = [p.name for p in library.prompts.list()]
    if prompt is not None:
        library.prompts.get(prompt)
    question = understand(text, names)
    refusal = next((DECLINED[t] for t in question.topics if t in DECLINED), None)
    if refusal is not None:
        return _answer(question, (), Said(refusal + " " + CAN_ANSWER), declined=True)
    if not question.topics:
        return _answer(question, (), Said("I do not understand the question. " + CAN_ANSWER), declined=True)
    # The queue is asked for as a whole; everything else goes on about what was spoken of.
    spoken_of = before.prompts if before is not None and "waiting" not in question.topics else ()
    about = question.prompts or ((prompt,) if prompt else spoken_of or _meant(library, question, names))
    said = [part for name in about for part in _parts(library, rules, name, question, many=len(about) > 1)]
    unknown = "; ".join(dict.fromkeys(u for s in said for u in s.unknown.split("; ") if u))
    return _answer(question, about, Said("\n".join(s.text for s in said), unknown=unknown))


def _meant(library: Library, question: Question, names: Sequence[str]) -> tuple[str, ...]:
    """The prompts a question without a name is about: all for the queue, the only one, or the ones in trouble."""
    if "waiting" in question.topics or len(names) == 1:
        pending = {p.prompt for p in library.proposals.list(state="pending")}
        return tuple(n for n in names if n in pending) or tuple(names[:1])
    ill = sorted({i.prompt for i in library.incidents.list(states=("open", "diagnosing", "proposed", "regressed"))})
    if not names:
        raise InputError("the library has no prompts", "ask", "Add one: promptkeeper prompts add NAME FILE.")
    if not ill:
        raise InputError("the question names no prompt", "ask", f"Name one, or use --prompt: {', '.join(names[:5])}.")
    return tuple(ill)


def _parts(library: Library, rules: DiagnosisRules, name: str, question: Question, *, many: bool) -> list[Said]:
    facts = gather(library, rules, name)
    # The full account of "why" holds the parts of most other topics already.
    covered = {"since", "size", "where", "kinds", "changes", "tried"} if "why" in question.topics else set()
    wanted = [t for t in question.topics if t not in covered]
    answers = [waiting(facts) if t == "waiting" else ANSWERS[t](facts) for t in wanted]
    return [Said(f"{name}:"), *answers] if many else answers


def _answer(question: Question, about: tuple[str, ...], said: Said, *, declined: bool = False) -> Answer:
    return Answer(
        question=question.text,
        prompts=about,
        topics=question.topics,
        text=said.text,
        unknown=said.unknown,
        declined=declined,
    )
