"""An approval over the API and on the page: in steps, at once, or as the rulebook and the traffic say."""

import contextlib
import re
import shutil

import pytest

from agent.entrypoints.cli.main import main
from agent.release.advancing import advance_all
from library.store.stores import open_library
from tests.journeys import world

RULES = """
search: {max_rounds: 2, patience: 1, strategies: [clarify]}
release: {steps: [20, 100], min_scores: 50}
"""


@pytest.fixture(scope="session")
def filled(_started, tmp_path_factory):
    """In the place of the project with one prompt: one with a proposal that waits."""
    folder = shutil.copytree(_started, tmp_path_factory.mktemp("to-approve") / "project")
    (folder / "policies" / "rulebook.yaml").write_text(RULES, encoding="utf-8")
    library = open_library(f"sqlite:///{folder}/.promptkeeper/library.db")
    world.build(library)
    library.db.close()
    with contextlib.chdir(folder):
        assert main(["cycle"]) == 0
    return folder


@pytest.fixture
def proposal(house):
    (waiting,) = house.library.proposals.list(state="pending")
    house.clock.at = waiting.created_at
    return waiting


def approved(house, proposal, **how):
    body = {"content_hash": proposal.content_hash, "ticked": ticks(proposal), **how}
    answer = house.client(house.token("reviewer", name="rita")).post(
        f"/api/v1/proposals/{proposal.id}/approve", json=body
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def ticks(proposal):
    return [f["policy"] for f in proposal.packet["verdict"]["findings"] if f["severity"] == "flag"]


def test_in_steps_the_label_stays_and_a_share_of_subjects_gets_the_new_version(house, proposal):
    said = approved(house, proposal, release="staged")
    assert (said["number"], said["canary"]["steps"], said["canary"]["started_by"]) == (2, [20, 100], "rita")
    assert said["release"] == "released in steps of 20 and 100 %"
    assert house.library.prompts.get(world.NAME).labels["production"] == 1
    assert house.library.canaries.of_proposal(proposal.id).id == said["canary"]["id"]


def test_at_once_the_label_moves(house, proposal):
    said = approved(house, proposal, release="at_once")
    assert (said["canary"], said["release"]) == (None, "released at once, as the reviewer chose")
    assert house.library.prompts.get(world.NAME).labels["production"] == 2


def test_without_traffic_the_rulebook_releases_at_once_and_the_answer_says_why(house, proposal):
    said = approved(house, proposal)
    assert said["canary"] is None
    assert said["release"].startswith("released at once: no scored calls in the last 7 days")


def test_the_page_offers_each_way_and_shows_what_came_of_it(house, proposal):
    browser = house.browser("reviewer")
    page = browser.get(f"/proposals/{proposal.id}")
    assert "in steps of 20, 100 %" in page.text
    assert "released at once: no scored calls" in page.text
    form = {
        "csrf": re.search(r'name="csrf" value="([^"]+)"', page.text)[1],
        "content_hash": proposal.content_hash,
        "tick": ticks(proposal),
    }
    odd = browser.post(f"/proposals/{proposal.id}/approve", data={**form, "release": "by_night"})
    assert (odd.status_code, "no way to release" in odd.text) == (409, True)
    done = browser.post(f"/proposals/{proposal.id}/approve", data={**form, "release": "staged"})
    canary = house.library.canaries.of_proposal(proposal.id)
    assert f'href="/canaries/{canary.id}"' in done.text
    came = {"metric": "exact_match", "gain": 0.12, "low": 0.05, "high": 0.19, "n_control": 4000, "n_canary": 1000}
    promised = {"gain": 0.2, "low": 0.1, "high": 0.3, "n": 60}
    house.library.canaries.roll_back(
        canary.id, by=None, reason="cost is 3.00 times", now=house.clock(), realised={**came, "promised": promised}
    )
    shown = browser.get(f"/proposals/{proposal.id}").text
    assert "+0.120 (95 % +0.050 to +0.190, n = 1000 against 4000)" in re.sub(r"</?strong>", "", shown)
    assert "promised were +0.200" in shown


def serve(house, count, right):
    """An application: it fetches for each subject, and sends back how the call went. right: by arm, of ten calls."""
    program, rows = house.client(house.token("ingest")), []
    for n in range(count):
        said = program.get(f"/api/v1/prompts/{world.NAME}", params={"subject": f"user-{n}"}).json()
        side = said["canary"]["arm"]
        rows.append(
            {
                "id": f"call-{n}",
                "ts": house.clock().isoformat(),
                "prompt": world.NAME,
                "version": said["version"],
                "arm": side,
                "inputs": {"message": "hello"},
                "output": "refund",
                "scores": {"exact_match": float(n % 10 < right[side.rpartition(":")[2]])},
            }
        )
    assert program.post("/api/v1/traces", json=rows).json()["new"] == count
    (looked,) = advance_all(house.library, house.door.rulebook.release, now=house.clock())
    return looked


def test_over_http_a_good_version_waits_for_the_second_signature_and_then_is_live(house, proposal):
    canary = approved(house, proposal, release="staged")["canary"]
    looked = serve(house, 400, {"control": 7, "canary": 9})
    assert looked.deed == "waiting", looked.said
    reviewer = house.client(house.token("reviewer", name="otto"))
    assert reviewer.get(f"/api/v1/canaries/{canary['id']}").json()["reading"]["verdict"] == "advance"
    done = reviewer.post(f"/api/v1/canaries/{canary['id']}/promote", json={"reason": "good"}).json()
    assert (done["state"], done["realised"]["promised"]["n"] > 0) == ("promoted", True)
    assert done["realised"]["gain"] == pytest.approx(0.2, abs=0.1)
    assert house.library.prompts.get(world.NAME).labels["production"] == 2
    assert house.library.incidents.get(proposal.incident_id).state == "resolved"


def test_over_http_a_bad_version_goes_back_by_itself_and_its_incident_is_open_again(house, proposal):
    canary = approved(house, proposal, release="staged")["canary"]
    looked = serve(house, 400, {"control": 9, "canary": 3})
    assert looked.deed == "rolled_back", looked.said
    viewer = house.client(house.token("viewer"))
    gone = viewer.get(f"/api/v1/canaries/{canary['id']}").json()
    assert (gone["state"], gone["ended_by"]) == ("rolled_back", "release")
    assert gone["reason"].startswith("exact_match is ")
    assert viewer.get(f"/api/v1/incidents/{proposal.incident_id}").json()["state"] == "regressed"
    subjects = [f"user-{n}" for n in range(20)]
    path = f"/api/v1/prompts/{world.NAME}"
    assert {viewer.get(path, params={"subject": s}).json()["version"] for s in subjects} == {1}
