"""Writes docs/reference/ from the program itself: command line, settings, rulebook, guardrail packs, HTTP API.

python docs/reference.py
"""

import inspect
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import click
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agent.channel_settings import ChannelSection
from agent.entrypoints.cli.main import cli
from agent.entrypoints.web.app import create_app
from agent.entrypoints.web.door import Door
from agent.settings import ModelSection, Settings

FOLDER = Path(__file__).with_name("reference")
MADE = "<!-- Made by `python docs/reference.py`; do not edit. -->\n"
WIDTH = 100


def commands() -> str:
    """The help of every command, in the order of the program's own list."""
    parts = [MADE, "# Command line\n"]
    context = click.Context(cli, info_name="promptkeeper", terminal_width=WIDTH, **cli.context_settings)
    for name, command, inner in _walk(cli, context):
        parts.append(f"{'#' * (2 + (name.count(' ') > 1))} {name}\n\n```text\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


def _walk(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _walk(inner, click.Context(inner, info_name=name, parent=context, terminal_width=WIDTH))


def settings() -> str:
    """Every table of promptkeeper.toml with its keys, defaults and limits."""
    parts = [
        MADE,
        "# Settings: `promptkeeper.toml`\n",
        "Any value can be given as an environment variable `PROMPTKEEPER_SECTION__KEY`, which wins over the file.\n",
    ]
    for name, field in Settings.model_fields.items():
        default = field.default
        if name == "models":
            parts.append(f"## The models\n\n{_said(type(default))}\n\n{_said(ModelSection)}\n")
            for role in type(default).model_fields:
                parts.append(f"### `[models.{role}]`\n\n{_table(ModelSection, getattr(default, role))}")
        elif name == "notify":
            parts.append(f"## `[notify.NAME]`\n\n{_said(ChannelSection)}\n\n{_table(ChannelSection, None)}")
        elif isinstance(default, BaseModel):
            parts.append(f"## `[{name}]`\n\n{_said(type(default))}\n\n{_table(type(default), default)}")
    return "\n".join(parts)


def _said(model: type[BaseModel]) -> str:
    return inspect.getdoc(model) or ""


def _table(model: type[BaseModel], given: BaseModel | None) -> str:
    lines = ["| key | kind | default | limits |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        default = "must be set" if field.is_required() else _shown(getattr(given, name) if given else field.default)
        limits = ", ".join(_limit(one) for one in field.metadata)
        lines.append(f"| `{field.alias or name}` | {_kind(field)} | {default} | {limits} |")
    return "\n".join(lines) + "\n"


def _kind(field: FieldInfo) -> str:
    said = field.annotation.__name__ if isinstance(field.annotation, type) else str(field.annotation)
    return f"`{said.replace('typing.', '')}`".replace("|", "or")


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"`{list(value) if isinstance(value, tuple) else repr(value)}`"


def _limit(rule: Any) -> str:
    for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"), ("min_length", "length ≥")):
        if hasattr(rule, name):
            return f"{sign} {getattr(rule, name)}"
    return "an http or https address" if getattr(rule, "pattern", "") else ""


def rulebook() -> str:
    """The shipped rulebook, whose comments say what each threshold is."""
    text = (files("policies") / "packs" / "rulebook.yaml").read_text(encoding="utf-8")
    said = "Override single values in `policies/rulebook.yaml` of a project; an unknown key is an error."
    return f"{MADE}\n# Rulebook\n\n{said}\n\n```yaml\n{text}```\n"


def packs() -> str:
    """The shipped guardrail packs as they are; what they mean is told in policies.md."""
    parts = [MADE, "# Guardrail packs\n", "How they are used and extended: [policies](../policies.md).\n"]
    folder = files("policies") / "packs"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml") and file.name != "rulebook.yaml":
            parts.append(f"## `{file.name.removesuffix('.yaml')}`\n\n```yaml\n{file.read_text(encoding='utf-8')}```\n")
    return "\n".join(parts)


def http_api() -> str:
    """Every operation of the OpenAPI document with its parameters, body and answers."""
    document = create_app(cast(Door, SimpleNamespace(names=(), body_limit=1))).openapi()
    parts = [
        MADE,
        "# HTTP API\n",
        "The whole document with every schema: `GET /openapi.json` of a running server. Tokens and roles, errors"
        " (problem documents, the same everywhere) and examples: [service](../service.md),"
        " [telemetry](../telemetry.md).\n",
    ]
    for path, operations in sorted(document["paths"].items()):
        for method, operation in operations.items():
            parts.append(_operation(method, path, operation))
    return "\n".join(parts)


def _operation(method: str, path: str, said: dict[str, Any]) -> str:
    lines = [f"## {method.upper()} `{path}`\n", f"{said.get('description') or said.get('summary', '')}\n"]
    for one in said.get("parameters", ()):
        needed = ", required" if one.get("required") else ""
        lines.append(f"- `{one['name']}` ({one['in']}{needed}): {_schema(one.get('schema', {}))}")
    for kind, body in said.get("requestBody", {}).get("content", {}).items():
        lines.append(f"- body `{kind}`: {_schema(body.get('schema', {}))}")
    good = {code: one for code, one in said["responses"].items() if code < "400"}
    lines.append("- answers: " + ", ".join(f"{code} {one['description']}" for code, one in good.items()))
    return "\n".join(lines) + "\n"


def _schema(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[1]}`"
    if "anyOf" in schema:
        return " or ".join(_schema(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_schema(schema.get('items', {}))}"
    return " ".join(str(schema[key]) for key in ("type", "format") if key in schema) or yaml.safe_dump(schema).strip()


PAGES = {"commands": commands, "settings": settings, "rulebook": rulebook, "packs": packs, "http-api": http_api}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
