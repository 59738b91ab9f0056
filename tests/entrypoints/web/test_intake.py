"""Traces and scores over the API: acknowledged after commit, idempotent, all or nothing, in any order."""

import json

import pytest

from agent import erasure
from agent.entrypoints.web.keeper import Keeper
from agent.entrypoints.web.parcels import Parcel

NAME = "support/triage"


def call(id: str, **more) -> dict:
    return {"id": id, "ts": "2026-09-01T08:00:00Z", "prompt": NAME, "inputs": {"message": "hello"}, **more}


def test_a_trace_is_stored_once_however_often_it_comes(house):
    client = house.client()
    for new in (1, 0, 0):
        answer = client.post("/api/v1/traces", json=call("a", scores={"exact_match": 1}))
        assert answer.status_code == 200
        assert answer.json()["new"] == new
    assert client.get("/api/v1/traces/a").json()["trace"]["version"] == 1


def test_a_list_is_all_or_nothing_and_names_the_row_at_fault(house):
    client = house.client()
    answer = client.post("/api/v1/traces", json=[call("a"), {**call("b"), "ts": "yesterday"}])
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1.ts" in answer.json()["title"]
    assert client.get("/api/v1/traces/a").status_code == 404


def test_a_score_may_come_before_its_trace(house):
    client = house.client()
    early = client.post("/api/v1/scores", json={"trace_id": "late", "name": "useful", "value": 0.25})
    assert early.json() == {"received": 1, "changed": 0}
    assert client.post("/api/v1/traces", json=call("late")).json()["scores"] == 1
    (score,) = client.get("/api/v1/traces/late").json()["scores"]
    assert (score["name"], score["value"]) == ("useful", 0.25)
    again = client.post("/api/v1/traces", json=call("late"))
    assert again.json() == {"received": 1, "new": 0, "scores": 0}


def test_a_score_whose_trace_never_comes_is_let_go(house):
    house.client().post("/api/v1/scores", json={"trace_id": "never", "name": "useful", "value": 0.25})
    house.clock.later(days=8)
    assert house.library.traces.drop_early(now=house.clock()) == 1


@pytest.mark.parametrize(("role", "status"), [("ingest", 400), ("operator", 200), ("admin", 200)])
def test_an_ingest_token_speaks_for_no_human(house, role, status):
    client = house.client(house.token(role))
    sent = client.post("/api/v1/traces", json=call("a", scores={"liked": {"value": 1, "source": "human"}}))
    assert sent.status_code == status, sent.text


def test_what_an_ingest_token_calls_right_never_becomes_proof(house):
    house.client(house.token("ingest")).post("/api/v1/traces", json=call("a", expected="billing"))
    trusted = house.door.rulebook.harvest.trusted_sources
    assert house.library.traces.get("a").expected_source not in trusted


@pytest.mark.parametrize("body", [b"", b"{", b"[]]", b"null", b"[1]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_garbage_is_a_problem_and_nothing_else(house, body):
    answer = house.client().post("/api/v1/traces", content=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["title"]


def test_an_unknown_prompt_is_named_with_its_neighbours(house):
    answer = house.client().post("/api/v1/traces", json={**call("a"), "prompt": "support/triag"})
    assert answer.status_code == 422
    assert "support/triage" in answer.json()["mend"]


def test_pages_show_what_was_sent(house):
    house.client().post("/api/v1/traces", json=call("a/b c", output="billing", scores={"exact_match": 0.5}))
    page = house.browser().get("/traces/a%2Fb%20c")
    assert page.status_code == 200
    assert "0.500" in page.text


@pytest.mark.parametrize(("rule", "kept"), [("none", "sk-"), ("secrets", "@"), ("all", "please")])
def test_what_is_stored_is_redacted_by_rule(house, rule, kept):
    text = "please use sk-proj-" + "aB3dE5fG7hI9" * 4 + " or write to anna.keller@northwind-mail.com"
    body = json.dumps(call("a", inputs={"message": text}, output=text)).encode()
    (taken,) = Keeper(house.library, house.clock, rule).keep([Parcel(kind="traces", body=body)])
    assert taken.status == 200
    stored = house.library.traces.get("a")
    for said in (stored.inputs["message"], stored.output):
        assert kept in said
        assert ("sk-proj" in said) == (rule == "none")
        assert ("anna.keller" in said) == (rule != "all")


def test_traces_of_age_are_let_go_in_batches_and_trends_keep_their_sums(house):
    house.clock.later(days=25)
    client = house.client()
    for n in range(10):
        day = 1 if n < 7 else 20
        client.post(
            "/api/v1/traces", json={**call(f"t{n}", scores={"exact_match": 1}), "ts": f"2026-09-{day:02}T08:00:00Z"}
        )
    before = house.library.trends.changed()
    rules = house.door.rulebook.privacy.model_copy(update={"prompts": {NAME: 10}})
    assert erasure.expire(house.library, house.door.open_memory, rules, now=house.clock(), batch=3) == 7
    assert [t.id for t in house.library.traces.list(newest_first=False)] == ["t7", "t8", "t9"]
    assert house.library.trends.changed() == before
    assert erasure.expire(house.library, house.door.open_memory, house.door.rulebook.privacy, now=house.clock()) == 0


def test_a_call_from_the_future_is_refused(house):
    answer = house.client().post("/api/v1/traces", json={**call("a"), "ts": "2554-01-01T00:00:00Z"})
    assert answer.status_code == 400
    assert "clock" in answer.json()["mend"]
