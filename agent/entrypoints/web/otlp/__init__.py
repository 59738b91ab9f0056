"""OTLP in: traces and scores as applications' OpenTelemetry exporters send them.

`routes` takes a request and hands its body on as it came; in the process that stores, `intake.unpack` makes traces and
scores of it and the answer in the request's own content type. In between everything is a pure function:

    reading.read(kind, body, content_type, encoding) -> Decoded(rows, scores, rejected, reasons)

    body            content type, content encoding, size
    protobuf_form   \\ bytes to `wire` values: spans with their events, log records
    json_form       /
    dialects        DATA: which attribute means what, in which convention
    meaning         looks a span's attributes up there
    messages        what was said, in the shapes that the conventions have for it
    spans           a span becomes the row of a trace
    evaluations     an evaluation event becomes a score

Protocol: https://opentelemetry.io/docs/specs/otlp/ (version 1.x, HTTP).
"""
