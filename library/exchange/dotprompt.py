"""dotprompt (`.prompt`): front matter, a Handlebars text, `{{role "…"}}` between messages.

Text without a role is one message of the user, which is what kind `text` means here.
"""

import re
from collections.abc import Mapping
from typing import Any

from library.exchange import front_matter
from library.exchange.carried import Carried, Written, checked, mapping, movable, settings
from library.exchange.dialect import read_template, role, write_template
from library.prompts import CONFIG_TYPES, Content, Message
from library.templates import variables

ROLE = re.compile(r"\{\{\s*role\s+[\"'](?P<role>\w+)[\"']\s*\}\}[ \t]*\n?")
NAMES = {"maxOutputTokens": "max_tokens", "topP": "top_p", "stopSequences": "stop"}
READ = frozenset({"name", "description", "model", "config", "input", "output", "metadata"})
OURS = "promptkeeper"


def read(text: str, place: str, name: str | None = None) -> Carried:
    """The prompt of a file; InputError for helpers, blocks, partials and broken fields.

    name: instead of the one in the file.
    """
    fields, body, _ = front_matter.split(text, place)
    config, left = _config(fields, place)
    own = mapping(mapping(fields.get("metadata"), "metadata", place).get(OURS), f"metadata.{OURS}", place)
    left += [f"field '{key}' has no place here" for key in fields if key not in READ]
    if mapping(fields.get("input"), "input", place).get("default"):
        left.append("input.default: every variable has to be given here")
    carried = Carried(
        name=name or str(fields.get("name") or ""),
        description=str(fields.get("description") or ""),
        content=_content(body, config | mapping(own.get("config"), f"metadata.{OURS}.config", place), place),
        labels=movable(own.get("labels")),
        left_out=tuple(left),
    )
    return checked(carried, place)


def write(carried: Carried, place: str) -> Written:
    """The file of a prompt; InputError where its text cannot be said in Handlebars."""
    config = dict(carried.content.config)
    theirs = {ours: their for their, ours in NAMES.items()} | {"temperature": "temperature"}
    said = {
        theirs[key]: config.pop(key)
        for key in list(config)
        if key in theirs and not (key == "stop" and isinstance(config[key], str))
    }
    fields = {
        "name": carried.name,
        "description": carried.description,
        "model": config.pop("model", None),
        "config": said,
        "input": {"schema": dict.fromkeys(variables(carried.content), "string")}
        if variables(carried.content)
        else None,
        "output": _output(config),
        "metadata": {OURS: {"config": config}} if config else None,
    }
    left = [line for text in _texts(carried.content) for line in front_matter.trimmed(text)][:1]
    return Written(text=front_matter.join(fields, _body(carried.content, place)), left_out=tuple(left))


def _config(fields: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[str]]:
    config, left = settings(mapping(fields.get("config"), "config", place), NAMES)
    if isinstance(fields.get("model"), str):
        config["model"] = fields["model"]
    output = mapping(fields.get("output"), "output", place)
    schema = output.get("schema")
    if isinstance(schema, dict) and isinstance(schema.get("type"), str) and "properties" in schema:
        config["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    elif output.get("format") == "json" or schema:
        config["response_format"] = {"type": "json_object"}
        if schema:
            left.append("output.schema is no JSON schema (Picoschema, or a name): the answer is asked to be JSON")
    return config, left


def _output(config: dict[str, Any]) -> dict[str, Any] | None:
    # Only what reads back as the same; any other response_format stays among our own fields.
    asked = config.get("response_format")
    if asked == {"type": "json_object"}:
        del config["response_format"]
        return {"format": "json"}
    if isinstance(asked, dict) and isinstance(asked.get("json_schema"), dict):
        schema = asked["json_schema"].get("schema")
        plain = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        if asked == plain and isinstance(schema, dict) and "properties" in schema and "type" in schema:
            del config["response_format"]
            return {"format": "json", "schema": schema}
    return None


def _content(body: str, config: dict[str, Any], place: str) -> Content:
    config = {key: config[key] for key in CONFIG_TYPES if key in config} | config
    if ROLE.search(body) is None:
        return Content(text=read_template(body.strip(), place), config=config)
    before, *parts = ROLE.split(body)
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    if before.strip():
        pairs.insert(0, ("user", before))
    said = [Message(role=role(word, place), content=read_template(text.strip(), place)) for word, text in pairs]
    return Content(kind="chat", messages=tuple(m for m in said if m.content), config=config)


def _body(content: Content, place: str) -> str:
    if content.kind == "text":
        return write_template(content.text.strip(), content, place)
    words = {"system": "system", "user": "user", "assistant": "model"}
    return "\n\n".join(
        f'{{{{role "{words[m.role]}"}}}}\n{write_template(m.content.strip(), content, place)}' for m in content.messages
    )


def _texts(content: Content) -> list[str]:
    return [content.text] if content.kind == "text" else [m.content for m in content.messages]
