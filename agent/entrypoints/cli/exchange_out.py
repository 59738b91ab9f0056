"""The library into files of other tools: what `prompts export --format` does for all formats but the bundle."""

import json
from collections.abc import Sequence

from agent.entrypoints.cli.opening import Opened
from library.errors import InputError
from library.exchange import dotprompt, langfuse, mlflow, prompty
from library.exchange.carried import Carried, Case, Written
from library.prompts import LATEST, PRODUCTION, Version
from library.templates import protected_spans


def export_text(project: Opened, names: Sequence[str], file_format: str, path: str) -> tuple[Written, list[str]]:
    """The text of the file, and the names of the prompts in it.

    langfuse, mlflow: all versions of the prompts named, or of all; the others: the one version that is named.
    """
    if file_format in {"langfuse", "mlflow"}:
        listed = list(names) or [prompt.name for prompt in project.library.prompts.list()]
        versions = [one for name in listed for one in _all_versions(project, name)]
        document = (langfuse.write if file_format == "langfuse" else mlflow.write)(versions, path)
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        return Written(text=text, left_out=tuple(_marks([one.content.full_text for one in versions]))), listed
    if len(names) != 1:
        raise InputError(f"--format {file_format} holds one prompt", path, "Name one: NAME, NAME@3 or NAME:label.")
    carried = _one(project, named(project, names[0]))
    if file_format == "promptfoo":
        from library.exchange import promptfoo

        written = promptfoo.write(carried, path)
    else:
        written = (prompty.write if file_format == "prompty" else dotprompt.write)(carried, path)
    left = (*written.left_out, *_marks([carried.content.full_text]))
    return Written(text=written.text, left_out=left), [carried.name]


def named(project: Opened, reference: str) -> Version:
    """The version that a reference means; NAME alone means production, or the latest where nothing is released."""
    prompt = project.library.prompts.find(reference)
    label = PRODUCTION if prompt is None or PRODUCTION in prompt.labels else LATEST
    return project.library.prompts.resolve(reference, default_label=label)


def _all_versions(project: Opened, name: str) -> list[Carried]:
    prompt = project.library.prompts.get(name)
    return [
        Carried(
            name=name,
            description=prompt.description,
            content=v.content,
            note=v.note,
            labels=tuple(sorted(label for label, at in prompt.labels.items() if at == v.number)),
            number=v.number,
        )
        for v in project.library.prompts.versions(name)
    ]


def _one(project: Opened, version: Version) -> Carried:
    prompt = project.library.prompts.get(version.prompt)
    return Carried(
        name=prompt.name,
        description=prompt.description,
        content=version.content,
        number=version.number,
        metrics=prompt.metrics,
        cases=tuple(
            Case(inputs=item.inputs, expected=item.expected, segment=item.segment, role=item.role)
            for item in project.library.datasets.items(prompt.name)
        ),
    )


def _marks(texts: Sequence[str]) -> list[str]:
    if any(protected_spans(text) for text in texts):
        return ["[[protect:…]] marks stay in the text: other tools send them to the model"]
    return []
