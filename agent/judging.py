"""A prompt's metrics, ready to judge: those that need a model with the judge behind them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from agent.services import Services
from library.calls import Caps
from library.prompts import Prompt
from policies.redaction import redact
from tools.judge import Judging, with_judge
from tools.metrics.judgement import Metric
from tools.metrics.opening import open_metric


def metric_for(services: Services, prompt: Prompt, spec: Mapping[str, Any], *, scope: str, caps: Caps) -> Metric:
    """A metric of a prompt. Where no judge is set, one that needs it raises InputError when it is used."""
    return with_judge(open_metric(spec), judging_of(services, prompt, scope=scope, caps=caps))


def judging_of(services: Services, prompt: Prompt, *, scope: str, caps: Caps) -> Judging | None:
    """How the judge is asked about answers of this prompt; None where no judge is set."""
    if services.judge is None:
        return None
    rules = services.rulebook.online
    return Judging(
        model=services.judge,
        instructions=_instructions(),
        task=prompt.description,
        clean=redact,
        scope=scope,
        caps=caps,
        field=rules.field_characters,
        request=rules.request_characters,
        bad_answers=rules.bad_answers,
    )


@cache
def _instructions() -> str:
    return (files("agent.teacher") / "judge.md").read_text(encoding="utf-8").strip()
