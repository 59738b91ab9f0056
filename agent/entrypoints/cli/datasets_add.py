"""`datasets add`: test items from JSON lines, each with a role that says who may see it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import click
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.reading import rows
from agent.entrypoints.rows import Row, as_text, as_texts, complaint, parse_row
from library.datasets import HARVEST, Item, ItemRole, RoleChoice, item_id, normalised, role_for
from library.errors import InputError
from library.prompts import LATEST, NAME_SEGMENT, Version
from library.templates import variables

CHOICES = ("learn", "select", "gate", "anchor", "auto")
SHOWN_TO_NO_TEACHER = frozenset({"select", "gate", "anchor"})


class ItemRow(BaseModel):
    """A line of the file; other fields are ignored, so that an export of traces can be used as it is."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    inputs: dict[str, JsonValue]
    expected: JsonValue = None
    segment: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    tags: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where items go: the prompt, its variables, and the roles its texts have already."""

    prompt: str
    dataset: str
    role: RoleChoice
    variables: tuple[str, ...]
    groups: Mapping[str, ItemRole]
    at: datetime


@click.command()
@click.argument("name")
@click.argument("dataset")
@click.argument("file")
@click.option(
    "--role",
    type=click.Choice(CHOICES),
    default="auto",
    show_default=True,
    help="Who may see the items; auto gives 40 % learn, 30 % select, 30 % gate by a stable hash of the text.",
)
@with_json
def command(name: str, dataset: str, file: str, role: RoleChoice, as_json: bool) -> None:
    """Add FILE, JSON lines of {inputs, expected?, segment?, tags?}, to DATASET of prompt NAME.

    A text that another item of the prompt has already keeps that item's role; a text that no teacher may see cannot
    be added as learn. A mistake anywhere adds nothing.
    """
    if not NAME_SEGMENT.fullmatch(dataset):
        raise InputError(f"'{dataset}' is no dataset name", name, "Use lower-case letters, digits, '_', '.', '-'.")
    if dataset == HARVEST:
        raise InputError(f"'{HARVEST}' is where items of incidents go", name, "Choose another name.")
    with opened() as project:
        library = project.library
        version = library.prompts.labelled(name, LATEST)
        target = Target(
            prompt=name,
            dataset=dataset,
            role=role,
            variables=variables(version.content),
            groups=library.datasets.groups(name),
            at=now(),
        )
        items = [_item(row, target) for row in rows(file)]
        added = library.datasets.add(items)
    kept = sum(role not in {"auto", item.role} for item in items)
    roles = Counter(item.role for item in {item.id: item for item in items}.values())
    document = {
        "prompt": name,
        "dataset": dataset,
        "read": len(items),
        "added": added,
        "skipped": len(items) - added,
        "kept_role": kept,
        "roles": dict(sorted(roles.items())),
    }
    emit(as_json, document, lambda: _said(document))


def read_item(row: Row, version: Version, at: datetime) -> Item:
    """A line as a test item for this version, in no dataset and of the role that its text gives."""
    fields = variables(version.content)
    return _item(row, Target(prompt=version.prompt, dataset="", role="auto", variables=fields, groups={}, at=at))


def _item(row: Row, target: Target) -> Item:
    said = _parse(row)
    inputs = as_texts(said.inputs)
    _check_variables(inputs, target, row.place)
    group = normalised(inputs)
    return Item(
        id=item_id(target.prompt, target.dataset, inputs),
        prompt=target.prompt,
        dataset=target.dataset,
        role=_role(group, target, row.place),
        inputs=inputs,
        expected=None if said.expected is None else as_text(said.expected),
        segment=said.segment,
        tags=tuple(said.tags),
        group=group,
        created_at=target.at,
    )


def _parse(row: Row) -> ItemRow:
    said = parse_row(row)
    try:
        return ItemRow.model_validate(said)
    except ValidationError as error:
        raise complaint(error, row.place) from error


def _check_variables(inputs: Mapping[str, str], target: Target, place: str) -> None:
    missing = [name for name in target.variables if name not in inputs]
    unknown = [name for name in inputs if name not in target.variables]
    if missing or unknown:
        parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown)}"] * bool(unknown)
        takes = ", ".join(target.variables) or "none"
        raise InputError(f"inputs: {'; '.join(parts)}", place, f"'{target.prompt}' takes {takes}.")


def _role(group: str, target: Target, place: str) -> ItemRole:
    known = target.groups.get(group)
    if known is None:
        return role_for(target.prompt, group) if target.role == "auto" else target.role
    if target.role == "learn" and known in SHOWN_TO_NO_TEACHER:
        raise InputError(
            f"this text is a {known} item already, which no teacher may read",
            place,
            "Leave it out, or use --role auto.",
        )
    return known


def _said(document: Mapping[str, object]) -> str:
    roles = document["roles"]
    counts = ", ".join(f"{n} {role}" for role, n in roles.items()) if isinstance(roles, dict) else ""
    lines = [f"{document['prompt']}, {document['dataset']}: {document['added']} of {document['read']} items added"]
    if counts:
        lines.append(f"roles: {counts}")
    if document["skipped"]:
        lines.append(f"{document['skipped']} were there already")
    if document["kept_role"]:
        lines.append(f"{document['kept_role']} keep the role that their text has in another item")
    return "\n".join(lines)
