"""What a teacher may read: learn items, fenced, capped, without what identifies a person. Nothing else."""

import json
import re

import pytest

from library.datasets import ItemRole
from library.store.stores import open_library
from tests.journeys import world
from tests.journeys.project import opened
from tests.journeys.teachers import mended


def marked(text, number):
    """The message with a word of its own, by which it can be found again."""
    return f"{text} mark{number:05d}q"


MARK = re.compile(r"mark\d{5}q")
ROLES: tuple[ItemRole, ...] = ("learn", "select", "gate", "anchor")


@pytest.fixture
def marked_project(tmp_path):
    """Every message of traffic and test data carries a mark; the golden items have all four roles."""

    def fill(library):
        content = world.add_prompt(library)
        library.datasets.add(world.golden(decorate=lambda text, n: marked(text, 90_000 + n), roles=ROLES))
        library.traces.add(*world.traffic(content, decorate=marked))

    project = opened(tmp_path, fill)
    yield project
    project.library.db.close()


def marks_of(project, role):
    items = project.library.datasets.items(world.NAME, roles=(role,))
    return {mark for item in items for mark in MARK.findall(item.inputs["message"])}


async def test_a_teacher_reads_learn_items_only(marked_project):
    run = await marked_project.cycle()

    assert run.stop_reason == "proposed"
    requests = marked_project.told()
    read = {mark for request in requests for mark in MARK.findall(request)}
    learn = marks_of(marked_project, "learn")
    assert len(read) > 10  # otherwise this test would say nothing
    assert read <= learn
    for role in ("select", "gate", "anchor"):
        hidden = marks_of(marked_project, role)
        assert hidden, role
        assert not hidden & learn
    # The student has seen all of them, so they were really used.
    seen = {mark for request in marked_project.told("student") for mark in MARK.findall(request)}
    for role in ("select", "gate", "anchor"):
        assert seen & marks_of(marked_project, role), role


def two_ideas(request):
    """Two candidates in one answer: a text in full, and an edit by clause."""
    said = world.asked(request.messages)
    current = said.split("<current_prompt>\n", 1)[1].split("\n</current_prompt>", 1)[0]
    found = re.search(rf"^\[(\d+)\] {re.escape(world.LINES['product'])}$", said, re.MULTILINE)
    edit = {"op": "replace", "clause": int(found[1]) if found else 1, "text": world.BETTER["product"]}
    ids = re.findall(r'<example id="([^"]+)"', said)
    first = {"hypothesis": "account is new", "improved_prompt": mended(current, ("account",)), "predicted_fixed": ids}
    second = {"hypothesis": "product is new", "edits": [edit], "predicted_fixed": ids[:2]}
    return json.dumps({"candidates": [first, second]})


async def test_a_teacher_that_is_asked_for_several_candidates_reads_learn_items_only_in_every_round(marked_project):
    marked_project.rules = world.rulebook(search={"strategies": ["several"], "target": 1.0, "max_rounds": 3})

    run = await marked_project.cycle(teach=two_ideas)

    assert run.stop_reason == "proposed"
    rounds = [r for r in marked_project.told() if "<answer_format>candidates" in r]
    assert len(rounds) > 1
    read = {mark for request in marked_project.told() for mark in MARK.findall(request)}
    assert len(read) > 10
    assert read <= marks_of(marked_project, "learn")
    # Nor do what was written of earlier attempts and the names of failures carry a hidden text.
    hidden = {text for role in ROLES[1:] for text in _inputs(marked_project, role)}
    assert not any(text in request for request in marked_project.told() for text in hidden)


def _inputs(project, role):
    items = project.library.datasets.items(world.NAME, roles=(role,))
    return {item.inputs["message"] for item in items}


async def test_what_the_second_cycle_tells_of_the_first_holds_no_hidden_text_either(marked_project):
    first = await marked_project.cycle()
    marked_project.library.proposals.reject(
        first.proposal_id, actor=world.REVIEWER, reason="too long", now=marked_project.clock()
    )

    await marked_project.cycle()

    read = {mark for request in marked_project.told() for mark in MARK.findall(request)}
    assert "too long" in marked_project.told()[0]
    assert read
    assert read <= marks_of(marked_project, "learn")


async def test_personal_data_and_secrets_are_replaced_before_a_teacher_reads_them(tmp_path):
    card, mail = "4539 1488 0343 6467", "m.kowalczyk@webmail-post.net"

    def fill(library):
        content = world.add_prompt(library)
        library.traces.add(*world.traffic(content, decorate=lambda text, n: f"{text}, card {card}, write to {mail}"))

    project = opened(tmp_path, fill)

    run = await project.cycle()

    assert run.stop_reason == "proposed"
    requests = project.told()
    assert any("[CARD]" in r and "[EMAIL]" in r for r in requests)
    for said in (card, card.replace(" ", ""), mail):
        assert not any(said in r for r in requests)
    # Nor does the failure memory, nor the diagnosis, keep them.
    failures = project.library.failures.list()
    assert failures
    assert not any(card in f.text or mail in f.text for f in failures)
    diagnosis = repr(project.library.incidents.list()[0].diagnosis)
    assert card not in diagnosis
    assert mail not in diagnosis
    project.library.db.close()


async def test_production_text_stands_inside_its_fence_only(project):
    await project.cycle()

    for request in project.told():
        (nonce,) = set(re.findall(r"<input-([0-9a-f]+)>", request))
        fenced = re.sub(rf"<(input|expected|actual)-{nonce}>.*?</\1-{nonce}>", "", request, flags=re.S)
        assert not any(greeting + ", " in fenced for greeting in world.GREETINGS)


async def test_the_fence_cannot_be_foretold_by_whoever_writes_to_the_product(degraded, tmp_path):
    library = open_library(f"sqlite:///{degraded}/.promptkeeper/library.db")
    texts = "\n".join(t.inputs["message"] for t in library.traces.list(limit=None))
    library.db.close()
    project = opened(tmp_path)

    await project.cycle()

    nonces = {n for request in project.told() for n in re.findall(r"<input-([0-9a-f]+)>", request)}
    assert len(nonces) > 1  # another one for every request with other examples
    assert not any(nonce in texts for nonce in nonces)
    project.library.db.close()
