"""Part a rendered prompt into what stays the same from call to call and the input of this call."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_INPUTS = """
    message messages input text query question ticket email mail comment review sentence document customer user content
    post tweet utterance request complaint subject body title note article transcript feedback item passage
"""
_PROSE = """
    rules rule instructions instruction note notes important answer answers output outputs format response respond reply
    labels label queues queue categories category classes class intents intent examples example options option task
    definitions guidelines policy policies protected remember warning role context requirements
"""
INPUT_WORDS = frozenset(_INPUTS.split())
_PROSE_WORDS = frozenset(_PROSE.split())
_MARKER = re.compile(
    r"^[ \t]*(?:\*\*|__|#{1,6} )?(?P<name>[^\W\d_][\w' -]{0,30}?)(?:\*\*|__)?[ \t]*:(?:\*\*|__)?(?P<text>[^\n]*)$", re.M
)
_TAG_END = re.compile(r"</(?P<tag>[A-Za-z][\w.-]*)>")
_FENCED = re.compile(r"(?P<fence>```|\"\"\"|~~~)[\w-]*\n?(?P<text>.*?)\n?(?P=fence)", re.S)
_CLOSING = re.compile(
    r"(?:please\s+)?(?:answer|reply|respond|return|output|choose|classify|give|write|pick|only|do not|never|remember)\b"
    r"|[^\W\d_][\w -]{0,30}:\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A prompt taken apart: constant instructions, example pairs given as chat turns, and the input to judge."""

    instructions: str
    turns: tuple[tuple[str, str], ...]
    input: str


def is_input_name(name: str) -> bool:
    """Whether a line's name announces an input (`Message`, `Customer text`)."""
    parts = name.lower().split()
    return bool(parts) and parts[-1] in INPUT_WORDS


def _is_prose_name(name: str) -> bool:
    parts = name.lower().split()
    return not parts or parts[0] in _PROSE_WORDS or parts[-1] in _PROSE_WORDS


def _text_of(message: Mapping[str, object]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return ""


def _without_closing(text: str) -> tuple[str, str]:
    """Separate trailing paragraphs that instruct (or an empty answer slot) from an input's own text."""
    kept = re.split(r"(\n[ \t]*\n)", text)
    while len(kept) > 2 and _CLOSING.match(kept[-1].strip()):
        kept = kept[:-2]
    body = "".join(kept)
    last = body.rstrip().rpartition("\n")[2]
    if (
        "\n" in body.rstrip()
        and re.fullmatch(r"[^\W\d_][\w -]{0,30}:\s*", last)
        and not is_input_name(last.strip()[:-1])
    ):
        body = body.rstrip()[: -len(last)]
    return body, text[len(body) :]


def _marked(text: str) -> tuple[int, int] | None:
    """Span of the input that the last `Word: text` line opens, or None."""
    markers = [m for m in _MARKER.finditer(text) if not _is_prose_name(m["name"])]
    known = [m for m in markers if is_input_name(m["name"])]
    if known:
        first = last = known[-1]
        for earlier in reversed(known[:-1]):
            if text[earlier.end() : first.start()].strip() or "\n\n" in text[earlier.end() : first.start()]:
                break
            first = earlier
        start = last.start("text") if first is last else first.start()
    elif markers and "\n" not in text[markers[-1].start() :].strip():
        start = markers[-1].start("text")
    else:
        return None
    body, _ = _without_closing(text[start:])
    return start, start + len(body)


def _blocked(text: str) -> tuple[int, int] | None:
    """Span inside the last tagged or fenced block that is not an instruction, or None.

    A block begins and ends its lines; tags in the middle of a line belong to somebody's text.
    """
    for end in reversed(list(_TAG_END.finditer(text))):
        tag = f"<{end['tag']}>"
        start = text.rfind(tag, 0, end.start())
        alone = start >= 0 and _begins_line(text, start) and not text[end.end() :].partition("\n")[0].strip()
        if alone and not _is_prose_name(re.split(r"[-_.\d]", end["tag"])[0]):
            return start + len(tag), end.start()
    blocks = [m for m in _FENCED.finditer(text) if _begins_line(text, m.start())]
    return (blocks[-1].start("text"), blocks[-1].end("text")) if blocks else None


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _input_span(text: str) -> tuple[int, int] | None:
    block, marker = _blocked(text), _marked(text)
    if block is None or marker is None:
        return block or marker
    return block if block[0] > marker[0] else marker


def part(messages: Sequence[Mapping[str, object]]) -> Request:
    """Take a request apart; with several messages and no marked input, the last user message is the input."""
    said = [(str(m.get("role", "user")), _text_of(m)) for m in messages]
    while len(said) > 1 and said[-1][0] == "assistant":
        said = said[:-1]
    turns: list[tuple[str, str]] = []
    before: list[str] = []
    for index, (role, text) in enumerate(said[:-1]):
        if role == "user" and said[index + 1][0] == "assistant":
            turns.append((text, said[index + 1][1]))
        elif role != "assistant":
            before.append(text)
    last = said[-1][1] if said else ""
    span = _input_span(last)
    if before or turns:
        head = last[: span[0]].strip() if span else ""
        if span is None or (head and len(head) < 40 and "\n" not in head and not is_input_name(head.rstrip(":"))):
            span = (0, len(last))
    elif span is None:
        start = last.rstrip().rfind("\n\n")
        span = (start, len(last)) if start >= 0 else (len(last), len(last))
    instructions = "\n\n".join([*before, last[: span[0]] + last[span[1] :]])
    return Request(instructions=instructions, turns=tuple(turns), input=last[span[0] : span[1]].strip())
