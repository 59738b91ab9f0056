"""Opens metrics by their specification: a name and its parameters, as a prompt names them."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from library.errors import InputError
from library.prompts import canonical_json
from tools.metrics.bill import Cost, Latency
from tools.metrics.contains import Contains
from tools.metrics.exact_match import ExactMatch
from tools.metrics.function import Function
from tools.metrics.grounded_overlap import GroundedOverlap
from tools.metrics.json_fields import JsonFields
from tools.metrics.json_match import JsonMatch
from tools.metrics.json_schema import JsonSchema
from tools.metrics.judged import NAME as JUDGE
from tools.metrics.judged import Judged
from tools.metrics.judgement import Metric
from tools.metrics.length import Length
from tools.metrics.normalised_match import NormalisedMatch
from tools.metrics.number import Number
from tools.metrics.overlap import Bleu, Rouge
from tools.metrics.pattern import Regex
from tools.metrics.refusal import Answered
from tools.metrics.shape import SHARED, shaped
from tools.metrics.similarity import Similarity

_COMPARING = (ExactMatch, NormalisedMatch, Contains, Number, JsonMatch, JsonFields, Rouge, Bleu, Similarity)
_LOOKING = (Regex, JsonSchema, Length, Answered, GroundedOverlap, Latency, Cost, Function)
METRICS: Mapping[str, type[Any]] = types.MappingProxyType(
    {kind.name: kind for kind in (*_COMPARING, *_LOOKING)} | {JUDGE: Judged}
)
"""Every metric by its name."""

OFFLINE = frozenset({Latency.name, Cost.name, Function.name})
"""Metrics that no stored trace is judged by: the first two are trends of live traffic without any metric."""


def open_metric(spec: Mapping[str, Any], ready: Callable[[Metric], Metric] = lambda metric: metric) -> Metric:
    """The metric for a specification such as {"name": "regex", "pattern": "[a-z_]+", "match": "full"}.

    ready: connects a metric that needs a model or a process of its own (`with_judge`, `with_functions`).
    Strict: an unknown name or parameter, or a parameter of another type, is an InputError that lists what exists.
    """
    name = spec.get("name")
    kind = METRICS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InputError(f"there is no metric '{name}'", "metrics", f"Use one of {', '.join(sorted(METRICS))}.")
    share_of(spec, 1.0)
    known = [f.name for f in fields(kind)]
    given = {key: value for key, value in spec.items() if key in known or key not in {"name", *SHARED}}
    mend = f"It takes {', '.join(known)}." if known else "It takes no parameters."
    if unknown := [key for key in given if key not in known]:
        raise InputError(f"no parameter '{unknown[0]}'", f"metric {name}", mend)
    try:
        metric: Metric = TypeAdapter(kind).validate_json(canonical_json(given), strict=True)
    except ValidationError as error:
        fault = error.errors()[0]
        at = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"parameter '{at}': {fault['msg']}", f"metric {name}", mend) from error
    return shaped(ready(metric), spec)


def share_of(spec: Mapping[str, Any], otherwise: float) -> float:
    """The share of live traffic that a specification wants judged, else the other one; InputError outside [0, 1]."""
    share = spec.get("sample", otherwise)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 1.0:
        raise InputError(f"parameter 'sample' is {share!r}", f"metric {spec['name']}", "Give a share from 0 to 1.")
    return 0.0 if spec["name"] in OFFLINE else float(share)
