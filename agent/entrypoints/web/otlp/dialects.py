"""Which attribute means what, as data. Six conventions say the same things in different words, and all change.

The order of DIALECTS is the precedence: our own names, what a vendor's library says on purpose, the OpenTelemetry
conventions for generative AI (current, then older names), OpenInference, and names that anybody uses.

Sources: OpenTelemetry semantic conventions for GenAI; OpenInference specification; the attribute modules of the
Langfuse, Traceloop and litellm packages.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from agent.entrypoints.web.otlp import values

Field = Literal[
    "kind", "prompt", "version", "label", "arm", "segment", "variables", "input", "output", "expected", "model",
    "response_model", "tokens_in", "tokens_out", "cost", "session", "finish_reason", "error_type", "error_message",
]  # fmt: skip
Dialect = Literal[
    "promptkeeper", "langfuse", "traceloop", "litellm", "gen_ai", "gen_ai (older)", "openinference", "any"
]

DIALECTS: tuple[Dialect, ...] = (
    "promptkeeper", "langfuse", "traceloop", "litellm", "gen_ai", "gen_ai (older)", "openinference", "any",
)  # fmt: skip

REGISTRIES: frozenset[Dialect] = frozenset({"langfuse", "traceloop"})
"""Conventions of products with prompts of their own: their version numbers count only beside their prompt names."""

Reader = Callable[[Any], Any]


class Source(NamedTuple):
    """One place where a field may stand. part: the entry, where the attribute holds a map or the JSON of one.

    An attribute that ends in `.` is a prefix: what follows is a variable's name, or the number of a message.
    """

    field: Field
    dialect: Dialect
    attribute: str
    read: Reader = values.text
    part: str = ""


GENERATIONS: Mapping[str, frozenset[str]] = {
    "langfuse.observation.type": frozenset({"generation"}),
    "gen_ai.operation.name": frozenset(
        {"chat", "text_completion", "generate_content", "completion", "acompletion", "atext_completion", "responses",
         "aresponses", "message", "messages", "anthropic_messages", "generate_text", "stream_text"}
    ),
    "llm.request.type": frozenset({"chat", "completion", "acompletion"}),
    "openinference.span.kind": frozenset({"LLM"}),
    "traceloop.span.kind": frozenset(),
}  # fmt: skip
"""Values by attribute which say that a span is one call of a language model; any other value says that it is not."""

SOURCES: tuple[Source, ...] = (
    Source("kind", "langfuse", "langfuse.observation.type"),
    Source("kind", "traceloop", "traceloop.span.kind"),
    Source("kind", "gen_ai", "gen_ai.operation.name"),
    Source("kind", "gen_ai (older)", "llm.request.type"),
    Source("kind", "openinference", "openinference.span.kind"),
    Source("prompt", "promptkeeper", "promptkeeper.prompt.name"),
    Source("prompt", "langfuse", "langfuse.observation.prompt.name"),
    Source("prompt", "traceloop", "traceloop.prompt.key"),
    Source("prompt", "litellm", "litellm.metadata.prompt_name"),
    Source("prompt", "litellm", "metadata.requester_metadata", part="prompt_name"),
    Source("prompt", "gen_ai", "gen_ai.prompt.name"),
    Source("prompt", "openinference", "prompt.id"),
    Source("prompt", "any", "metadata", part="prompt_name"),
    Source("version", "promptkeeper", "promptkeeper.prompt.version"),
    Source("version", "langfuse", "langfuse.observation.prompt.version"),
    Source("version", "traceloop", "traceloop.prompt.version"),
    Source("version", "litellm", "litellm.metadata.prompt_version"),
    Source("version", "litellm", "metadata.requester_metadata", part="prompt_version"),
    Source("version", "gen_ai", "gen_ai.prompt.version"),
    Source("version", "openinference", "llm.prompt_template.version"),
    Source("version", "any", "metadata", part="prompt_version"),
    Source("label", "promptkeeper", "promptkeeper.prompt.label"),
    Source("label", "litellm", "litellm.metadata.prompt_label"),
    Source("label", "litellm", "metadata.requester_metadata", part="prompt_label"),
    Source("label", "any", "metadata", part="prompt_label"),
    Source("arm", "promptkeeper", "promptkeeper.canary.arm"),
    Source("arm", "langfuse", "langfuse.observation.metadata.canary_arm", values.unquoted),
    Source("arm", "litellm", "litellm.metadata.canary_arm"),
    Source("arm", "litellm", "metadata.requester_metadata", part="canary_arm"),
    Source("arm", "any", "metadata", part="canary_arm"),
    Source("segment", "promptkeeper", "promptkeeper.segment"),
    Source("segment", "langfuse", "langfuse.observation.metadata.segment", values.unquoted),
    Source("segment", "litellm", "litellm.metadata.segment"),
    Source("segment", "litellm", "metadata.requester_metadata", part="segment"),
    Source("segment", "any", "metadata", part="segment"),
    Source("variables", "promptkeeper", "promptkeeper.prompt.variable.", values.any_value),
    Source("variables", "traceloop", "traceloop.prompt.template_variables.", values.any_value),
    Source("variables", "traceloop", "traceloop.prompt.template_variables", values.mapping),
    Source("variables", "litellm", "metadata.requester_metadata", values.mapping, part="variables"),
    Source("variables", "gen_ai", "gen_ai.prompt.variable.", values.any_value),
    Source("variables", "openinference", "llm.prompt_template.variables", values.mapping),
    Source("variables", "any", "metadata", values.mapping, part="variables"),
    Source("input", "promptkeeper", "promptkeeper.input", values.any_value),
    Source("input", "langfuse", "langfuse.observation.input", values.any_value),
    Source("input", "gen_ai", "gen_ai.input.messages", values.any_value),
    Source("input", "gen_ai (older)", "gen_ai.prompt."),
    Source("input", "gen_ai (older)", "gen_ai.prompt", values.any_value),
    Source("input", "openinference", "llm.input_messages."),
    Source("input", "any", "input.value", values.any_value),
    Source("output", "promptkeeper", "promptkeeper.output", values.any_value),
    Source("output", "langfuse", "langfuse.observation.output", values.any_value),
    Source("output", "gen_ai", "gen_ai.output.messages", values.any_value),
    Source("output", "gen_ai (older)", "gen_ai.completion."),
    Source("output", "gen_ai (older)", "gen_ai.completion", values.any_value),
    Source("output", "openinference", "llm.output_messages."),
    Source("output", "any", "output.value", values.any_value),
    Source("expected", "promptkeeper", "promptkeeper.expected"),
    Source("model", "langfuse", "langfuse.observation.model.name"),
    Source("model", "gen_ai", "gen_ai.request.model"),
    Source("model", "openinference", "llm.request.model_name"),
    Source("model", "openinference", "llm.model_name"),
    Source("response_model", "gen_ai", "gen_ai.response.model"),
    Source("response_model", "openinference", "llm.response.model_name"),
    Source("tokens_in", "langfuse", "langfuse.observation.usage_details", values.count, part="input"),
    Source("tokens_in", "gen_ai", "gen_ai.usage.input_tokens", values.count),
    Source("tokens_in", "gen_ai (older)", "gen_ai.usage.prompt_tokens", values.count),
    Source("tokens_in", "openinference", "llm.token_count.prompt", values.count),
    Source("tokens_out", "langfuse", "langfuse.observation.usage_details", values.count, part="output"),
    Source("tokens_out", "gen_ai", "gen_ai.usage.output_tokens", values.count),
    Source("tokens_out", "gen_ai (older)", "gen_ai.usage.completion_tokens", values.count),
    Source("tokens_out", "openinference", "llm.token_count.completion", values.count),
    Source("cost", "promptkeeper", "promptkeeper.cost", values.amount),
    Source("cost", "langfuse", "langfuse.observation.cost_details", values.total),
    Source("cost", "litellm", "litellm.cost.total", values.known_amount),
    Source("cost", "litellm", "gen_ai.cost.total_cost", values.known_amount),
    Source("cost", "gen_ai (older)", "gen_ai.usage.cost", values.amount),
    Source("cost", "openinference", "llm.cost.total", values.amount),
    Source("session", "promptkeeper", "promptkeeper.session"),
    Source("session", "langfuse", "langfuse.session.id"),
    Source("session", "litellm", "metadata.requester_metadata", part="session_id"),
    Source("session", "gen_ai", "gen_ai.conversation.id"),
    Source("session", "any", "session.id"),
    Source("finish_reason", "gen_ai", "gen_ai.response.finish_reasons", values.finish),
    Source("finish_reason", "gen_ai (older)", "gen_ai.response.finish_reason", values.finish),
    Source("finish_reason", "gen_ai (older)", "llm.response.finish_reason", values.finish),
    Source("finish_reason", "openinference", "llm.finish_reason", values.finish),
    Source("error_type", "gen_ai", "error.type"),
    Source("error_type", "any", "exception.type"),
    Source("error_message", "langfuse", "langfuse.observation.status_message"),
    Source("error_message", "litellm", "error.message"),
    Source("error_message", "any", "exception.message"),
)
"""Every place that is looked at. Within a field the first that holds a value counts."""

CONTENT_EVENTS: Mapping[str, tuple[Field, str]] = {
    "gen_ai.system.message": ("input", "system"),
    "gen_ai.user.message": ("input", "user"),
    "gen_ai.assistant.message": ("input", "assistant"),
    "gen_ai.tool.message": ("input", "tool"),
    "gen_ai.choice": ("output", "assistant"),
}
"""Events of a span that are one message each (older conventions), with the role where the event names none."""

DETAIL_EVENTS = frozenset(
    {"gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion"}
)
"""Events of a span whose attributes are read as if they stood on the span."""

FAILURES: Mapping[str, frozenset[str]] = {"langfuse.observation.level": frozenset({"ERROR"})}
"""Values by attribute which say that the call failed, beside the span's status and `error.type`."""

EXCEPTION = "exception"
EVALUATION = "gen_ai.evaluation.result"


class Judged(NamedTuple):
    """Where an evaluation event says something."""

    what: Literal["name", "value", "label", "comment", "evaluator", "revision", "source", "failed"]
    attribute: str
    read: Reader = values.text


JUDGEMENTS: tuple[Judged, ...] = (
    Judged("name", "gen_ai.evaluation.name"),
    Judged("value", "gen_ai.evaluation.score.value", values.any_value),
    Judged("label", "gen_ai.evaluation.score.label"),
    Judged("comment", "gen_ai.evaluation.explanation"),
    Judged("evaluator", "promptkeeper.evaluator.id"),
    Judged("revision", "promptkeeper.evaluator.revision"),
    Judged("source", "promptkeeper.score.source"),
    Judged("failed", "error.type"),
)

LABELS: Mapping[str, float] = {
    **dict.fromkeys(("pass", "passed", "true", "yes", "correct"), 1.0),
    **dict.fromkeys(("fail", "failed", "false", "no", "incorrect"), 0.0),
}
"""What a label without a value is worth."""
