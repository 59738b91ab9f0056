"""Redaction at every door by which traces and scores come in: what must not be kept is in no text that is stored."""

import json

import pytest
import sqlalchemy as sa

from agent.entrypoints.redacting import Redactor
from agent.entrypoints.web.keeper import Keeper
from agent.entrypoints.web.otlp.body import JSON
from agent.entrypoints.web.parcels import Parcel
from library.store.tables import metadata
from tests.recorded import score, trace
from tests.unit.agent.otlp.sending import record, records_body, span, spans_body

NAME = "support/triage"
KEY = "sk-proj-" + "aB3dE5fG7hI9" * 4
MAIL = "anna.keller@northwind-mail.com"
TEXT = f"use {KEY} or write to {MAIL}"
ARGUMENTS = json.dumps({"note": TEXT, "password": "Tulip!7744"})
CALL = {
    "id": "a",
    "ts": "2026-09-01T08:00:00Z",
    "prompt": NAME,
    "inputs": {"message": TEXT, "passwords": ARGUMENTS, "password": "Tulip!7744"},
    "output": TEXT,
    "expected": TEXT,
    "tool_calls": [
        {"name": "mail", "arguments": ARGUMENTS, "deep": [{"to": {"cc": [TEXT]}}], "password": "Tulip!7744"}
    ],
    "error": {"type": "Refused", "message": f"no answer for {TEXT}"},
    "scores": {"exact_match": {"value": 0.5, "comment": TEXT}},
}


def stored(library) -> str:
    """All text of the library."""
    with library.db.read() as connection:
        tables = metadata.sorted_tables
        return "\n".join(repr(tuple(row)) for table in tables for row in connection.execute(sa.select(table)))


def parcels() -> dict[str, list[Parcel]]:
    """By every kind of request, what is sent of one call and its score."""
    asked = {
        "gen_ai.operation.name": "chat",
        "gen_ai.prompt.name": NAME,
        "gen_ai.request.model": "m",
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": TEXT}]}]),
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": [{"type": "tool_call", "name": "mail", "arguments": {"to": TEXT}}]}]
        ),
    }
    judged = {
        "gen_ai.evaluation.name": "useful",
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.explanation": TEXT,
    }
    late = {"trace_id": "a", "name": "late", "value": 0.5, "comment": TEXT}
    early = {"trace_id": "unseen", "name": "early", "value": 0.5, "comment": TEXT}
    spans = spans_body([span(asked, status=2, message=TEXT)], JSON)
    return {
        "traces": [Parcel(kind="traces", body=json.dumps(CALL).encode())],
        "scores": [
            Parcel(kind="traces", body=json.dumps({**CALL, "scores": {}}).encode()),
            Parcel(kind="scores", body=json.dumps([late, early]).encode()),
        ],
        "otlp": [
            Parcel(kind="otlp-traces", body=spans, media_type=JSON),
            Parcel(kind="otlp-logs", body=records_body([record(judged)], JSON), media_type=JSON),
        ],
    }


@pytest.mark.parametrize("kind", ["traces", "scores", "otlp"])
@pytest.mark.parametrize(
    ("rule", "key", "mail"), [("none", True, True), ("secrets", False, True), ("all", False, False)]
)
def test_no_request_brings_in_what_must_not_be_kept(house, kind, rule, key, mail):
    for parcel in parcels()[kind]:
        (taken,) = Keeper(house.library, house.clock, rule).keep([parcel])
        assert taken.status == 200, taken.body
    text = stored(house.library)
    assert house.library.traces.list() != ()
    assert (KEY in text, MAIL in text) == (key, mail)
    assert kind == "otlp" or ("Tulip!7744" in text) == (rule == "none")


def test_what_calls_are_found_by_stays_as_it_came():
    call = trace("t", session=MAIL, segment=MAIL, model=MAIL, inputs={"message": "hello", MAIL: "x"})
    assert Redactor("all").trace(call) == call


def test_text_without_anything_to_hide_is_left_letter_by_letter():
    spaced = '{ "note" : "hello",\n"n": 1e16 }'
    call = trace("t", inputs={"message": spaced}, output="[not json", tool_calls=({"n": 7, "ok": True},))
    assert Redactor("all").trace(call) == call
    assert Redactor("all").score(score("t", 1.0, comment="fine")).comment == "fine"


def test_a_number_that_is_a_card_number_is_hidden_without_quotes():
    call = trace("t", tool_calls=({"card": 4539578763621486, "amount": 12},))
    assert Redactor("all").trace(call).tool_calls == ({"card": "[CARD]", "amount": 12},)
    assert Redactor("secrets").trace(call) == call
