"""A bundle file: its fields, and everything that has to hold before any of it is stored."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.entrypoints.rows import complaint
from library.errors import InputError
from library.prompts import Content, validate_config, validate_label, validate_name
from library.templates import validate_content
from tools.metrics.opening import open_metric


class Part(BaseModel):
    """Strict, without unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class BundleMessage(Part):
    """One message of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class BundleContent(Part):
    """What a version says; text or messages, as its kind wants."""

    kind: Literal["text", "chat"]
    format: Literal["mustache", "f-string"]
    config: dict[str, Any]
    text: str = ""
    messages: list[BundleMessage] = []


class BundleVersion(Part):
    """One version; the hash guards against a file that was changed by hand."""

    number: Annotated[int, Field(ge=1)]
    content: dict[str, Any]
    content_hash: str
    note: str = ""


class BundlePrompt(Part):
    """One prompt."""

    name: str
    description: str = ""
    metrics: Annotated[list[dict[str, Any]], Field(min_length=1)]
    labels: dict[str, int] = {}
    versions: Annotated[list[BundleVersion], Field(min_length=1)]


class Bundle(Part):
    """The whole file."""

    format: Literal["promptkeeper-bundle"]
    version: Literal[1]
    prompts: list[BundlePrompt]


def read_bundle(said: Any, place: str) -> list[BundlePrompt]:
    """The prompts of a bundle; InputError names what cannot be stored."""
    try:
        prompts = Bundle.model_validate(said).prompts
    except ValidationError as error:
        raise complaint(error, place) from error
    names = [prompt.name for prompt in prompts]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"prompt '{name}' is there twice", place, "Keep one of them.")
    for prompt in prompts:
        _check(prompt, f"{place}, {prompt.name}")
    return prompts


def _check(prompt: BundlePrompt, place: str) -> None:
    validate_name(prompt.name)
    for metric in prompt.metrics:
        open_metric(metric)
    for expected, version in enumerate(prompt.versions, 1):
        here = f"{place}@{version.number}"
        if version.number != expected:
            raise InputError(f"version {expected} is missing", place, "Number the versions 1, 2, 3 without gaps.")
        if _content(version.content, here).hash != version.content_hash:
            raise InputError("the content does not fit its content_hash", here, "Export the prompt again.")
        if expected > 1 and version.content_hash == prompt.versions[expected - 2].content_hash:
            raise InputError("it says the same as the version before", here, "Leave it out.")
    for label, number in prompt.labels.items():
        validate_label(label)
        if not 1 <= number <= len(prompt.versions):
            raise InputError(f"label '{label}' points at version {number}", place, "Point it at one that is there.")


def _content(said: dict[str, Any], place: str) -> Content:
    try:
        BundleContent.model_validate(said)
    except ValidationError as error:
        raise complaint(error, place) from error
    validate_config(said["config"], place)
    return validate_content(Content.from_json(said), place)
