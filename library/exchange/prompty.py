"""Prompty (`.prompty`): front matter, and a text with `system:` and `user:` on lines of their own.

Reads versions 1 and 2 of the format, writes version 1. `api: completion` is one plain text: kind `text` here.
"""

import re
from collections.abc import Mapping
from typing import Any

from library.errors import InputError
from library.exchange import front_matter
from library.exchange.carried import Carried, Written, checked, mapping, settings
from library.exchange.dialect import read_template, role, write_template
from library.prompts import Content, Message
from library.templates import variables

MARKER = re.compile(r"^[ \t]*#?[ \t]*(?P<role>system|user|assistant|developer)[ \t]*:[ \t]*\r?$\n?", re.I | re.M)
NAMES = {"maxOutputTokens": "max_tokens", "topP": "top_p", "stopSequences": "stop"}
READ = frozenset({"name", "description", "model", "inputs", "inputSchema", "template", "metadata", "sample"})
TEMPLATES = frozenset({"", "jinja2", "mustache"})
AZURE = "azure_openai"


def read(text: str, place: str, name: str | None = None) -> Carried:
    """The prompt of a file; InputError for control flow, filters and templates that are not read here.

    Connections (addresses, keys) are never taken. name: instead of the one in the file.
    """
    fields, body, _ = front_matter.split(text, place)
    model = fields.get("model")
    model = {"id": model} if isinstance(model, str) else mapping(model, "model", place)
    _check_template(fields.get("template"), place)
    parameters = mapping(model.get("parameters"), "model.parameters", place)
    options = dict(mapping(model.get("options"), "model.options", place))
    options |= mapping(options.pop("additionalProperties", None), "model.options.additionalProperties", place)
    config, left = settings(parameters | options, NAMES)
    asked, more = _model(model, place)
    left += more + [f"field '{key}' has no place here" for key in fields if key not in READ]
    if fields.get("sample"):
        left.append("sample: add it as a test item of a dataset")
    completion = model.get("api", model.get("apiType")) == "completion"
    carried = Carried(
        name=name or str(fields.get("name") or ""),
        description=str(fields.get("description") or ""),
        content=_content(body, {**asked, **config}, completion, place),
        left_out=tuple(left),
    )
    return checked(carried, place)


def write(carried: Carried, place: str) -> Written:
    """The file of a prompt, in version 1 of the format; InputError where its text cannot be said in it."""
    content = carried.content
    config = dict(content.config)
    fields = {
        "name": carried.name,
        "description": carried.description,
        "model": {
            "api": "completion" if content.kind == "text" else "chat",
            "configuration": _configuration(config.pop("model", None)),
            "parameters": config,
        },
        "inputs": {variable: {"type": "string"} for variable in variables(content)},
    }
    if content.kind == "text":
        body, texts = write_template(content.text.strip(), content, place), [content.text]
    else:
        texts = [m.content for m in content.messages]
        if any(MARKER.search(text) for text in texts):
            raise InputError("a line of the prompt reads as a role marker", place, "Use --format bundle.")
        parts = [f"{m.role}:\n{write_template(m.content.strip(), content, place)}" for m in content.messages]
        body = "\n\n".join(parts)
    left = [line for text in texts for line in front_matter.trimmed(text)][:1]
    return Written(text=front_matter.join(fields, body), left_out=tuple(left))


def _check_template(said: object, place: str) -> None:
    kind: object = said
    if isinstance(said, Mapping):
        kind = said.get("format", said.get("type", ""))
        kind = kind.get("kind", "") if isinstance(kind, Mapping) else kind
    if str(kind or "") not in TEMPLATES:
        raise InputError(f"templates of kind '{kind}' are not read", place, "Use jinja2 or mustache, plain variables.")


def _model(model: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[str]]:
    connection = mapping(model.get("configuration"), "model.configuration", place)
    provider = str(model.get("provider") or connection.get("type") or "")
    named = model.get("id") or connection.get("azure_deployment") or connection.get("name")
    left = [f"model.configuration.{key} stays outside" for key in connection if key not in _NAMING]
    left += ["model.connection stays outside"] if model.get("connection") else []
    if not isinstance(named, str) or named.startswith("${"):
        return {}, left + (["the model's name is not in the file"] if named else [])
    provider = "azure" if provider == AZURE else provider
    return {"model": f"{provider}/{named}" if provider else named}, left


def _configuration(model: str | None) -> dict[str, str]:
    if model is None:
        return {}
    provider, slash, named = model.partition("/")
    if not slash:
        return {"name": model}
    return {"type": AZURE, "azure_deployment": named} if provider == "azure" else {"type": provider, "name": named}


def _content(body: str, config: dict[str, Any], completion: bool, place: str) -> Content:
    if completion:
        return Content(text=read_template(body.strip(), place), config=config)
    before, *parts = MARKER.split(body)
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    if before.strip():
        pairs.insert(0, ("system", before))  # what the format says of a text without a marker
    said = [Message(role=role(word, place), content=read_template(text.strip(), place)) for word, text in pairs]
    return Content(kind="chat", messages=tuple(m for m in said if m.content), config=config)


_NAMING = frozenset({"type", "name", "azure_deployment"})
