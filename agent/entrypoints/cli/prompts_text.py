"""`prompts diff` and `render`: what a version says."""

import difflib

import click

from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import emit, harmless, with_json
from library.errors import InputError
from library.prompts import Content, canonical_json
from library.templates import render


@click.command("diff")
@click.argument("name")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@with_json
def diff_command(name: str, a: str, b: str, as_json: bool) -> None:
    """Show what changed from A to B, each a version number or a label, as a unified diff."""
    with opened() as project:
        before, after = (project.library.prompts.resolve(reference(name, word)) for word in (a, b))
    lines = list(
        difflib.unified_diff(
            spelt(before.content),
            spelt(after.content),
            fromfile=f"{name}@{before.number}",
            tofile=f"{name}@{after.number}",
            lineterm="",
        )
    )
    text = "\n".join(lines)
    document = {"name": name, "from": before.number, "to": after.number, "same": not lines, "diff": text}
    emit(as_json, document, lambda: harmless(text) if lines else "no difference")


def reference(name: str, word: str) -> str:
    """The reference of a version from the way people name it: `3`, `@3`, `staging`, `:staging`."""
    bare = word.lstrip("@:") if word[:1] in {"@", ":"} else word
    if not bare:
        raise InputError(f"'{word}' does not name a version", name, "Use a version number or a label.")
    return f"{name}@{bare}" if bare.isdigit() and not word.startswith(":") else f"{name}:{bare}"


def spelt(content: Content) -> list[str]:
    """A version as lines to compare: format and settings only where they are not the plain ones, then the text."""
    head = [f"config: {canonical_json(dict(content.config))}"] if content.config else []
    if content.format != "mustache":
        head.insert(0, f"format: {content.format}")
    if content.kind == "text":
        return [*head, *content.text.splitlines()]
    return [*head, *(line for m in content.messages for line in (f"[{m.role}]", *m.content.splitlines()))]


@click.command("render")
@click.argument("wanted", metavar="NAME[@VERSION|:LABEL]")
@click.option("--var", "pairs", metavar="K=V", multiple=True, help="Value of a variable; repeat it for each one.")
@with_json
def render_command(wanted: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Fill the variables of a version and print what the model would get."""
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"'{pair}' is not a variable with its value", "--var", "Write --var name=value.")
        if key in values:
            raise InputError(f"variable '{key}' is given twice", "--var", "Give it once.")
        values[key] = value
    with opened() as project:
        version = project.library.prompts.resolve(wanted)
    messages = render(version.content, values, f"{version.prompt}@{version.number}")
    document = {"name": version.prompt, "version": version.number, "messages": messages}
    if version.content.kind == "text":
        emit(as_json, document, messages[0].content)
        return
    emit(as_json, document, "\n\n".join(f"[{m.role}]\n{m.content}" for m in messages))
