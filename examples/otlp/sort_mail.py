"""Sorts messages into queues with litellm, and lets Promptkeeper watch: prompts over HTTP, telemetry over OTLP.

Nothing of Promptkeeper is imported or installed here. What it is told comes from litellm's own `otel` callback; one
judgement that only this program can make (is the answer a queue there is?) goes along as an evaluation event.

    python sort_mail.py --model openai/gpt-4.1-mini < messages.txt
"""

import argparse
import json
import os
import sys
import time
from urllib.parse import quote
from urllib.request import Request, urlopen

os.environ.setdefault("USE_OTEL_LITELLM_REQUEST_SPAN", "true")  # a span of its own for each call, also inside others
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import litellm
from opentelemetry import trace
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

QUEUES = ("billing", "delivery", "account")


def fetch(keeper: str, name: str, headers: dict[str, str]) -> tuple[str, int]:
    """The prompt's text in production and the number of its version."""
    with urlopen(Request(f"{keeper}/api/v1/prompts/{quote(name)}", headers=headers), timeout=10) as answer:
        said = json.load(answer)
    return said["text"], said["version"]


class Judgements(SpanProcessor):
    """Gives every answer that litellm tells of a score: 1 when it is a queue there is."""

    def __init__(self, logs: LoggerProvider) -> None:
        self._logger = logs.get_logger("sort_mail")

    def on_end(self, span: ReadableSpan) -> None:
        if "gen_ai.output.messages" not in (span.attributes or {}):
            return
        (message,) = json.loads(span.attributes["gen_ai.output.messages"])
        text = " ".join(part.get("content", "") for part in message["parts"])
        self._logger.emit(
            LogRecord(
                event_name="gen_ai.evaluation.result",
                timestamp=time.time_ns(),
                # The judgement belongs to the span, so it names the span's context.
                context=trace.set_span_in_context(trace.NonRecordingSpan(span.context)),
                attributes={
                    "gen_ai.evaluation.name": "known_queue",
                    "gen_ai.evaluation.score.value": float(text.strip().lower() in QUEUES),
                    "promptkeeper.evaluator.id": "sort_mail",
                    "promptkeeper.evaluator.revision": "1",
                },
            )
        )


def main() -> int:
    """Sort each line of standard input."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--keeper", default="http://127.0.0.1:8400", help="where Promptkeeper listens")
    options.add_argument("--prompt", default="support/triage")
    options.add_argument("--model", required=True, help="any model name of litellm")
    options.add_argument("--api-base", help="where the model listens, if not where its provider does")
    given = options.parse_args()
    token = os.environ.get("PROMPTKEEPER_TOKEN")  # a token with the role ingest
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    sent = {"headers": headers, "compression": Compression.Gzip}
    logs, spans = LoggerProvider(), TracerProvider()
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{given.keeper}/v1/logs", **sent)))
    spans.add_span_processor(Judgements(logs))
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{given.keeper}/v1/traces", **sent)))
    trace.set_tracer_provider(spans)
    litellm.callbacks = ["otel"]

    text, version = fetch(given.keeper, given.prompt, headers)
    for line in filter(None, map(str.strip, sys.stdin)):
        answer = litellm.completion(
            model=given.model,
            api_base=given.api_base,
            messages=[{"role": "user", "content": text.replace("{{message}}", line)}],
            # What `otel` passes on of a call's metadata: which prompt it was, which version, filled with what.
            metadata={
                "requester_metadata": {
                    "prompt_name": given.prompt,
                    "prompt_version": version,
                    "variables": {"message": line},
                }
            },
        )
        print(answer.choices[0].message.content, flush=True)
    return 0  # what is left to send goes out as the program ends: providers and litellm's threads see to it


if __name__ == "__main__":
    sys.exit(main())
