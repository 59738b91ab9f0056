"""Comments on proposals: kept beside the evidence, in order, while there is something to decide; on both databases."""

from dataclasses import replace

import pytest

from library.errors import InputError, NotFound, Stale
from library.prompts import Actor
from library.store.comments import LONGEST, MOST, add_comment

HELPER = Actor(name="helper", kind="agent", reviewer=False)


def test_comments_stand_in_order_and_change_neither_content_nor_state(library, triage, propose, reviewer, now):
    before = propose()
    for actor, said in ((HELPER, "Look at <b>billing</b>."), (reviewer, "I will. 👋🏽")):
        after = add_comment(library.db, b"", before.id, actor=actor, said=said, now=now)
    assert [(c["by"], c["kind"], c["text"]) for c in after.packet["comments"]] == [
        ("helper", "agent", "Look at <b>billing</b>."),
        (reviewer.name, reviewer.kind, "I will. 👋🏽"),
    ]
    assert {**after.packet, "comments": None} == {**before.packet, "comments": None}
    assert replace(after, packet=before.packet) == before
    assert library.proposals.get(before.id) == after
    events = library.audit.events()[-2:]
    assert [(e.action, e.actor) for e in events] == [
        ("proposal.commented", "helper"),
        ("proposal.commented", reviewer.name),
    ]
    assert "billing" not in str(events[0].detail)  # what may quote production is not kept for ever
    assert library.audit.verify().ok


def test_what_is_decided_or_unknown_takes_no_comment(library, triage, propose, reviewer, now):
    proposal = propose()
    library.proposals.reject(proposal.id, actor=reviewer, reason="no", now=now)
    with pytest.raises(Stale, match="already rejected"):
        add_comment(library.db, b"", proposal.id, actor=HELPER, said="but", now=now)
    with pytest.raises(NotFound):
        add_comment(library.db, b"", 99, actor=HELPER, said="but", now=now)


@pytest.mark.parametrize("said", ["", "  \n", "x" * (LONGEST + 1)])
def test_a_comment_says_something_and_ends(library, triage, propose, now, said):
    with pytest.raises(InputError):
        add_comment(library.db, b"", propose().id, actor=HELPER, said=said, now=now)


def test_a_program_that_talks_without_end_is_stopped(library, triage, propose, now):
    proposal = propose()
    for number in range(MOST):
        add_comment(library.db, b"", proposal.id, actor=HELPER, said=str(number), now=now)
    with pytest.raises(InputError, match="already"):
        add_comment(library.db, b"", proposal.id, actor=HELPER, said="more", now=now)
