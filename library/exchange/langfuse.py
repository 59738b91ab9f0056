"""Langfuse: prompts as its API gives them, one JSON object per version; a list, `{"data": […]}` or a single one."""

import re
from collections.abc import Sequence
from typing import Any

from library.errors import InputError
from library.exchange.carried import Carried, checked, mapping, movable, settings
from library.exchange.dialect import messages, read_template, write_template, written_messages
from library.prompts import Content

COMPOSED = re.compile(r"@@@langfusePrompt:")


def read(said: Any, place: str, name: str | None = None) -> list[Carried]:
    """The versions in the order of their numbers; InputError for placeholders and prompts made of other prompts."""
    return [_version(one, place, name) for one in entries(said, place)]


def write(versions: Sequence[Carried], place: str) -> list[dict[str, Any]]:
    """The versions, as the API would give them."""
    return [
        {
            "name": carried.name,
            "version": carried.number,
            "type": carried.content.kind,
            "prompt": _prompt(carried.content, f"{place}, {carried.name}@{carried.number}"),
            "config": dict(carried.content.config),
            "labels": list(carried.labels),
            "tags": [],
            "commitMessage": carried.note or None,
        }
        for carried in versions
    ]


def entries(said: Any, place: str) -> list[dict[str, Any]]:
    """The objects of a file, in the order of their names and versions."""
    found = said.get("data", [said]) if isinstance(said, dict) else said
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise InputError("not a list of prompt versions", place, "Save what the API answers.")
    for one in found:
        if not str(one.get("version")).isdigit() or not isinstance(one.get("name"), str):
            raise InputError("a version without its name or number", place, "Save each version whole.")
    return sorted(found, key=lambda one: (one["name"], int(one["version"])))


def _version(one: dict[str, Any], place: str, name: str | None) -> Carried:
    here = f"{place}, {one['name']}@{one['version']}"
    config, left = settings(mapping(one.get("config"), "config", here), {})
    left += ["tags have no place here"] if one.get("tags") else []
    carried = Carried(
        name=name or one["name"],
        content=_content(one.get("prompt"), config, here),
        note=str(one.get("commitMessage") or ""),
        labels=movable(one.get("labels")),
        number=int(one["version"]),
        left_out=tuple(left),
    )
    return checked(carried, here)


def _content(prompt: object, config: dict[str, Any], place: str) -> Content:
    if COMPOSED.search(str(prompt)):
        raise InputError("the prompt is made of other prompts", place, "Save it with the parts filled in.")
    if isinstance(prompt, str):
        return Content(text=read_template(prompt, place), config=config)
    return Content(kind="chat", messages=messages(prompt, place), config=config)


def _prompt(content: Content, place: str) -> str | list[dict[str, str]]:
    if content.kind == "text":
        return write_template(content.text, content, place)
    return written_messages(content, place)
