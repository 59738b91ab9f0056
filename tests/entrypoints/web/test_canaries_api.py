"""A release in steps over the API: who is served what, what comes back, and who may do what with it."""

import pytest

from tests.entrypoints.web.conftest import ADMIN, NAME

PATH = f"/api/v1/prompts/{NAME}"
SUBJECTS = [f"user-{n}" for n in range(400)]


@pytest.fixture
def canary(house):
    """Version 2 goes out to 25 % of subjects, beside version 1."""
    version = house.library.prompts.version(NAME, 2)
    return house.library.canaries.start(
        version, label="production", steps=(25, 50, 100), actor=ADMIN, now=house.clock()
    )


def call(n, said, right, **more):
    """A scored call as an application reports it; it sends back what the prompt was answered with."""
    side = said["canary"]
    arm = {} if side is None else {"arm": side["arm"]}
    return {
        "id": f"call-{n}",
        "ts": "2026-09-01T08:30:00+00:00",
        "prompt": NAME,
        "version": said["version"],
        "inputs": {"message": "hello"},
        "output": "billing",
        "scores": {"exact_match": right},
        **arm,
        **more,
    }


def test_a_subject_is_served_its_arm_every_time_and_others_the_label(house, canary):
    program = house.client(house.token("ingest"))
    first, again = ([program.get(PATH, params={"subject": s}).json() for s in SUBJECTS] for _ in range(2))
    assert first == again
    new = [said for said in first if said["version"] == 2]
    assert 0.15 < len(new) / len(first) < 0.35
    assert {said["canary"]["arm"] for said in new} == {f"{canary.id}:25:canary"}
    old = next(said for said in first if said["version"] == 1)
    assert old["canary"] == {"id": canary.id, "arm": f"{canary.id}:25:control", "percent": 25}
    for params in ({}, {"version": 1, "subject": "user-1"}, {"label": "latest", "subject": "user-1"}):
        assert program.get(PATH, params=params).json()["canary"] is None


def test_an_answer_may_be_kept_for_the_rulebooks_time_and_a_rollback_changes_its_tag(house, canary):
    program = house.client(house.token("ingest"))
    served = {s: program.get(PATH, params={"subject": s}) for s in SUBJECTS[:40]}
    subject, before = next((s, a) for s, a in served.items() if a.json()["version"] == 2)
    assert before.headers["cache-control"] == f"private, max-age={house.door.rulebook.release.cache_seconds}"
    asked = {"headers": {"If-None-Match": before.headers["etag"]}, "params": {"subject": subject}}
    assert program.get(PATH, **asked).status_code == 304
    operator = house.client(house.token("operator"))
    gone = operator.post(f"/api/v1/canaries/{canary.id}/rollback", json={"reason": "it is rude"})
    assert (gone.json()["state"], gone.json()["ended_by"]) == ("rolled_back", "operator")
    after = program.get(PATH, **asked)
    assert (after.status_code, after.json()["version"], after.json()["canary"]) == (200, 1, None)


def test_calls_come_back_with_their_arm_and_the_arms_are_compared(house, canary):
    program = house.client(house.token("ingest"))
    said = {s: program.get(PATH, params={"subject": s}).json() for s in SUBJECTS}
    rows = [call(s, one, 0.0 if one["version"] == 2 and n % 2 else 1.0) for n, (s, one) in enumerate(said.items())]
    assert program.post("/api/v1/traces", json=rows).json()["new"] == len(rows)
    operator = house.client(house.token("operator"))
    gone = operator.post(f"/api/v1/canaries/{canary.id}/rollback", json={"reason": "it fails"}).json()
    assert gone["realised"]["n_canary"] == sum(one["version"] == 2 for one in said.values())
    assert gone["realised"]["gain"] == pytest.approx(-0.5, abs=0.15)


def test_an_arm_that_the_library_never_gave_out_is_refused(house, canary):
    program = house.client(house.token("ingest"))
    row = call("x", {"version": 2, "canary": {"arm": "blue"}}, 1.0)
    answer = program.post("/api/v1/traces", json=row)
    assert answer.status_code in {400, 422}
    assert "arm" in answer.json()["detail"]


def test_a_span_may_name_its_arm(house, canary):
    """OTLP, as JSON: the arm stands in an attribute."""
    attributes = {
        "promptkeeper.prompt.name": NAME,
        "promptkeeper.prompt.version": "2",
        "promptkeeper.canary.arm": f"{canary.id}:25:canary",
        "gen_ai.request.model": "small",
        "gen_ai.operation.name": "chat",
    }
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "chat small",
        "startTimeUnixNano": "1788251400000000000",
        "endTimeUnixNano": "1788251401000000000",
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }
    program = house.client(house.token("ingest"))
    sent = program.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert (sent.status_code, sent.json()) == (200, {})
    (trace,) = house.library.traces.list(prompt=NAME)
    assert (trace.version, trace.arm) == (2, f"{canary.id}:25:canary")


def test_an_operator_pauses_and_resumes_and_only_a_reviewer_signs(house, canary):
    operator, reviewer = house.client(house.token("operator")), house.client(house.token("reviewer"))
    at = f"/api/v1/canaries/{canary.id}"
    assert operator.post(f"{at}/pause", json={"reason": "a holiday"}).json()["state"] == "paused"
    assert operator.post(f"{at}/pause", json={}).status_code == 409
    assert operator.post(f"{at}/resume", json={}).json()["state"] == "running"
    assert operator.post(f"{at}/promote", json={}).status_code == 403
    assert house.library.prompts.labelled(NAME, "production").number == 1
    done = reviewer.post(f"{at}/promote", json={"reason": "good for all"})
    assert (done.status_code, done.json()["state"], done.json()["ended_by"]) == (200, "promoted", "reviewer")
    assert house.library.prompts.labelled(NAME, "production").number == 2
    assert reviewer.post(f"{at}/promote", json={}).status_code == 409
    assert operator.post(f"{at}/rollback", json={"reason": " "}).status_code == 422


@pytest.mark.parametrize("role", ["ingest", "viewer", "operator"])
def test_a_programs_token_never_promotes(house, canary, role):
    program = house.client(house.token(role, agent=True))
    assert program.post(f"/api/v1/canaries/{canary.id}/promote", json={}).status_code == 403
    assert house.library.canaries.get(canary.id).state == "running"


def test_releases_are_listed_newest_first_and_by_prompt(house, canary):
    viewer = house.client(house.token("viewer"))
    (listed,) = viewer.get("/api/v1/canaries", params={"active": True}).json()
    assert listed == viewer.get(f"/api/v1/canaries/{canary.id}").json()
    assert (listed["base_version"], listed["version"], listed["steps"]) == (1, 2, [25, 50, 100])
    assert viewer.get("/api/v1/canaries", params={"prompt": "another/one"}).json() == []
    assert viewer.get("/api/v1/canaries/99").status_code == 404


def test_prometheus_is_told_the_share(house, canary):
    told = house.client(house.token("viewer")).get("/metrics").text
    assert 'promptkeeper_canaries{state="running"} 1.0' in told
    assert f'promptkeeper_canary_percent{{label="production",prompt="{NAME}",version="2"}} 25.0' in told
