"""`promptkeeper optimize` with the embedded models of a fresh installation: found, drawn, interrupted, refused."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from library.datasets import Item, item_id, normalised
from tests.journeys import world

REPOSITORY = Path(__file__).parents[2]
ROLES = ("learn", "select", "gate")
ORDER = ("optimize", world.NAME, "--dataset", "mail", "--seed", "3")


STRANGE = {**world.USUAL, **world.NEW, **world.NEW_IN_BILLING}


def items(count=90):
    """Mail in which four topics have only kinds of message that the prompt does not know; roles by turns."""
    rng = random.Random(4)
    found = []
    for number in range(count):
        topic = rng.choice(sorted(world.USUAL))
        inputs = {"message": world.say(topic, number, rng, STRANGE)}
        found.append(
            Item(
                id=item_id(world.NAME, "mail", inputs), prompt=world.NAME, dataset="mail", role=ROLES[number % 3],
                inputs=inputs, expected=topic, segment=world.SEGMENTS[topic], group=normalised(inputs),
                created_at=world.START,
            )
        )  # fmt: skip
    return found


@pytest.fixture
def shop(promptkeeper):
    """A project with a prompt, a dataset and a short search."""
    promptkeeper.write("policies/rulebook.yaml", "search: {max_rounds: 2, patience: 1}\n")
    with promptkeeper.library() as library:
        world.add_prompt(library)
        library.datasets.add(items())
    return promptkeeper


def test_a_better_prompt_is_found_without_an_incident_drawn_and_queued(shop):
    answer = shop(*ORDER, "--plot", "run.svg")

    assert answer.code == 0, answer
    assert answer.err == ""  # no progress in a pipe
    said = " ".join(answer.out.split())
    assert "ended proposed:" in said
    assert "next A person decides" in said
    assert "unseen items" in said
    assert "calls of the student" in said
    assert "●" in answer.out
    ElementTree.parse(shop.folder / "run.svg")
    (proposal,) = shop("proposals", "list", "--json").document
    assert f"proposals show {proposal['id']}" in said

    shown = shop("runs", "show", "1", "--svg", "again.svg")
    assert "dataset mail" in shown.out
    assert "select gain (95 %)" in shown.out
    assert (shop.folder / "again.svg").read_bytes() == (shop.folder / "run.svg").read_bytes()

    waiting = shop(*ORDER, "--json")
    assert waiting.code == 1
    assert waiting.document["stop_reason"] == "waiting_for_review"
    assert waiting.document["would_change"].startswith("Decide")


def test_the_document_holds_the_story_of_the_run(shop):
    document = shop(*ORDER, "--rounds", "1", "--json").document

    assert document["options"] == {
        "dataset": "mail", "strategy": "", "rounds": 1, "usd": None, "calls": None, "draft": "", "author": "",
    }  # fmt: skip
    assert document["seed"] == 3
    assert [r["number"] for r in document["story"]["rounds"]] == [1]
    spent = document["story"]["end"]
    assert spent["student_calls"] + spent["other_calls"] == document["spend"]["calls"]


def test_a_cap_of_its_own_ends_the_run_with_exit_3_and_names_the_option(shop):
    answer = shop(*ORDER, "--budget-calls", "20", "--json")

    assert answer.code == 3
    assert answer.document["stop_reason"] == "budget_spent"
    assert "--budget-calls" in answer.document["stop_detail"]
    assert answer.document["spend"]["calls"] <= 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dataset", "nothing"), "there is no dataset 'nothing'"),
        (("--dataset", "mail", "--strategy", "magic"), "there is no strategy 'magic'"),
        (("--dataset", "mail", "--budget-usd", "0"), "--budget-usd"),
        (("--dataset", "mail", "--budget-calls", "0"), "--budget-calls"),
        (("--dataset", "mail", "--rounds", "-1"), "--rounds"),
        (("--dataset", "mail", "--plot", "nowhere/run.svg"), "nowhere/run.svg"),
        ((), "--dataset"),
    ],
)
def test_bad_input_is_one_line_and_starts_no_run(shop, words, said):
    assert said in shop.fails("optimize", world.NAME, *words)
    assert shop("runs", "list", "--json").document == []


def paid(shop):
    """Finished model calls of the first run."""
    file = shop.folder / ".promptkeeper" / "library.db"
    with closing(sqlite3.connect(file)) as database:
        return database.execute("SELECT count(*) FROM calls WHERE scope = 'run:1'").fetchone()[0]


def test_ctrl_c_keeps_the_run_and_the_same_command_goes_on_with_it(shop):
    program = "import sys; from agent.entrypoints.cli.main import main; sys.exit(main())"
    running = subprocess.Popen(
        [sys.executable, "-c", program, *ORDER, "--rounds", "1"],
        cwd=shop.folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while running.poll() is None and paid(shop) < 20:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)

    assert (running.returncode, out) == (130, ""), err
    assert len(err.splitlines()) == 1, err
    assert "run 1 is kept" in err
    before = paid(shop)

    other = shop.fails(*ORDER, "--rounds", "2", code=1)
    assert "was started otherwise" in other

    done = shop(*ORDER, "--rounds", "1", "--json")
    assert done.code == 0
    assert done.document["id"] == 1
    assert done.document["spend"]["calls"] > before
    assert len(shop("runs", "list", "--json").document) == 1
