"""Templates of other tools (Handlebars, Jinja, Nunjucks, Mustache), as far as all of them mean the same: `{{name}}`.

Anything else between their marks is logic, which a prompt here cannot hold: it is refused with line and words.
"""

import re

from library.errors import InputError
from library.prompts import Content, Message, Role
from library.templates import parse

MARK = re.compile(r"\{\{.*?\}\}+|\{%.*?%\}|\{#.*?#\}|\{\{|\{%", re.DOTALL)
PLAIN = re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_]{0,63}\s*\}\}")
HELPERS = frozenset({"history", "else", "this", "loop", "self"})
"""Words that are no variables in at least one of the dialects."""


def read_template(text: str, place: str) -> str:
    """The text itself, if its only marks are plain variables: it is a mustache template then. Else InputError."""
    for match in MARK.finditer(text):
        mark = match.group()
        name = mark.strip("{} \t\n")
        if not PLAIN.fullmatch(mark) or name in HELPERS or text[match.start() - 1 : match.start()] in {"{", "\\"}:
            line = text.count("\n", 0, match.start()) + 1
            raise InputError(
                f"'{' '.join(mark.split())[:60]}' at line {line} is more than a variable",
                place,
                "Only {{name}} can be kept: move the logic into the program that fills the prompt.",
            )
    return text


def write_template(text: str, content: Content, place: str) -> str:
    """One template of a prompt, spelled so that the other tools read the same pieces; InputError where they cannot."""
    pieces = parse(text, content.format)
    spelled = "".join(f"{{{{{p.name}}}}}" if p.name is not None else p.literal for p in pieces)
    try:
        read_template(spelled, place)
        same = _flat(spelled) == _joined([(p.literal, p.name) for p in pieces])
    except InputError as error:
        raise InputError(f"the prompt cannot be said in this format ({error.thing})", place, _BUNDLE) from error
    if not same:
        raise InputError("the prompt cannot be said in this format (its braces)", place, _BUNDLE)
    return spelled


def messages(said: object, place: str) -> tuple[Message, ...]:
    """Chat messages of a JSON or YAML list of {role, content}; InputError for roles and contents of other kinds."""
    if not isinstance(said, list) or not said:
        raise InputError("not a list of messages", place, 'Write [{"role": "system", "content": "…"}, …].')
    found = []
    for number, one in enumerate(said, 1):
        if isinstance(one, dict) and one.get("type") == "placeholder":
            raise InputError(f"message {number} is a placeholder", place, "Only messages with a text can be kept.")
        if not isinstance(one, dict) or not isinstance(one.get("content"), str):
            raise InputError(f"message {number} has no text", place, "Only messages with a text can be kept.")
        found.append(Message(role=role(one.get("role"), place), content=read_template(one["content"], place)))
    return tuple(found)


def role(word: object, place: str) -> Role:
    """The role that another tool's word means."""
    match str(word).lower():
        case "system" | "developer":
            return "system"
        case "user" | "human":
            return "user"
        case "assistant" | "model" | "ai":
            return "assistant"
    raise InputError(f"role '{word}' has no place here", place, "Use system, user or assistant.")


def written_messages(content: Content, place: str) -> list[dict[str, str]]:
    """The messages of a chat prompt as [{role, content}], spelled for the other tools."""
    return [{"role": m.role, "content": write_template(m.content, content, place)} for m in content.messages]


_BUNDLE = "Use --format bundle, which keeps everything."


def _flat(text: str) -> list[tuple[str, str | None]]:
    return _joined([(p.literal, p.name) for p in parse(text, "mustache")])


def _joined(pieces: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    joined: list[tuple[str, str | None]] = []
    for literal, name in pieces:
        if name is None and joined and joined[-1][1] is None:
            joined[-1] = (joined[-1][0] + literal, None)
        else:
            joined.append((literal, name))
    return joined
