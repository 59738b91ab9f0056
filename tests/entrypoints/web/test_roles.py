"""Each role against each route. The table is generated from the application: a route without a rule fails."""

import typing

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from agent.entrypoints.web.identity import Allow
from agent.entrypoints.web.pages.visitor import Visit
from library.access import MAY, Deed, Role

OPEN = {
    "GET /healthz",
    "GET /readyz",
    "GET /sign-in",
    "POST /sign-in",
    "GET /sign-in/link/{secret}",
    "POST /sign-in/link/{secret}",
}
"""What anybody may ask: whether the server lives, and to be let in."""

CHANGING = {
    "operate": "POST /api/v1/prompts/support/triage/cycles",
    "review": "POST /api/v1/proposals/1/reject",
    "administer": "DELETE /api/v1/traces/x",
    "read": "GET /api/v1/incidents",
    "fetch": "GET /api/v1/prompts/support/triage",
    "ingest": "POST /api/v1/traces",
}
ROLES: tuple[Role, ...] = typing.get_args(Role)


def routes(app):
    """(method and path, its rules) of every route."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            rules = [d.call for d in _all(route.dependant) if isinstance(d.call, Allow | Visit)]
            for method in sorted(route.methods):
                yield f"{method} {context.path}", rules


def _all(dependant):
    for inner in dependant.dependencies:
        yield inner
        yield from _all(inner)


def test_every_route_names_one_deed_or_is_known_to_be_open(house):
    seen = dict(routes(house.app))
    assert len(seen) > 40
    without = {name for name, rules in seen.items() if not rules}
    assert without == OPEN
    assert {name for name, rules in seen.items() if len(rules) > 1} == set()


def test_every_page_that_changes_something_checks_that_the_form_is_its_own(house):
    changing = {
        name: rules
        for name, rules in routes(house.app)
        if name.startswith("POST") and not name.startswith(("POST /api", "POST /v1", "POST /sign-in"))
    }
    assert changing
    for name, rules in changing.items():
        assert isinstance(rules[0], Visit), name
        assert rules[0].form, name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_exactly_its_deeds_over_the_api(house, role):
    program = house.client(house.token(role))
    for name, rules in routes(house.app):
        if not rules or not isinstance(rules[0], Allow):
            continue
        answer = _ask(program, name)
        if rules[0].deed in MAY[role]:
            assert answer.status_code not in {401, 403} or "protected" in answer.text, (role, name, answer.text)
        else:
            assert answer.status_code == 403, (role, name, answer.text)


@pytest.mark.parametrize("role", ["viewer", "operator", "reviewer", "admin"])
def test_a_role_may_do_exactly_its_deeds_on_pages(house, role):
    browser = house.browser(role)
    for name, rules in routes(house.app):
        if not rules or not isinstance(rules[0], Visit) or "sign-out" in name:
            continue
        answer = _ask(browser, name)
        if rules[0].form:  # no token was sent: nobody may, whatever the role
            assert answer.status_code == 403, (role, name)
        elif rules[0].deed in MAY[role]:
            assert answer.status_code in {200, 404}, (role, name, answer.text)
        else:
            assert answer.status_code == 403, (role, name)


@pytest.mark.parametrize("deed", CHANGING)
def test_nobody_and_strangers_are_refused_once_there_is_a_token(house, deed):
    house.token("admin")
    assert _ask(house.client(), CHANGING[deed]).status_code == 401
    assert _ask(house.client("pk_not-a-token"), CHANGING[deed]).status_code == 401
    assert _ask(house.client("x" * 4000), CHANGING[deed]).status_code == 401


@pytest.mark.parametrize("role", ["ingest", "viewer", "operator"])
def test_a_programs_token_never_decides(house, role):
    program = house.client(house.token(role, agent=True))
    assert _ask(program, CHANGING["review"]).status_code == 403
    assert _ask(program, CHANGING["administer"]).status_code == 403
    moved = program.put(
        "/api/v1/prompts/support/triage/labels/production",
        json={"version": 2, "expected_version": 1, "reason": "because I can"},
    )
    assert moved.status_code == 403
    assert house.library.prompts.labelled("support/triage", "production").number == 1


def test_without_any_token_a_local_program_may_work_but_not_decide(house):
    program = house.client()
    assert _ask(program, CHANGING["fetch"]).status_code == 200
    assert _ask(program, CHANGING["read"]).status_code == 200
    for deed in typing.cast("tuple[Deed, ...]", ("review", "administer")):
        assert _ask(program, CHANGING[deed]).status_code == 403


def test_a_revoked_or_expired_token_opens_nothing_and_its_sessions_end(house):
    secret = house.token("reviewer")
    browser = house.client()
    assert browser.post("/sign-in", data={"token": secret}, follow_redirects=False).status_code == 303
    assert browser.get("/proposals").status_code == 200
    token = house.library.access.tokens()[0]
    house.token("admin")
    house.library.access.revoke(token.id, by="test", now=house.clock())
    assert house.client(secret).get("/api/v1/incidents").status_code == 401
    assert browser.get("/proposals", follow_redirects=False).status_code == 303


def _ask(client, name):
    method, path = name.split(" ", 1)
    filled = path.replace("{name:path}", "support/triage").replace("{label}", "staging").replace("{id:path}", "x")
    filled = filled.replace("{id}", "1").replace("{secret}", "x")
    return client.request(method, filled, json={} if method in {"POST", "PUT"} else None, follow_redirects=False)
