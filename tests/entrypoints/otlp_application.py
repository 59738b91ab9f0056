"""An application that calls models through the openai package, watched by one instrumentation after the other.

Run as a process of its own, because instrumentations change the package they watch.
    python otlp_application.py KEEPER MODEL_BASE
"""

import os
import sys

os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"

import openai
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry import baggage, context, trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as GenAI
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Traceloop
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

keeper, model_base = sys.argv[1:]


class PromptNames(SpanProcessor):
    """Puts what the baggage says of the prompt on every span that begins."""

    def on_start(self, span, parent_context=None):
        for name, value in baggage.get_all(parent_context).items():
            if name.startswith("gen_ai.prompt."):
                span.set_attribute(name, value)


def with_prompt(**said):
    """A context that says which prompt is used."""
    inner = context.get_current()
    for name, value in said.items():
        inner = baggage.set_baggage(f"gen_ai.prompt.{name.replace('__', '.')}", value, inner)
    return context.attach(inner)


def ask(text):
    """One call; a refusal by the provider is part of the story."""
    try:
        client.chat.completions.create(
            model="small",
            messages=[{"role": "system", "content": "Name the queue."}, {"role": "user", "content": text}],
        )
    except openai.BadRequestError:
        print("refused", text)


spans = TracerProvider()
spans.add_span_processor(PromptNames())
exporter = OTLPSpanExporter(f"{keeper}/v1/traces", compression=Compression.Gzip)
spans.add_span_processor(BatchSpanProcessor(exporter))
trace.set_tracer_provider(spans)
tracer = trace.get_tracer("application")
client = openai.OpenAI(base_url=model_base, api_key="none", max_retries=0)

for watcher in (GenAI(), Traceloop()):
    watcher.instrument()
    token = with_prompt(name="support/triage", version="2", variable__message=type(watcher).__module__)
    with tracer.start_as_current_span("handle a mail"):  # has the prompt's name too, and is no call of a model
        ask("charged twice")
        ask("BREAK")
    context.detach(token)
    watcher.uninstrument()

watcher = OpenInference()
watcher.instrument()
with using_attributes(
    session_id="s-9",
    metadata={"prompt_name": "support/triage", "prompt_version": 2, "segment": "mail"},
    prompt_template_variables={"message": "openinference"},
):
    ask("charged twice")
with using_attributes(metadata={"prompt_name": "nobody/knows", "prompt_version": 1}):
    ask("of another library")
ask("of no prompt")
watcher.uninstrument()

print("flushed", spans.force_flush())
