"""What a file of another tool carries: a version of a prompt, with whatever came along and whatever could not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from library.datasets import ItemRole
from library.errors import InputError
from library.prompts import CONFIG_TYPES, LATEST, Content, validate_config, validate_name
from library.templates import validate_content


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case that came with a prompt; role None means the library chooses."""

    inputs: Mapping[str, str]
    expected: str | None = None
    segment: str | None = None
    role: ItemRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One version on its way in or out.

    metrics: empty where the file says nothing. left_out: one line for each thing that the other side cannot hold.
    """

    name: str
    content: Content
    description: str = ""
    note: str = ""
    labels: tuple[str, ...] = ()
    number: int | None = None
    metrics: tuple[Mapping[str, Any], ...] = ()
    cases: tuple[Case, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file's text, and one line for each thing that it cannot hold."""

    text: str
    left_out: tuple[str, ...] = ()


def checked(carried: Carried, place: str) -> Carried:
    """The same, if its name is legal and its content can be stored; else InputError."""
    try:
        validate_name(carried.name)
    except InputError as error:
        raise InputError(f"'{carried.name}' cannot be a prompt's name", place, "Name it: --name NAME.") from error
    validate_config(carried.content.config, place)
    validate_content(carried.content, place)
    return carried


def settings(said: Mapping[str, Any], names: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The settings that may travel with a version, and a line for each other one.

    names: their spelling -> ours, where the two differ. Keys, addresses and headers are never taken.
    """
    taken: dict[str, Any] = {}
    left: list[str] = []
    for key, value in said.items():
        ours = names.get(key, key)
        if ours in CONFIG_TYPES and value is not None:
            taken[ours] = value
        elif value is not None:
            left.append(f"setting '{key}' has no place here")
    return taken, left


def movable(labels: object) -> tuple[str, ...]:
    """Labels that a person may set; `latest` is kept by every library itself."""
    return tuple(str(label) for label in labels if label != LATEST) if isinstance(labels, list) else ()


def mapping(said: object, field: str, place: str) -> dict[str, Any]:
    """A field that has to be a mapping; empty where it is missing."""
    if said is None:
        return {}
    if not isinstance(said, dict) or not all(isinstance(key, str) for key in said):
        raise InputError(f"field '{field}' is not a mapping", place, "Correct it.")
    return said
