"""`promptkeeper cycle` and what follows it on the command line, with the embedded models of a fresh installation."""

import json

import pytest

from library.store.stores import open_library
from tests.journeys import world


@pytest.fixture
def degraded(promptkeeper):
    """A project whose only prompt has degraded, with a short search."""
    promptkeeper.write("policies/rulebook.yaml", "search: {max_rounds: 2, patience: 1, strategies: [clarify]}\n")
    library = open_library(f"sqlite:///{promptkeeper.folder}/.promptkeeper/library.db")
    world.build(library)
    library.db.close()
    return promptkeeper


def test_nothing_to_do_is_a_success(triage):
    answer = triage("cycle")

    assert answer.code == 0
    assert "nothing to do" in answer.out
    assert triage("cycle", "--json").document == {"runs": [], "refused": []}


def test_a_cycle_finds_the_incident_proposes_and_a_person_releases(degraded):
    # Without a name the command sweeps first, so that it sees what nobody has looked at yet.
    (run,) = degraded("cycle", "--json").document["runs"]

    assert run["prompt"] == world.NAME
    assert run["stop_reason"] == "proposed"
    assert run["path"][0] == "monitor"
    assert run["path"][-1] == "propose"
    assert run["spend"]["calls"] > 0

    shown = degraded("proposals", "show").out
    assert "gain" in shown
    assert "95 %" in shown
    assert degraded("prompts", "show", world.NAME, "--json").document["version"] == 1

    approved = degraded("proposals", "approve", str(run["proposal_id"]))
    assert approved.code == 0, approved
    assert degraded("prompts", "show", world.NAME, "--json").document["version"] == 2
    assert degraded("audit", "verify").code == 0

    again = degraded("cycle", world.NAME)
    assert again.code == 0
    assert "healthy" in again.out


def test_a_spent_budget_is_exit_3_and_names_the_setting(degraded):
    settings = degraded.folder / "promptkeeper.toml"
    settings.write_text(settings.read_text().replace("calls_per_cycle = 20000", "calls_per_cycle = 40"))

    answer = degraded("cycle")

    assert answer.code == 3
    assert "budget_spent" in answer.out
    assert "calls_per_cycle" in answer.out


def test_a_teacher_that_nobody_serves_is_exit_3(degraded):
    settings = degraded.folder / "promptkeeper.toml"
    served = 'model = "ollama_chat/none"\napi_base = "http://127.0.0.1:9"\nretries = 0'
    settings.write_text(settings.read_text().replace('model = "embedded/teacher"', served))

    answer = degraded("cycle", "--json")

    assert answer.code == 3
    (run,) = answer.document["runs"]
    assert run["stop_reason"] in {"teacher_down", "models_down"}


def test_an_unknown_name_runs_nothing(degraded):
    line = degraded.fails("cycle", "shop/sorts")

    assert "shop/sort" in line
    assert json.loads(degraded("runs", "list", "--json").out) == []


def test_a_prompt_that_another_cycle_works_on_is_refused(degraded):
    from datetime import UTC, datetime, timedelta

    with degraded.library() as library:
        library.runs.claim(
            world.NAME, owner="other-host:1:1", trigger="force", incident_id=None, base_version=1, seed=1,
            lease=timedelta(minutes=5), now=datetime.now(UTC),
        )  # fmt: skip

    answer = degraded("cycle", world.NAME)

    assert answer.code == 1
    assert "refused: shop/sort: run 1 of other-host:1:1 works on it" in answer.out
