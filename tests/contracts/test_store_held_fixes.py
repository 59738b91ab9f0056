"""Which approved changes still hold: what was released and not taken back."""

import pytest

from library.failures import Failure

NAME = "support/triage"


@pytest.fixture
def waiting(library, triage, propose, claim_run, now):
    """A pending proposal, with the failure `f-1` that its run saw."""
    proposal = propose()
    seen = Failure(
        id="f-1", prompt=NAME, incident_id=None, run_id=proposal.run_id, name="urgent mail", text="urgent mail",
        count=4, share=0.5, trace_ids=(), created_at=now,
    )  # fmt: skip
    library.failures.add(claim_run(owner="worker-2", dead_owner="worker-1"), [seen])
    return proposal


@pytest.fixture
def approved(library, waiting, reviewer, now):
    library.proposals.approve(waiting.id, content_hash=waiting.content_hash, actor=reviewer, now=now)
    return library.proposals.get(waiting.id)


def test_an_approved_change_is_told_with_the_prompt_before_and_after_it(library, approved):
    (fix,) = library.failures.held_fixes(["f-1", "unknown"])

    assert (fix.failure_id, fix.prompt, fix.name, fix.run_id) == ("f-1", NAME, "urgent mail", approved.run_id)
    assert fix.before == library.prompts.version(NAME, approved.base_version).content
    assert fix.after == approved.content
    assert fix.version == approved.version
    assert library.failures.held_fixes([]) == ()


def test_a_release_that_was_taken_back_did_not_hold_until_it_is_released_again(library, approved, reviewer, now):
    def move(version, expected):
        library.prompts.move_label(
            NAME, "production", version, expected=expected, actor=reviewer, reason="because", now=now
        )

    move(approved.base_version, approved.version)
    assert library.failures.held_fixes(["f-1"]) == ()

    move(approved.version, approved.base_version)
    assert [fix.version for fix in library.failures.held_fixes(["f-1"])] == [approved.version]


def test_a_change_that_waits_or_was_refused_is_no_fix(library, waiting, reviewer, now):
    assert library.failures.held_fixes(["f-1"]) == ()

    library.proposals.reject(waiting.id, actor=reviewer, reason="no", now=now)
    assert library.failures.held_fixes(["f-1"]) == ()
