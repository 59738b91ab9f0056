"""Plain texts and batch rows as subjects: what `promptkeeper check` and the self-test feed the engine."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from library.errors import InputError
from library.prompts import TEXT_LIMIT, Content
from policies.guardrails.subject import Subject
from policies.guardrails.variables import guess_format

Prompt = Annotated[str, Field(max_length=TEXT_LIMIT)]


class BatchRow(BaseModel):
    """One line of a batch; unknown keys are ignored, so that labelled corpora can be fed as they are."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    current: Prompt
    candidate: Prompt
    protected_clauses: tuple[str, ...] | None = None
    variables: tuple[str, ...] | None = None
    metadata: dict[str, Any] = {}


def read_row(line: str, place: str) -> BatchRow:
    """A batch line; InputError names place and key."""
    try:
        return BatchRow.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(k) for k in first["loc"])
        thing = f"key '{key}': {first['msg']}" if key else first["msg"]
        raise InputError(
            thing, place, "A row is {id, current, candidate, protected_clauses?, variables?, metadata?}."
        ) from error


def row_subject(row: BatchRow) -> Subject:
    """A batch row as a subject."""
    return plain_subject(row.current, row.candidate, row.metadata, row.protected_clauses, row.variables)


def plain_subject(
    current: str,
    candidate: str,
    metadata: Mapping[str, Any] | None = None,
    protected_clauses: tuple[str, ...] | None = None,
    variables: tuple[str, ...] | None = None,
) -> Subject:
    """Two plain texts; the template format is guessed from the current one."""
    template_format = guess_format(current)
    return Subject(
        current=Content(format=template_format, text=current),
        candidate=Content(format=template_format, text=candidate),
        protected_clauses=protected_clauses,
        variables=variables,
        metadata=metadata or {},
        strict_templates=False,
    )
