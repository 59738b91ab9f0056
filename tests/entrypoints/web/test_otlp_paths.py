"""POST /v1/traces and /v1/logs: what is stored, what is told back, and always in the form of the request."""

import gzip

import pytest

from agent.entrypoints.web.parcels import Parcel, Taken, refused
from tests.unit.agent.otlp.sending import FORMS, ID, JSON, PROTOBUF, SPAN, TRACE, record, records_body, span, spans_body

NAME = "support/triage"
CALL = {"gen_ai.operation.name": "chat", "gen_ai.prompt.name": NAME, "gen_ai.prompt.version": "2"}
RESULT = {"gen_ai.evaluation.name": "right", "gen_ai.evaluation.score.value": 1.0}
NOTHING = {PROTOBUF: b"", JSON: b"{}"}


def post(client, path, body, form, **headers):
    return client.post(path, content=body, headers={"Content-Type": form, **headers})


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_is_in_the_form_of_the_question_also_where_it_says_no(house, form):
    client = house.client()
    for path in ("/v1/traces", "/v1/logs"):
        for body, headers, status, said in (
            (NOTHING[form], {}, 200, NOTHING[form]),
            (b"\xff", {}, 400, None),
            (b"x", {"Content-Encoding": "br"}, 415, None),
            (gzip.compress(bytes(33 * 2**20), 1), {"Content-Encoding": "gzip"}, 413, None),
        ):
            answer = post(client, path, body, f"{form}; charset=utf-8", **headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, form)
            assert said in {None, answer.content}
    assert post(client, "/v1/traces", b"x", "text/plain").status_code == 415


@pytest.mark.parametrize("form", FORMS)
def test_who_may_not_come_in_is_told_in_the_form_of_the_question(house, form):
    viewer = house.token("viewer")

    nobody = post(house.client(), "/v1/traces", NOTHING[form], form)
    assert (nobody.status_code, nobody.headers["Content-Type"]) == (401, form)
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    assert b"a token is needed" in nobody.content
    other = post(house.client(viewer), "/v1/logs", NOTHING[form], form)
    assert (other.status_code, other.headers["Content-Type"]) == (403, form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [429, 503])
def test_a_full_intake_asks_to_come_back(house, form, status):
    class Full:
        async def send(self, parcel: Parcel) -> Taken:
            return refused(status, "too much waits", mend="Send it again later.")

    house.app.state.door = replaced(house.door, intake=Full())
    answer = post(house.client(), "/v1/traces", NOTHING[form], form)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, form)
    assert int(answer.headers["Retry-After"]) > 0
    assert b"too much waits. Send it again later." in answer.content


def replaced(door, **changes):
    from dataclasses import replace

    return replace(door, **changes)


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_is_taken_as_far_as_it_goes_and_counts_once(house, form):
    batch = [
        span(CALL, [("gen_ai.evaluation.result", RESULT)]),
        span({**CALL, "gen_ai.prompt.name": "nobody/knows"}, [("gen_ai.evaluation.result", RESULT)], span="b" * 16),
        span({**CALL, "gen_ai.prompt.version": "99"}, span="c" * 16),
        span({**CALL, "promptkeeper.segment": "s" * 101}, span="d" * 16),
        span({"http.request.method": "GET"}, span="e" * 16),
    ]
    body = gzip.compress(spans_body(batch, form))
    for _ in range(2):
        answer = post(house.client(), "/v1/traces", body, form, **{"Content-Encoding": "gzip"})
        assert answer.status_code == 200
        assert b"3 spans rejected: " in answer.content
        assert b"no prompt 'nobody/knows'" in answer.content
        assert b"has no version 99" in answer.content
        assert b"segment" in answer.content
    (trace,) = house.library.traces.list(NAME)
    assert (trace.id, trace.version) == (ID, 2)
    assert [(score.name, score.value) for score in house.library.traces.scores(ID)] == [("right", 1.0)]


def test_a_label_is_resolved_when_the_span_arrives_and_production_is_the_default(house):
    plain = {name: value for name, value in CALL.items() if "version" not in name}
    labelled = {**plain, "promptkeeper.prompt.label": "latest"}
    batch = [span(plain, span="a" * 16), span(labelled, span="b" * 16)]
    assert post(house.client(), "/v1/traces", spans_body(batch, JSON), JSON).content == b"{}"

    found = {trace.id[-1]: (trace.version, trace.label) for trace in house.library.traces.list(NAME)}
    assert found == {"a": (1, None), "b": (2, "latest")}


def test_a_score_may_come_before_its_span(house):
    early = records_body([record(RESULT)], PROTOBUF)
    assert post(house.client(), "/v1/logs", early, PROTOBUF).content == b""
    assert post(house.client(), "/v1/traces", spans_body([span(CALL)], PROTOBUF), PROTOBUF).content == b""

    (score,) = house.library.traces.scores(ID)
    assert (score.name, score.evaluator, score.ts) == ("right", "otlp", house.clock())


def test_only_who_is_trusted_speaks_for_people(house):
    human = records_body([record({**RESULT, "promptkeeper.score.source": "human"})], JSON)
    in_span = spans_body(
        [span(CALL, [("gen_ai.evaluation.result", {**RESULT, "promptkeeper.score.source": "human"})])], JSON
    )
    program, person = house.token("ingest", agent=True), house.token("operator")

    told = post(house.client(program), "/v1/logs", human, JSON).json()["partialSuccess"]
    assert (told["rejectedLogRecords"], "human" in told["errorMessage"]) == ("1", True)
    told = post(house.client(program), "/v1/traces", in_span, JSON).json()["partialSuccess"]
    assert (told["rejectedSpans"], "human" in told["errorMessage"]) == ("0", True)
    assert house.library.traces.scores(ID) == ()
    assert post(house.client(person), "/v1/logs", human, JSON).content == b"{}"
    assert [score.source for score in house.library.traces.scores(ID)] == ["human"]


def test_odd_characters_and_deep_values_cost_nothing_but_themselves(house):
    deep = "[" * 900 + "]" * 900
    batch = [
        span({**CALL, "gen_ai.prompt.variable.message": "a\x00b"}, span="a" * 16),
        span(
            {**CALL, "gen_ai.output.messages": f'{{"role": "x", "tool_calls": [{{"arguments": {deep}}}]}}'},
            span="b" * 16,
        ),
        span(CALL),
    ]
    told = post(house.client(), "/v1/traces", spans_body(batch, JSON), JSON).json()["partialSuccess"]

    assert told["rejectedSpans"] == "1"
    assert {trace.inputs.get("message") for trace in house.library.traces.list(NAME)} == {None, "a\ufffdb"}


def test_the_api_document_tells_of_both_forms(house):
    paths = house.client().get("/openapi.json").json()["paths"]
    for path in ("/v1/traces", "/v1/logs"):
        said = paths[path]["post"]
        assert set(said["requestBody"]["content"]) == set(FORMS)
        assert {"200", "400", "401", "403", "413", "415", "429", "503"} <= set(said["responses"])
    assert f"otel:{TRACE}:{SPAN}" == ID
