"""Prompts, labels and proposals over the API: what an application fetches, what a person may change."""

import re

NAME = "support/triage"


def test_an_application_fetches_production_and_asks_again_cheaply(house):
    client = house.client()
    first = client.get(f"/api/v1/prompts/{NAME}")
    assert first.json()["version"] == 1
    assert first.json()["variables"] == ["message"]
    again = client.get(f"/api/v1/prompts/{NAME}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"/api/v1/prompts/{NAME}?version=2", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_an_unset_label_is_not_found_and_label_with_version_is_refused(house):
    client = house.client()
    assert client.get(f"/api/v1/prompts/{NAME}?label=staging").status_code == 404
    assert client.get(f"/api/v1/prompts/{NAME}?label=production&version=1").status_code == 400
    assert client.get(f"/api/v1/prompts/{NAME}?label=latest").json()["version"] == 2


def test_a_label_moves_by_compare_and_set(house):
    reviewer = house.client(house.token("reviewer"))
    path = f"/api/v1/prompts/{NAME}/labels/production"
    stale = reviewer.put(path, json={"version": 2, "expected_version": 2, "reason": "it is better"})
    assert stale.status_code == 409
    assert reviewer.put(path, json={"version": 2, "expected_version": 1, "reason": "it is better"}).status_code == 200
    assert house.client(house.token("viewer")).get(f"/api/v1/prompts/{NAME}").json()["version"] == 2


def test_an_operator_moves_only_labels_that_are_not_protected(house):
    operator = house.client(house.token("operator"))
    body = {"version": 2, "expected_version": None, "reason": "to try it"}
    assert operator.put(f"/api/v1/prompts/{NAME}/labels/staging", json=body).status_code == 200
    protected = operator.put(f"/api/v1/prompts/{NAME}/labels/production", json={**body, "expected_version": 1})
    assert protected.status_code == 403


def test_a_new_version_is_numbered_and_not_released(house):
    operator = house.client(house.token("operator"))
    added = operator.post(f"/api/v1/prompts/{NAME}/versions", json={"text": "Third: {{message}}", "note": "mine"})
    assert (added.status_code, added.json()["number"]) == (201, 3)
    assert operator.get(f"/api/v1/prompts/{NAME}").json()["version"] == 1
    both = operator.post(f"/api/v1/prompts/{NAME}/versions", json={"text": "x", "messages": []})
    assert both.status_code in {400, 422}


def test_a_cycle_is_started_once_asked_for(house):
    answer = house.client().post(f"/api/v1/prompts/{NAME}/cycles", json={"force": True})
    assert (answer.status_code, answer.json()["started"]) == (202, True)
    assert [(w.prompt, w.trigger) for w in house.started] == [(NAME, "force")]


def test_every_error_is_a_problem_document(house):
    client = house.client()
    for answer in (
        client.get("/api/v1/prompts/no/such"),
        client.get("/api/v1/proposals/77"),
        client.get("/api/v1/proposals/x"),
        client.get("/nowhere"),
        client.patch("/api/v1/prompts"),
        client.post("/api/v1/ask", json={}),
    ):
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert {"type", "title", "status", "detail"} <= answer.json().keys()
        assert answer.json()["status"] == answer.status_code


def test_a_person_gets_errors_as_a_page(house):
    page = house.browser().get("/proposals/77", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "<h1>" in page.text


def test_an_answer_streams_line_by_line(house):
    client = house.client()
    said = client.post("/api/v1/ask", json={"question": "what is waiting for me?"})
    streamed = client.post(
        "/api/v1/ask", json={"question": "what is waiting for me?"}, headers={"Accept": "text/event-stream"}
    )
    assert streamed.headers["content-type"].startswith("text/event-stream")
    lines = re.findall(r'event: text\ndata: "(.*)"', streamed.text)
    assert lines == said.json()["text"].splitlines()


def test_the_schedule_is_paused_for_every_process_and_by_name(house):
    operator = house.client(house.token("operator", name="olga"))
    assert operator.post("/api/v1/background/pause").json()["paused"] is True
    assert not house.library.switches.is_on("schedule", default=True)
    assert operator.post("/api/v1/background/resume").json()["paused"] is False
    turned = [e for e in house.library.audit.events() if e.action == "switch.turned"]
    assert [e.actor for e in turned] == ["olga", "olga"]


def test_metrics_are_in_the_text_format_of_prometheus(house):
    said = house.client().get("/metrics")
    assert said.headers["content-type"].startswith("text/plain")
    assert "promptkeeper_prompts 1.0" in said.text
