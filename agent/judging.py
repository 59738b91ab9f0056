"""A prompt's metrics, ready to judge: with the judge or the process behind them that some of them need."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from agent.services import Services
from library.calls import Caps
from library.prompts import Prompt
from policies.redaction import redact
from tools.judge import Judging, with_judge
from tools.metrics.function import with_functions
from tools.metrics.judged import Judged, without_judge
from tools.metrics.judgement import Metric
from tools.metrics.opening import open_metric
from tools.metrics.shape import Panel, panel_of


def metric_for(services: Services, prompt: Prompt, spec: Mapping[str, Any], *, scope: str, caps: Caps) -> Metric:
    """A metric of a prompt. Where no judge is set, one that needs it raises InputError when it is used."""
    judging = judging_of(services, prompt, scope=scope, caps=caps)
    return open_metric(spec, lambda metric: with_functions(with_judge(metric, judging), services.functions))


def panel_for(
    services: Services, prompt: Prompt, specs: Sequence[Mapping[str, Any]], *, scope: str, caps: Caps
) -> Panel:
    """Several metrics of a prompt and what each counts for: `evaluate` takes the panel's metrics and weights.

    InputError, before anything is paid for, where one of them needs a judge and none is set.
    """
    metrics = [metric_for(services, prompt, spec, scope=scope, caps=caps) for spec in specs]
    for metric in metrics:
        if isinstance(metric, Judged):
            raise without_judge(metric.name)
    return panel_of(specs, metrics)


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
