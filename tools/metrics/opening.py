"""Opens metrics by their specification: a name and its parameters, as a prompt names them."""

import types
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from library.errors import InputError
from library.prompts import canonical_json
from tools.metrics.contains import Contains
from tools.metrics.exact_match import ExactMatch
from tools.metrics.json_match import JsonMatch
from tools.metrics.json_schema import JsonSchema
from tools.metrics.judgement import Metric
from tools.metrics.length import Length
from tools.metrics.pattern import Regex
from tools.metrics.refusal import Answered

METRICS: Mapping[str, type[Any]] = types.MappingProxyType(
    {kind.name: kind for kind in (ExactMatch, Contains, Regex, JsonSchema, JsonMatch, Length, Answered)}
)
"""Every metric by its name."""


def open_metric(spec: Mapping[str, Any]) -> Metric:
    """The metric for a specification such as {"name": "regex", "pattern": "[a-z_]+", "match": "full"}.

    Strict: an unknown name or parameter, or a parameter of another type, is an InputError that lists what exists.
    """
    name = spec.get("name")
    kind = METRICS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InputError(f"there is no metric '{name}'", "metrics", f"Use one of {', '.join(sorted(METRICS))}.")
    given = {key: value for key, value in spec.items() if key != "name"}
    known = [f.name for f in fields(kind)]
    mend = f"It takes {', '.join(known)}." if known else "It takes no parameters."
    if unknown := [key for key in given if key not in known]:
        raise InputError(f"no parameter '{unknown[0]}'", f"metric {name}", mend)
    try:
        metric: Metric = TypeAdapter(kind).validate_json(canonical_json(given), strict=True)
    except ValidationError as error:
        fault = error.errors()[0]
        at = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"parameter '{at}': {fault['msg']}", f"metric {name}", mend) from error
    return metric
