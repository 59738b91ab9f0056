"""Read what the teacher is given: the same request a language model would get, taken apart by its tags."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

_PROMPT = re.compile(r"<current_prompt>\n?(.*?)\n?</current_prompt>", re.S)
# What stands between nonce tags is data: it may hold any other tag, and is matched only by the nonce it cannot know.
_EXAMPLE = re.compile(
    r"<examples kind=\"(?P<kind>[a-z]+)\">"
    r"|<example id=\"(?P<id>[^\"\n]+)\"(?P<about>[^>\n]*)>\s*"
    r"<input-(?P<nonce>[0-9a-f]+)>\n?(?P<input>.*?)\n?</input-(?P=nonce)>\s*"
    r"(?:<expected-(?P=nonce)>\n?(?P<expected>.*?)\n?</expected-(?P=nonce)>\s*)?"
    r"(?:<actual-(?P=nonce)>\n?(?P<actual>.*?)\n?</actual-(?P=nonce)>\s*)?",
    re.S,
)
_STRATEGY = re.compile(r"<strategy name=\"([^\"\n]+)\"")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}|\{([A-Za-z_][\w.-]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example shown to the teacher: its text without variable names, the expected and the given answer."""

    id: str
    text: str
    expected: str
    actual: str
    failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A request to the teacher: answer_format is `hypotheses` or `rewrite`; absent blocks are empty.

    input_name: the variable that the first example fills.
    """

    task: str
    strategy: str
    prompt: str
    protected: tuple[str, ...]
    examples: tuple[Example, ...]
    hypotheses: tuple[str, ...]
    earlier: tuple[str, ...]
    comments: tuple[str, ...]
    objections: tuple[str, ...]
    input_name: str
    answer_format: str


def variables_of(template: str) -> frozenset[str]:
    """Names of the variables of a raw template in either dialect."""
    return frozenset(a or b for a, b in _VARIABLE.findall(template))


def is_mustache(template: str) -> bool:
    """Whether a raw template writes its variables as `{{name}}`."""
    return any(double for double, _ in _VARIABLE.findall(template))


def escaped(text: str, template: str) -> str:
    """Text made literal in the dialect of a template."""
    return text.replace("{{", "{{{{") if is_mustache(template) else text.replace("{", "{{").replace("}", "}}")


def _block(name: str, text: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", text, re.S)
    return found[1].strip() if found else ""


def _items(name: str, text: str) -> tuple[str, ...]:
    lines = (re.sub(r"^[-*]\s+", "", line.strip()) for line in _block(name, text).splitlines())
    return tuple(line for line in lines if line)


def _without_names(text: str, names: Collection[str]) -> str:
    lines = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        lines.append(value.strip() if colon and name.strip() in names else line)
    return "\n".join(lines).strip()


def _examples(text: str, names: Collection[str]) -> tuple[tuple[Example, ...], str]:
    """The examples, and the text without them."""
    found: list[Example] = []
    kind, rest, at = "failing", [], 0
    for match in _EXAMPLE.finditer(text):
        rest.append(text[at : match.start()])
        at = match.end()
        if match["kind"]:
            kind = match["kind"]
            continue
        found.append(
            Example(
                id=match["id"],
                text=_without_names(match["input"], names),
                expected=(match["expected"] or "").strip(),
                actual=(match["actual"] or "").strip(),
                failing=kind == "failing",
            )
        )
    return tuple(found), "".join([*rest, text[at:]])


def read_lesson(text: str) -> Lesson:
    """Read the last user message of a request to the teacher."""
    prompt = _PROMPT.search(text)
    current = prompt[1] if prompt else ""
    outside = text[: prompt.start()] + text[prompt.end() :] if prompt else text
    first = re.search(r"<input-[0-9a-f]+>\n?([A-Za-z_][\w.-]*):", outside)
    names = variables_of(current) or ({first[1]} if first else set())
    examples, rest = _examples(outside, names)
    strategy = _STRATEGY.search(rest)
    return Lesson(
        task=_block("task", rest),
        strategy=strategy[1] if strategy else "",
        prompt=current,
        protected=_items("protected", rest),
        examples=examples,
        hypotheses=_items("hypotheses", rest),
        earlier=_items("earlier_attempts", rest),
        comments=_items("reviewer_comments", rest),
        objections=_items("objections_to_the_last_answer", rest),
        input_name=first[1] if first else "message",
        answer_format=_block("answer_format", rest),
    )


def label_in(text: str, labels: Collection[str]) -> str:
    """The label an answer names: exact, as a value of a JSON object, or else the text itself."""
    said = text.strip()
    by_name = {label.lower(): label for label in labels}
    if said.lower() in by_name:
        return by_name[said.lower()]
    if said.startswith("{"):
        try:
            values = json.loads(said)
        except ValueError:
            return said
        named = [by_name[v.lower()] for v in values.values() if isinstance(v, str) and v.lower() in by_name]
        return named[0] if named else said
    return said
