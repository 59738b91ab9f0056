"""Metric `json_schema`: the answer is JSON that a schema accepts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, failed, misformatted, revision_of, right
from tools.structured import read_json, unfenced


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema:
    """1 when the answer is one JSON value that fits the schema; else a format error.

    fenced: accept a code fence around the answer. References are looked up inside the schema only; none is fetched.
    """

    schema: dict[str, Any]
    fenced: bool = False

    name = "json_schema"
    needs_expected = False

    def __post_init__(self) -> None:
        try:
            validator_for(self.schema, default=jsonschema.Draft202012Validator).check_schema(self.schema)
        except jsonschema.SchemaError as error:
            raise InputError(
                f"the schema is not valid ({error.message})", "metric json_schema", "Correct it."
            ) from error
        for reference in _references(self.schema):
            if not reference.startswith("#"):
                raise InputError(
                    f"the schema refers to '{reference}', and nothing is fetched",
                    "metric json_schema",
                    "Put the schema referred to under $defs and refer to '#/$defs/…'.",
                )

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Read the answer and hold it against the schema."""
        try:
            said = read_json(unfenced(output) if self.fenced else output)
        except ValueError as error:
            return misformatted(f"the answer is not JSON ({error})")
        try:
            fault = jsonschema.exceptions.best_match(self._validator().iter_errors(said))
        except Unresolvable as error:
            return failed(f"the schema refers to what it does not hold ({error})")
        except RecursionError:
            return failed("the schema and the answer are nested too deeply")
        return right("fits the schema") if fault is None else misformatted(f"{fault.json_path}: {fault.message}"[:300])

    def _validator(self) -> Any:
        return validator_for(self.schema, default=jsonschema.Draft202012Validator)(self.schema, registry=Registry())


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(value, str):
                yield value
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
