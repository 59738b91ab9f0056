"""OpenTelemetry spans of our own work. The only place that knows the SDK; nothing of it is imported when off.

Attributes are names, numbers and kinds, never a prompt's or a customer's text. GenAI names are in development still,
so they are spelled here.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Protocol

from library.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger("promptkeeper.telemetry")

Value = str | int | float | bool | tuple[str, ...] | None
Kind = Literal["internal", "client"]
PATH = "/v1/traces"
QUEUE = 20_000  # spans that may wait; what is beyond is let go, never waited for
TIMEOUT_S = 5.0


class Span(Protocol):
    """Something that is under way."""

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Add what is known by now; None says nothing."""


class Spans(Protocol):
    """Where spans go."""

    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, kind: Kind = "internal"
    ) -> AbstractContextManager[Span]:
        """A span around what is done inside, under the span that is current. An exception marks it by its kind."""

    def close(self) -> None:
        """Send what is left; waits for the network, so call it from a thread."""


class _NoSpan:
    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Forget it."""


class NoSpans:
    """Telemetry that is off."""

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, kind: Kind = "internal"
    ) -> Iterator[Span]:
        """Nothing."""
        yield _NoSpan()

    def close(self) -> None:
        """Nothing."""


NO_SPANS = NoSpans()


def open_spans(endpoint: str) -> Spans:
    """Spans to an OTLP/HTTP collector at an address, or none where it is empty.

    Headers and certificates as every exporter takes them: OTEL_EXPORTER_OTLP_HEADERS and its like. InputError where
    the packages of the extra `telemetry` are missing.
    """
    if not endpoint:
        return NO_SPANS
    try:
        return OtlpSpans(endpoint)
    except ImportError as error:
        mend = "Install promptkeeper[telemetry]."
        raise InputError("the OpenTelemetry packages are not installed", "[telemetry] otlp_endpoint", mend) from error


class OtlpSpans:
    """Spans sent over OTLP/HTTP in the background. A collector that is away is named once, and waits for nobody."""

    def __init__(self, endpoint: str) -> None:
        self._provider = _provider(endpoint if endpoint.endswith(PATH) else endpoint.rstrip("/") + PATH)
        self._tracer = self._provider.get_tracer("promptkeeper", version("promptkeeper"))

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Value] | None = None, *, kind: Kind = "internal"
    ) -> Iterator[Span]:
        """See `Spans`."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        chosen = SpanKind.CLIENT if kind == "client" else SpanKind.INTERNAL
        # The message of an exception may quote production: its kind is told, and nothing recorded by itself.
        quiet: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
        with self._tracer.start_as_current_span(name, kind=chosen, attributes=_known(attributes), **quiet) as begun:
            told = _Told(begun)
            try:
                yield told
            except BaseException as error:
                kind_of = getattr(error, "kind", None)  # a provider's fault has one
                begun.set_attribute("error.type", kind_of if isinstance(kind_of, str) else type(error).__name__)
                begun.set_status(Status(StatusCode.ERROR))
                raise

    def close(self) -> None:
        """See `Spans`."""
        self._provider.shutdown()


class _Told:
    def __init__(self, begun: Any) -> None:
        self._begun = begun

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """See `Span`."""
        self._begun.set_attributes(_known(attributes))


def _known(attributes: Mapping[str, Value] | None) -> dict[str, Any]:
    return {name: value for name, value in (attributes or {}).items() if value is not None}


def _provider(address: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Once(OTLPSpanExporter):
        """Says once that nobody listens; the SDK's own lines come with tracebacks, for every batch."""

        said = False

        def export(self, spans: Any) -> SpanExportResult:
            """Send a batch."""
            try:
                result = super().export(spans)
            except Exception as error:  # noqa: BLE001 - telemetry never spoils what it watches
                log.debug("spans: %s", error)
                result = SpanExportResult.FAILURE
            if result is not SpanExportResult.SUCCESS and not self.said:
                self.said = True
                log.warning("spans cannot be sent to %s; the work goes on without", address)
            return result

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    provider = TracerProvider(
        resource=Resource.create({"service.name": "promptkeeper", "service.version": version("promptkeeper")}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(Once(endpoint=address, timeout=TIMEOUT_S), max_queue_size=QUEUE))
    return provider
