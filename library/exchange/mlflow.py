"""MLflow's prompt registry: the fields of its prompt versions as JSON, one object per version.

`prompts:/` itself is reached with MLflow's client; the fields here are those that `register_prompt` takes.
"""

from collections.abc import Sequence
from typing import Any

from library.exchange.carried import Carried, checked, mapping, movable, settings
from library.exchange.dialect import messages, read_template, write_template, written_messages
from library.exchange.langfuse import entries
from library.prompts import Content

NAME_TAG = "promptkeeper.name"
"""MLflow's names have no '/': the real one travels as a tag."""
OPENAI_FORMATS = frozenset({"json_schema", "json_object", "text"})


def read(said: Any, place: str, name: str | None = None) -> list[Carried]:
    """The versions in the order of their numbers; InputError for Jinja control flow."""
    return [_version(one, place, name) for one in entries(said, place)]


def write(versions: Sequence[Carried], place: str) -> list[dict[str, Any]]:
    """The versions, with the fields of MLflow's own."""
    return [_written(carried, f"{place}, {carried.name}@{carried.number}") for carried in versions]


def _version(one: dict[str, Any], place: str, name: str | None) -> Carried:
    here = f"{place}, {one['name']}@{one['version']}"
    tags = mapping(one.get("tags"), "tags", here)
    asked = dict(mapping(one.get("model_config"), "model_config", here))
    asked |= mapping(asked.pop("extra_params", None), "model_config.extra_params", here)
    provider, model = asked.pop("provider", None), asked.pop("model_name", None)
    config, left = settings(asked, {"stop_sequences": "stop"})
    if isinstance(model, str):
        config["model"] = f"{provider}/{model}" if provider else model
    if shape := mapping(one.get("response_format"), "response_format", here):
        config["response_format"] = shape if shape.get("type") in OPENAI_FORMATS else _schema(shape)
    left += [f"tag '{key}' has no place here" for key in tags if key != NAME_TAG]
    template = one.get("template")
    if isinstance(template, str):
        content = Content(text=read_template(template, here), config=config)
    else:
        content = Content(kind="chat", messages=messages(template, here), config=config)
    carried = Carried(
        name=name or str(tags.get(NAME_TAG) or one["name"]),
        content=content,
        note=str(one.get("commit_message") or ""),
        labels=movable(one.get("aliases")),
        number=int(one["version"]),
        left_out=tuple(left),
    )
    return checked(carried, here)


def _schema(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": shape}}


def _written(carried: Carried, place: str) -> dict[str, Any]:
    content, config = carried.content, dict(carried.content.config)
    provider, slash, model = str(config.pop("model", "")).partition("/")
    asked: dict[str, Any] = {"provider": provider, "model_name": model} if slash else {}
    if provider and not slash:
        asked = {"model_name": provider}
    shape = config.pop("response_format", None)
    if isinstance(config.get("stop"), list):
        config["stop_sequences"] = config.pop("stop")
    text = content.kind == "text"
    return {
        "name": carried.name.replace("/", "."),
        "version": carried.number,
        "template": write_template(content.text, content, place) if text else written_messages(content, place),
        "response_format": shape,
        "model_config": asked | config or None,
        "commit_message": carried.note or None,
        "tags": {NAME_TAG: carried.name},
        "aliases": list(carried.labels),
    }
