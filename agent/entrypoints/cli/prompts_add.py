"""`prompts add`: a new prompt, or a new version of one, from a file."""

from dataclasses import replace
from typing import Any

import click

from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.reading import read_text
from agent.entrypoints.rows import parse_json
from library.errors import InputError
from library.prompts import Content, Format, Message, Prompt, validate_config, validate_label, validate_name
from library.templates import validate_content, variables

ROLES = ("system", "user", "assistant")


@click.command()
@click.argument("name")
@click.argument("file")
@click.option("--chat", is_flag=True, help='FILE is JSON: [{"role": "system", "content": "…"}, …].')
@click.option("--format", "template_format", type=click.Choice(["mustache", "f-string"]), help="{{name}} or {name}.")
@click.option("--description", metavar="T", help="What the prompt is for.")
@click.option("--config", metavar="JSON", help='Model settings that travel with the version: {"temperature": 0}.')
@click.option("--label", metavar="L", help="Point this label at the new version.")
@click.option(
    "--metric", "metrics", metavar="M", multiple=True, help="How answers are judged: a name or a JSON object."
)
@with_json
def command(
    name: str,
    file: str,
    chat: bool,
    template_format: Format | None,
    description: str | None,
    config: str | None,
    label: str | None,
    metrics: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add FILE as prompt NAME, or as its next version; `-` reads standard input.

    The text is kept exactly as it is. A new version keeps the format and the config of the version before unless
    they are given. Nothing is stored unless everything is right.
    """
    validate_name(name)
    if label is not None:
        validate_label(label)
    chosen = _metrics(metrics)
    text = read_text(file)
    settings = None if config is None else _config(config)
    with opened() as project:
        before = _latest(project, name)
        content = _content(
            text,
            file,
            chat=chat,
            template_format=template_format or (before.format if before else "mustache"),
            config=settings if settings is not None else dict(before.config) if before else {},
        )
        document = _store(project, name, content, description=description, metrics=chosen, label=label)
    emit(as_json, document, lambda: _said(document))
    _hint(content)


def _latest(project: Opened, name: str) -> Content | None:
    prompt = project.library.prompts.find(name)
    if prompt is None or prompt.latest is None:
        return None
    return project.library.prompts.version(name, prompt.latest).content


def _store(
    project: Opened,
    name: str,
    content: Content,
    *,
    description: str | None,
    metrics: list[dict[str, Any]],
    label: str | None,
) -> dict[str, Any]:
    prompts, who, at = project.library.prompts, actor(), now()
    known = prompts.find(name)
    if known is None:
        more: dict[str, Any] = {"metrics": tuple(metrics)} if metrics else {}
        known = prompts.create(name, description=description or "", actor=who, now=at, **more)
    elif description is not None or metrics:
        known = prompts.describe(name, description=description, metrics=tuple(metrics) or None)
    version = prompts.add_version(name, content, actor=who, now=at)
    if label is not None and known.labels.get(label) != version.number:
        expected = known.labels.get(label)
        prompts.move_label(name, label, version.number, expected=expected, actor=who, reason="prompts add", now=at)
    stored: Prompt = prompts.get(name)
    return {
        "name": name,
        "version": version.number,
        "added": version.number != known.latest,
        "content_hash": version.content_hash,
        "variables": variables(content),
        "labels": stored.labels,
        "metrics": stored.metrics,
    }


def _content(text: str, file: str, *, chat: bool, template_format: Format, config: dict[str, Any]) -> Content:
    place = "standard input" if file == "-" else file
    if chat:
        messages = _messages(parse_json(text, place), place)
        content = Content(kind="chat", format=template_format, messages=messages, config=config)
    else:
        content = Content(kind="text", format=template_format, text=text, config=config)
    return validate_content(content, place)


def _messages(said: Any, place: str) -> tuple[Message, ...]:
    mend = 'Write [{"role": "system", "content": "…"}, …].'
    if not isinstance(said, list) or not said:
        raise InputError("not a list of messages", place, mend)
    messages = []
    for number, one in enumerate(said, 1):
        if not isinstance(one, dict) or set(one) != {"role", "content"} or not isinstance(one["content"], str):
            raise InputError(f"message {number} is not a role with its content", place, mend)
        if one["role"] not in ROLES:
            raise InputError(f"message {number} has the role {one['role']!r}", place, f"Use {', '.join(ROLES)}.")
        messages.append(Message(role=one["role"], content=one["content"]))
    return tuple(messages)


def _config(text: str) -> dict[str, Any]:
    said = parse_json(text, "--config")
    if not isinstance(said, dict):
        raise InputError("not a JSON object", "--config", 'Write {"temperature": 0}.')
    return validate_config(said, "--config")


def _metrics(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    if not texts:
        return []
    from tools.metrics.opening import open_metric
    from tools.metrics.shape import panel_of

    specs = [_metric(text) for text in texts]
    panel_of(specs, [open_metric(spec) for spec in specs])
    return specs


def _metric(text: str) -> dict[str, Any]:
    said = parse_json(text, "--metric") if text.lstrip().startswith("{") else {"name": text}
    if not isinstance(said.get("name"), str) or not said["name"]:
        raise InputError("a metric without a name", "--metric", 'Write a name, or {"name": "regex", …}.')
    return dict(said)


def _said(document: dict[str, Any]) -> str:
    name, number = document["name"], document["version"]
    lines = [f"{name}: version {number} {'added' if document['added'] else 'says exactly this already'}"]
    pointing = sorted(label for label, at in document["labels"].items() if at == number)
    if pointing:
        lines.append(f"labels: {', '.join(pointing)}")
    else:
        lines.append(f"no label points at it; to release it: promptkeeper prompts label {name} production {number}")
    return "\n".join(lines)


def _hint(content: Content) -> None:
    """Say it when a text without variables would have some in the other format: most likely a wrong --format."""
    if variables(content) or content.format != "mustache":
        return
    try:
        found = variables(replace(content, format="f-string"))
    except InputError:
        return
    if found:
        click.echo(f"note: {{{found[0]}}} is plain text here; if it is a variable, add --format f-string", err=True)
