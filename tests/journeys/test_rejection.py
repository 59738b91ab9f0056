"""What a reviewer has rejected does not come back, in the same words or nearly the same, and the reason is known."""

from datetime import timedelta

from tests.journeys import world
from tests.journeys.teachers import Teacher, mended

REASON = "The words club and membership belong to another team."


def both(current, number):
    """The same good idea every time."""
    return mended(current)


async def rejected(project):
    """A cycle whose proposal a reviewer has rejected."""
    first = await project.cycle(teach=Teacher(both))
    proposal = project.proposal(first)
    project.library.proposals.reject(proposal.id, actor=world.REVIEWER, reason=REASON, now=project.clock())
    project.clock.at += timedelta(hours=1)
    return proposal


async def test_a_rejected_idea_is_not_proposed_again(project):
    proposal = await rejected(project)
    assert project.library.incidents.get(proposal.incident_id).state == "open"

    again = await project.cycle(teach=Teacher(both))

    assert again.stop_reason == "only_duplicates"
    assert {a.state for a in project.attempts(again)} == {"duplicate"}
    assert f"attempt {proposal.attempt_number} of run {proposal.run_id} (rejected)" in project.attempts(again)[0].reason
    assert project.library.proposals.list(state="pending") == ()
    # No student was run on a text that was known.
    assert not any("stamps and club membership" in request for request in project.told("student"))


async def test_nearly_the_same_words_are_the_same_idea(project):
    await rejected(project)

    def nearly(current, number):
        return mended(current).replace("loyalty card", "lost loyalty card").replace("Rules:", "RULES:")

    again = await project.cycle(teach=Teacher(nearly))

    assert again.stop_reason == "only_duplicates"
    assert {a.state for a in project.attempts(again)} == {"duplicate"}


async def test_the_reason_of_a_rejection_stands_in_every_later_request_to_the_teacher(project):
    await rejected(project)

    def other(current, number):
        lines = {
            "account": world.LINES["account"] + "; loyalty card, bonus points and stamps",
            "product": world.LINES["product"] + "; robot mower, bluetooth, firmware, charging station, app trouble",
        }
        return mended(current, lines=lines)

    again = await project.cycle(teach=Teacher(other))

    assert again.stop_reason == "proposed"  # another idea is welcome
    assert project.told()
    assert all(REASON in request and "rejected by a reviewer" in request for request in project.told())
