"""What `docs/service.md` says of the server is what the server does; the tables are compared with the code."""

import inspect
import re
import typing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.entrypoints.web import intake_process, keeper, server, shields
from agent.entrypoints.web.app import create_app
from agent.entrypoints.web.pages import sign_in
from agent.settings import ServerSection
from library.access import MAY, Deed, Role
from library.store.early import KEPT

PAGE = (Path(__file__).parents[3] / "docs" / "service.md").read_text(encoding="utf-8")
ROLES, DEEDS = typing.get_args(Role), typing.get_args(Deed)


def table(name: str) -> list[list[str]]:
    """The rows of a marked table, without its head."""
    lines = PAGE.split(f"<!-- {name}: begin -->")[1].split(f"<!-- {name}: end -->")[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_of_roles_is_the_one_that_is_enforced():
    head = f"| deed | {' | '.join(ROLES)} |\n|{'---|' * (len(ROLES) + 1)}"
    rows = [f"| {deed} | {' | '.join('yes' if deed in MAY[role] else '' for role in ROLES)} |" for deed in DEEDS]
    assert "\n".join(["<!-- roles: begin -->", head, *rows, "<!-- roles: end -->"]) in PAGE


def test_each_deed_is_explained():
    for deed in DEEDS:
        assert f"*{deed}*:" in PAGE


def test_the_limits_are_those_in_force():
    said = {row[0]: row[1] for row in table("limits")}
    settings, body = ServerSection(), inspect.signature(shields.Shields).parameters["seconds"].default
    assert said == {
        "body of a request": f"{settings.body_mb} MiB, `[server] body_mb`",
        "time for a body to arrive": f"{body:g} s",
        "rows in a request": f"{keeper.BATCH}",
        "bodies waiting to be stored": (
            f"{intake_process.WAITING_PARCELS}, together {intake_process.WAITING_BYTES // 2**20} MiB"
        ),
        "connections and requests at once": f"{server.BUSY}",
        "cycles that people started, at once": f"{server.CYCLES_AT_ONCE}",
        "failed sign-ins of an address": f"{sign_in.TRIES} in {sign_in.TRY_SECONDS:g} s",
        "life of a sign-in link": f"{sign_in.LINK_LIFE.total_seconds() / 60:g} min",
        "life of a session": f"{settings.session_hours:g} h, `[server] session_hours`",
        "a score waits for its trace": f"{KEPT.days} days",
        "requests under way when told to stop": f"{server.DRAIN_SECONDS} s",
    }


def test_the_metrics_are_those_that_are_told(house):
    told = house.client(house.token("viewer")).get("/metrics")
    assert told.status_code == 200
    names = set(re.findall(r"^# TYPE (\S+) gauge$", told.text, re.MULTILINE))
    listed = {re.match(r"`(\w+)", row[0])[1] for row in table("metrics")}
    assert names - listed == set()
    assert listed - names <= {"promptkeeper_model_usd_today"}  # only where prices are known


@pytest.mark.parametrize(
    ("origin", "secure"), [("https://127.0.0.1", True), ("http://127.0.0.1", False), (None, False)]
)
def test_the_cookie_is_for_tls_alone_where_a_proxy_speaks_it(house, origin, secure):
    headers = {"Origin": origin} if origin else {}
    done = house.client().post(
        "/sign-in", data={"token": house.token("viewer")}, headers=headers, follow_redirects=False
    )
    assert done.status_code == 303
    assert ("secure" in done.headers["set-cookie"].lower()) == secure


def test_a_token_that_has_run_out_keeps_the_door_closed(house):
    ends = house.clock() + house.door.session
    house.library.access.create_token(
        "pk_short", name="short", role="viewer", agent=False, by="test", now=house.clock(), expires_at=ends
    )
    assert house.client().get("/api/v1/incidents").status_code == 401
    house.clock.later(days=30)
    assert house.client().get("/api/v1/incidents").status_code == 401
    house.library.access.revoke(1, by="test", now=house.clock())
    assert house.client().get("/api/v1/incidents").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "prompts.example.org"},
        {"Host": "prompts.example.org:443"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"Via": "1.1 caddy"},
    ],
)
def test_what_a_proxy_brings_from_elsewhere_needs_a_token_always(house, headers):
    door = replace(house.door, names=(*house.door.names, "prompts.example.org"))
    reached = replace(house, door=door, app=create_app(door))
    for path in ("/api/v1/incidents", "/api/v1/prompts/support/triage", "/metrics"):
        assert reached.client().get(path).status_code == 200
        assert reached.client().get(path, headers=headers).status_code == 401
    assert reached.client().post("/api/v1/scores", json=[], headers=headers).status_code == 401
    token = reached.token("viewer")
    assert reached.client(token).get("/api/v1/incidents", headers=headers).status_code == 200
