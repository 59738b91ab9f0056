"""What was said to a model and by it, in every shape that the conventions have for it.

Structured   a list of messages, as such or as JSON: {role, parts: [{type, content}]} or {role, content, tool_calls}
Indexed      an attribute for each piece: llm.input_messages.0.message.content, gen_ai.prompt.0.content
Raw          a request ({messages}) or an answer ({choices: [{message}]}) as the provider has it
Plain        just a text
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from agent.entrypoints.web.otlp import values

TURNS = 1_000
"""Messages and calls numbered higher than this are not read."""

_CONTENTS = frozenset({"content", "parts", "tool_calls"})
_TEXTS = frozenset({"text", "input_text", "output_text"})
_CALLS = frozenset({"tool_call", "tool_use"})


class Said(NamedTuple):
    """One message. text: None where none was captured; calls: of tools, each {id, name, arguments}; finish: why it
    ended, where told."""

    role: str
    text: str | None
    calls: list[dict[str, Any]]
    finish: str | None = None


def read(value: Any) -> list[Said]:
    """The messages that a value holds; a text that is not structured is one message without a role."""
    opened = values.opened(value)
    found = _messages(opened)
    if found is None:
        return [Said("", _as_text(value), [])]
    return found


def indexed(group: Mapping[str, Any], role: str) -> list[Said]:
    """The messages of attributes such as `0.message.content`, by number; role: where a message names none."""
    pieces: dict[int, dict[str, Any]] = {}
    for name, value in group.items():
        number, _, rest = name.partition(".")
        if rest and number.isdecimal() and int(number[:6]) < TURNS:
            pieces.setdefault(int(number[:6]), {})[rest.removeprefix("message.")] = value
    return [_pieced(pieces[number], role) for number in sorted(pieces)]


def told(attributes: Mapping[str, Any], role: str) -> Said:
    """The message of an event: content, role and tool calls among its attributes, or under `message`."""
    inner = values.mapping(attributes.get("message"))
    if inner is None:
        return _one({"role": role, "content": attributes.get("message"), **attributes})
    return _one({"role": role, **attributes, **inner})


def question(messages: Iterable[Said]) -> str | None:
    """What the caller said: the user's only message, or the talk so far, without instructions."""
    talk = [said for said in messages if said.role not in {"system", "developer"} and said.text]
    if not talk:
        return None
    if len(talk) == 1:
        return talk[0].text
    return "\n".join(f"{said.role or 'user'}: {said.text}" for said in talk)


def _messages(value: Any) -> list[Said] | None:
    if isinstance(value, list) and value and all(_is_message(one) for one in value):
        return [_one(one) for one in value[:TURNS]]
    if not isinstance(value, dict):
        return None
    if _is_message(value):
        return [_one(value)]
    if isinstance(choices := value.get("choices"), list):
        return [_choice(choice) for choice in choices[:1] if isinstance(choice, dict)] or None
    return _messages(value.get("messages"))


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and "role" in value and not _CONTENTS.isdisjoint(value)


def _choice(choice: Mapping[str, Any]) -> Said:
    message = choice.get("message")
    return _one({**(message if isinstance(message, dict) else {}), "finish_reason": choice.get("finish_reason")})


def _one(message: Mapping[str, Any]) -> Said:
    texts: list[str] = []
    calls = []
    parts = message.get("parts") or message.get("content")
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", "text"))
            if kind in _CALLS:
                calls.append(_call(part))
            elif kind in _TEXTS:
                texts.append(values.text(part.get("content")) or values.text(part.get("text")) or "")
    listed = values.opened(message.get("tool_calls"))
    for call in listed if isinstance(listed, list) else []:
        if isinstance(call, dict):
            calls.append(_call(call))
    return Said(
        role=values.text(message.get("role")) or "",
        text="\n".join(texts) if texts else None,
        calls=calls,
        finish=values.finish(message.get("finish_reason")),
    )


def _call(said: Mapping[str, Any]) -> dict[str, Any]:
    function = said.get("function")
    inner = function if isinstance(function, dict) else said
    arguments = inner.get("arguments", inner.get("input"))
    return {"id": said.get("id"), "name": inner.get("name"), "arguments": values.opened(arguments)}


def _pieced(pieces: Mapping[str, Any], role: str) -> Said:
    """A message from its pieces; contents and tool calls are numbered again."""
    texts = [str(pieces["content"])] if pieces.get("content") is not None else []
    calls: dict[int, dict[str, Any]] = {}
    for name, value in pieces.items():
        kind, number, rest = (*name.split(".", 2), "", "")[:3]
        if not number.isdecimal():
            continue
        if kind == "contents" and rest == "message_content.text":
            texts.append(str(value))
        elif kind == "tool_calls" and int(number[:6]) < TURNS:
            calls.setdefault(int(number[:6]), {})[rest.rpartition(".")[2]] = value
    if "function_call.name" in pieces:
        calls[TURNS] = {"name": pieces["function_call.name"], "arguments": pieces.get("function_call.arguments")}
    return Said(
        role=values.text(pieces.get("role")) or role,
        text="\n".join(texts) if texts else None,
        calls=[_call(calls[number]) for number in sorted(calls)],
        finish=values.finish(pieces.get("finish_reason")),
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
