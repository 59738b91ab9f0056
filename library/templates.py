"""Templates: strict substitution of variables, nothing that can run code, values never expanded again.

Two formats. `mustache`: `{{name}}`, and `{{{{` is a literal `{{`. `f-string`: `{name}`, with `{{` and `}}` for literal
braces.
`[[protect:id]] … [[/protect]]` marks a clause for its owners; the marks are stripped when a prompt is rendered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from library.errors import InputError
from library.prompts import TEXT_LIMIT, Content, Format, Message, canonical_json

NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
MUSTACHE = re.compile(r"\{\{\{\{|\{\{\s*(?P<name>" + NAME + r")\s*\}\}|\{\{|\}\}\}\}|\}\}")
F_STRING = re.compile(r"\{\{|\}\}|\{(?P<name>" + NAME + r")\}|\{|\}")
PROTECT = re.compile(r"\[\[protect:(?P<id>[A-Za-z0-9_-]{1,64})\]\]|\[\[/protect\]\]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a template: literal text to emit, or the name of a variable; start and end in the raw text."""

    literal: str
    name: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedSpan:
    """A marked clause: its id, its text without the marks, and where that text stands in the raw template."""

    id: str
    text: str
    start: int
    end: int


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _unbalanced(text: str, offset: int, mark: str, template_format: Format) -> InputError:
    spelled = "'{{{{' for a literal '{{'" if template_format == "mustache" else "'{{' and '}}' for literal braces"
    return InputError(
        f"unbalanced '{mark}' at line {_line(text, offset)}, character {offset}",
        f"template ({template_format})",
        f"Close the variable, or write {spelled}.",
    )


def parse(text: str, template_format: Format) -> list[Piece]:
    """Cut a template into literal and variable pieces; InputError names line and character of a stray brace."""
    pieces: list[Piece] = []
    at = 0
    pattern = MUSTACHE if template_format == "mustache" else F_STRING
    for match in pattern.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text[at : match.start()], None, at, match.start()))
        name, mark = match["name"], match.group()
        at = match.end()
        if name is not None:
            pieces.append(Piece("", name, match.start(), match.end()))
        elif template_format == "mustache" and mark == "{{{{":
            pieces.append(Piece("{{", None, match.start(), match.end()))
        elif template_format == "mustache" and mark in {"}}", "}}}}"}:
            # Closing braces alone are ordinary text (nested JSON ends that way); only an opening needs its close.
            pieces.append(Piece("}}" if mark == "}}}}" else mark, None, match.start(), match.end()))
        elif template_format == "f-string" and len(mark) == 2:
            pieces.append(Piece(mark[0], None, match.start(), match.end()))
        else:
            raise _unbalanced(text, match.start(), mark, template_format)
    if at < len(text):
        pieces.append(Piece(text[at:], None, at, len(text)))
    return pieces


def variables(content: Content) -> tuple[str, ...]:
    """Names of the variables of a prompt, each once, in order of first use."""
    texts = [content.text] if content.kind == "text" else [m.content for m in content.messages]
    names = (p.name for text in texts for p in parse(text, content.format) if p.name is not None)
    return tuple(dict.fromkeys(names))


def protected_spans(text: str) -> tuple[ProtectedSpan, ...]:
    """Clauses that their owners marked in the text; InputError when marks are nested, unclosed or used twice."""
    spans: list[ProtectedSpan] = []
    opened: re.Match[str] | None = None
    for match in PROTECT.finditer(text):
        if (match["id"] is not None) == (opened is not None):
            place = f"line {_line(text, match.start())}"
            raise InputError(
                f"mark '{match.group()}' does not pair up",
                place,
                "Close each [[protect:id]] with [[/protect]].",
            )
        if opened is None:
            opened = match
            continue
        said = text[opened.end() : match.start()]
        spans.append(ProtectedSpan(id=opened["id"], text=said.strip(), start=opened.end(), end=match.start()))
        opened = None
    if opened is not None:
        place = f"line {_line(text, opened.start())}"
        raise InputError(f"mark '{opened.group()}' is never closed", place, "Close it with [[/protect]].")
    ids = [s.id for s in spans]
    for twice in {i for i in ids if ids.count(i) > 1}:
        raise InputError(f"the protect id '{twice}' is used twice", "template", "Give each clause an id of its own.")
    return tuple(spans)


def strip_marks(text: str) -> str:
    """The text without its protect marks."""
    return PROTECT.sub("", text)


def validate_content(content: Content, place: str) -> Content:
    """The content itself, if it is complete, storable, within limits and its templates parse; else InputError."""
    _check_storable(content, place)
    said = content.full_text
    if not said.strip():
        raise InputError("the prompt is empty", place, "Give it a text.")
    if len(said) > TEXT_LIMIT:
        raise InputError(f"the prompt has {len(said)} characters", place, f"Keep it under {TEXT_LIMIT}.")
    try:
        variables(content)
        for text in [content.text] if content.kind == "text" else [m.content for m in content.messages]:
            protected_spans(text)
    except InputError as error:
        raise InputError(error.thing, place, error.mend) from error
    return content


def _check_storable(content: Content, place: str) -> None:
    # A lone surrogate has no UTF-8, and NaN no JSON: neither database would give them back.
    try:
        canonical_json(content.to_json()).encode()
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError
        raise InputError(f"the prompt is not plain JSON text ({error})", place, "Correct the value.") from error
    if "\x00" in content.full_text:  # PostgreSQL and most providers refuse it
        raise InputError("the prompt contains a NUL character", place, "Remove it.")


def _fill(text: str, template_format: Format, values: Mapping[str, str]) -> str:
    # Marks are taken out of the template's own text only, after it is cut: taking them out before could join braces
    # into a new variable, and a value may hold anything and stays as it is.
    pieces = parse(text, template_format)
    return "".join(values[p.name] if p.name is not None else strip_marks(p.literal) for p in pieces)


def render(content: Content, values: Mapping[str, str], place: str) -> tuple[Message, ...]:
    """Fill the variables of a prompt: one user message for kind text, the messages for kind chat.

    Every variable must be given and every given value used; InputError names what is missing or unknown.
    """
    wanted = variables(content)
    missing = [name for name in wanted if name not in values]
    unknown = [name for name in values if name not in wanted]
    if missing or unknown:
        parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown)}"] * bool(unknown)
        raise InputError(f"variables: {'; '.join(parts)}", place, f"The prompt takes {', '.join(wanted) or 'none'}.")
    if content.kind == "text":
        return (Message(role="user", content=_fill(content.text, content.format, values)),)
    return tuple(Message(role=m.role, content=_fill(m.content, content.format, values)) for m in content.messages)
