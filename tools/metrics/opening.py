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
from tools.metrics.judged import NAME as JUDGE
from tools.metrics.judged import Judged
from tools.metrics.judgement import Metric
from tools.metrics.length import Length
from tools.metrics.pattern import Regex
from tools.metrics.refusal import Answered

METRICS: Mapping[str, type[Any]] = types.MappingProxyType(
    {kind.name: kind for kind in (ExactMatch, Contains, Regex, JsonSchema, JsonMatch, Length, Answered)}
    | {JUDGE: Judged}
)
"""Every metric by its name."""

SAMPLE = "sample"
"""Beside the metric's own parameters: the share of live traffic that online evaluation judges by it."""


def open_metric(spec: Mapping[str, Any]) -> Metric:
    """The metric for a specification such as {"name": "regex", "pattern": "[a-z_]+", "match": "full"}.

    Strict: an unknown name or parameter, or a parameter of another type, is an InputError that lists what exists.
    """
    name = spec.get("name")
    kind = METRICS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InputError(f"there is no metric '{name}'", "metrics", f"Use one of {', '.join(sorted(METRICS))}.")
    share_of(spec, 1.0)
    given = {key: value for key, value in spec.items() if key not in {"name", SAMPLE}}
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


def share_of(spec: Mapping[str, Any], otherwise: float) -> float:
    """The share of live traffic that a specification wants judged, else the other one; InputError outside [0, 1]."""
    share = spec.get(SAMPLE, otherwise)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 1.0:
        raise InputError(f"parameter '{SAMPLE}' is {share!r}", f"metric {spec['name']}", "Give a share from 0 to 1.")
    return float(share)
