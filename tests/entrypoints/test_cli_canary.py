"""A release in steps on the command line: from the approval to the second signature, or back again."""

import contextlib
import json
import random
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from agent.entrypoints.cli.main import main
from library.store.stores import open_library
from tests.entrypoints.conftest import CommandLine
from tests.journeys import world

RULES = """
search: {max_rounds: 2, patience: 1, strategies: [clarify]}
release: {steps: [20, 50, 100], min_scores: 50}
"""
# 50 calls at 20 % and 50 at 50 % are 350 of all; in 14 days these come when 7 days bring half of them.
LIVE = 175


@pytest.fixture(scope="module")
def proposed(_started, tmp_path_factory):
    """A project with an incident and a proposal that waits."""
    folder = tmp_path_factory.mktemp("proposed") / "project"
    shutil.copytree(_started, folder)
    (folder / "policies" / "rulebook.yaml").write_text(RULES, encoding="utf-8")
    library = open_library(f"sqlite:///{folder}/.promptkeeper/library.db")
    world.build(library)
    library.db.close()
    with contextlib.chdir(folder):
        assert main(["cycle"]) == 0
    return folder


class Shop(CommandLine):
    """The command line, and a world that calls the prompt as its subjects are served."""

    def live(self, count):
        """Scored calls of the last days, before any release."""
        self._import([self._row(f"live-{n}", version=1, right=0.8, hours=1 + n % 150) for n in range(count)])

    def calls(self, count, *, right):
        """Calls of many subjects now, each by the version that it is served. right: share of right answers by arm."""
        rows = []
        with self.library() as library:
            for n in range(count):
                served = library.canaries.served(world.NAME, "production", f"user-{n}")
                if served.arm is not None:
                    said = {"version": served.version.number, "right": right[served.arm.name], "arm": str(served.arm)}
                    rows.append(self._row(f"{served.canary.percent}-{served.arm}-{n}", hours=0, **said))
        self._import(rows)

    def canary(self):
        (shown,) = self("canary", "status", world.NAME, "--json").document
        return shown

    def production(self):
        with self.library() as library:
            return library.prompts.get(world.NAME).labels["production"]

    def incident(self):
        return self("incidents", "list", "--json").document[0]

    def _row(self, id, *, version, right, hours, **more):
        at = datetime.now(UTC) - timedelta(hours=hours, minutes=1)
        score = float(random.Random(id).random() < right)
        said = {"inputs": {"message": id}, "output": "refund", "latency_ms": 800.0, "scores": {"exact_match": score}}
        return {"id": id, "ts": at.isoformat(), "prompt": world.NAME, "version": version, **said, **more}

    def _import(self, rows):
        assert self("traces", "import", self.write("calls.jsonl", rows)).code == 0


@pytest.fixture
def shop(proposed, tmp_path, capsys):
    return Shop(shutil.copytree(proposed, tmp_path / "project"), capsys)


@pytest.fixture
def staged(shop):
    assert shop("proposals", "approve", "--staged").code == 0
    return shop


GOOD = {"control": 0.7, "canary": 0.9}
BAD = {"control": 0.9, "canary": 0.4}


def test_an_approved_version_goes_out_in_steps_and_a_second_signature_moves_the_label(shop):
    shop.live(LIVE)
    said = shop("proposals", "approve").out
    assert "goes to 20 % of subjects under production now, as canary 1" in said
    assert f"the last 7 days brought {LIVE} scored calls or more" in " ".join(said.split())
    assert (shop.production(), shop.incident()["state"]) == (1, "proposed")

    for percent, subjects in ((20, 500), (50, 250)):
        assert shop.canary()["percent"] == percent
        held = shop("monitor", "--json").document["releases"]
        assert [look["deed"] for look in held] == ["held"]
        shop.calls(subjects, right=GOOD)
        assert shop.production() == 1
        shop("monitor")

    waiting = shop.canary()
    assert (waiting["state"], waiting["percent"], shop.production()) == ("waiting", 50, 1)
    assert "nothing speaks against it" in waiting["reason"]
    assert "sign: promptkeeper canary promote shop/sort" in shop("canary", "status", world.NAME).out

    done = shop("canary", "promote", world.NAME, "--reason", "good for all", "--json").document
    assert (done["state"], done["percent"], shop.production()) == ("promoted", 100, 2)
    assert done["realised"]["low"] < done["realised"]["gain"] < done["realised"]["high"]
    assert done["realised"]["promised"]["gain"] > 0
    assert done["realised"]["n_canary"] >= 100
    assert shop.incident()["state"] == "resolved"
    assert "canary 1, promoted at 100 %, gain in production +0." in shop("proposals", "show", "1").out
    record = shop("canary", "record", "--json").document
    assert [(r["promoted"], r["rolled_back"], r["promises"]["n"]) for r in record] == [(1, 0, 1)]
    assert "1 released: promised" in shop("canary", "record").out
    assert shop("audit", "verify").code == 0


def test_while_a_release_is_under_way_no_cycle_begins_for_its_incident(staged):
    (run,) = staged("cycle", world.NAME, "--json").document["runs"]
    assert (run["stop_reason"], run["proposal_id"]) == ("waiting_for_review", None)
    assert run["stop_detail"] == "canary 1 releases version 2 to 20 % of subjects"


def test_a_version_that_loses_goes_back_by_itself_with_the_reason(staged):
    staged.calls(500, right=BAD)
    (look,) = staged("monitor", "--json").document["releases"]
    assert look["deed"] == "rolled_back"
    gone = staged.canary()
    assert (gone["state"], gone["percent"], gone["ended_by"]) == ("rolled_back", 0, "release")
    assert "exact_match is" in gone["reason"]
    assert "points worse" in gone["reason"]
    assert gone["realised"]["gain"] < -0.3
    assert staged.production() == 1
    incident = staged.incident()
    assert (incident["state"], incident["note"]) == ("regressed", f"canary 1 was rolled back: {gone['reason']}")
    served = {staged("canary", "arm", world.NAME, "--subject", f"u{n}", "--json").document["version"] for n in range(9)}
    assert served == {1}
    assert "0 promoted, 1 rolled back" in staged("canary", "record", world.NAME).out
    with staged.library() as library:
        tried = next(a for a in library.runs.attempts() if a.state == "rejected")
        assert gone["reason"] in tried.reason
        from agent.cycle import due

        assert [wish.prompt for wish in due(library, ())] == [world.NAME]


def test_without_the_traffic_to_judge_it_the_label_moves_at_once_and_the_answer_says_why(shop):
    shop.live(70)
    said = " ".join(shop("proposals", "approve").out.split())
    assert "shop/sort@2 is production now" in said
    assert (
        "released at once: 10 scored calls a day; steps of 50 scored calls at 20 and 50 % would take 35 days, "
        "and at most 14 are allowed" in said
    )
    assert shop.production() == 2
    assert shop("canary", "status").out.strip() == "no release in steps runs"
    assert shop("canary", "status", world.NAME).out.strip() == "no release in steps of shop/sort yet"
    assert shop("canary", "record").out.strip() == "no release in steps has ended yet"


def test_a_reviewer_may_release_at_once_or_in_steps_and_the_audit_log_says_so(shop):
    shop.live(LIVE)
    done = shop("proposals", "approve", "--at-once", "--json").document
    assert (done["canary"], done["release"]) == (None, "released at once, as the reviewer chose")
    assert shop.production() == 2
    lines = [json.loads(line) for line in shop("audit", "export").out.splitlines()]
    (approved,) = [line for line in lines if line["action"] == "proposal.approved"]
    assert approved["detail"]["release"] == "released at once, as the reviewer chose"


def test_paused_it_goes_no_further_resumed_it_does(staged):
    shown = staged("canary", "pause", world.NAME, "--reason", "fair week").out
    assert "paused" in shown
    assert "fair week" in shown
    staged.calls(500, right=GOOD)
    assert [look["deed"] for look in staged("monitor", "--json").document["releases"]] == ["held"]
    assert staged.canary()["percent"] == 20
    assert staged.canary()["reading"]["n_stage"] >= 50
    assert staged("canary", "resume", world.NAME).code == 0
    assert [look["deed"] for look in staged("monitor", "--json").document["releases"]] == ["advanced"]
    assert "already running" in staged.fails("canary", "resume", world.NAME, code=1)


def test_paused_it_still_goes_back_when_it_loses(staged):
    staged("canary", "pause", world.NAME)
    staged.calls(500, right=BAD)
    assert [look["deed"] for look in staged("monitor", "--json").document["releases"]] == ["rolled_back"]


def test_a_person_rolls_back_with_a_reason_and_once(staged):
    assert "missing option '--reason'" in staged.fails("canary", "rollback", world.NAME)
    done = staged("canary", "rollback", world.NAME, "--reason", "a customer complained", "--json").document
    assert (done["state"], done["reason"]) == ("rolled_back", "a customer complained")
    assert staged.incident()["state"] == "regressed"
    assert "no canary runs" in staged.fails("canary", "rollback", world.NAME, "--reason", "again")
    assert "no canary runs" in staged.fails("canary", "promote", world.NAME)


def test_a_label_moved_by_hand_takes_the_place_of_the_release(staged):
    staged.write("other.md", world.PROMPT.replace("You sort", "Please sort"))
    staged("prompts", "add", world.NAME, staged.folder / "other.md")
    assert staged("prompts", "label", world.NAME, "production", "3", "--reason", "urgent").code == 0
    assert staged.canary()["state"] == "superseded"
    assert staged.canary()["reason"] == "version 3 took its place"
    assert staged("monitor", "--json").document["releases"] == []
    assert staged.production() == 3


def test_a_version_is_started_by_hand_once_and_subjects_keep_their_arm(staged):
    assert "releases this version already" in staged.fails("canary", "start", world.NAME, "2")
    staged("canary", "rollback", world.NAME, "--reason", "try again")
    started = staged("canary", "start", world.NAME, "2", "--json").document
    assert (started["id"], started["state"], started["proposal_id"]) == (2, "running", None)
    assert "already there, at version 1" in staged.fails("canary", "start", world.NAME, "1")
    assert "no version 9" in staged.fails("canary", "start", world.NAME, "9")
    assert "'staging' is not set" in staged.fails("canary", "start", world.NAME, "2", "--label", "staging", code=1)
    asked = [staged("canary", "arm", world.NAME, "--subject", "ada", "--json").document for _ in range(2)]
    assert asked[0] == asked[1]
    assert asked[0]["arm"] in {"2:20:control", "2:20:canary"}
    assert "20 % of subjects" in staged("canary", "status", world.NAME).out
    assert "shop/sort@2" in staged("canary", "status").out


def test_a_call_of_an_arm_must_say_its_version_and_a_real_arm(staged):
    row = {"id": "x", "ts": "2026-09-01T00:00:00Z", "prompt": world.NAME, "inputs": {}, "arm": "1:20:canary"}
    line = staged.fails("traces", "import", staged.write("t.jsonl", [row]))
    assert "no version" in line
    line = staged.fails("traces", "import", staged.write("t.jsonl", [{**row, "version": 2, "arm": "canary"}]))
    assert "t.jsonl, line 1" in line
    assert "is not an arm" in line


def test_where_another_reviewer_must_sign_the_one_who_approved_may_not(staged):
    staged.write("policies/rulebook.yaml", RULES.replace("release: {", "release: {approver_may_promote: false, "))
    line = staged.fails("canary", "promote", world.NAME, code=1)
    assert "approved it and may not sign it a second time" in line
    assert staged.production() == 1


def test_where_the_rulebook_lets_the_approval_stand_the_last_step_needs_no_signature(shop):
    shop.write("policies/rulebook.yaml", RULES.replace("release: {", "release: {staged: always, promote: automatic, "))
    shop("proposals", "approve")
    for subjects in (500, 250):
        shop.calls(subjects, right=GOOD)
        shop("monitor")
    assert (shop.canary()["state"], shop.canary()["ended_by"], shop.production()) == ("promoted", "release", 2)
    with shop.library() as library:
        last = library.prompts.moves(world.NAME)[-1]
        assert last.actor == library.proposals.list()[0].decided_by
        assert library.proposals.list()[0].content_hash == library.prompts.version(world.NAME, 2).content_hash


def test_a_rulebook_whose_steps_do_not_rise_to_100_is_refused(shop):
    shop.write("policies/rulebook.yaml", "release: {steps: [50, 25]}\n")
    assert "release.steps" in shop.fails("proposals", "approve")
