"""Comments on a proposal are on the page on which a person decides, as text."""

from datetime import timedelta

from library.prompts import Actor, Content
from library.runs import Attempt
from library.store.comments import add_comment

NAME = "support/triage"
SIDE = {"baseline": 0.7, "candidate": 0.8, "gain": 0.1, "low": 0.04, "high": 0.16, "n": 120, "excluded": 0, "p": 0.01}


def propose(house):
    """A pending proposal with what the page shows."""
    library, now = house.library, house.clock()
    base = library.prompts.labelled(NAME, "production")
    said = {"trigger": "force", "incident_id": None, "base_version": base.number, "seed": 1}
    claim, run, _ = library.runs.claim(NAME, owner="test", lease=timedelta(minutes=5), now=now, **said)
    content = Content(text="Name one queue: {{message}}\n")
    library.runs.save_attempt(
        claim,
        Attempt(
            run_id=run.id, number=1, round=1, prompt=NAME, strategy="rewrite", hypothesis="One.", content=content,
            content_hash=content.hash, state="tested", reason="", result={}, created_at=now,
        ),
    )  # fmt: skip
    packet = {
        "hypothesis": "One queue only.", "strategy": "rewrite", "diagnosis": {}, "examples": [], "golden": {"n": 0},
        "comparison": {**SIDE, "fixed": [], "broken": [], "segments": []}, "anchors": {"checked": 0, "broken": []},
        "verdict": {"decision": "allow", "findings": []}, "models": {"student": "s", "teacher": "t"}, "tried": 1,
        "seed": 1, "spend": {"calls": 9, "usd": None}, "lineage": [{"attempt": 1, "strategy": "rewrite"}],
    }  # fmt: skip
    return library.proposals.create(
        claim, prompt=NAME, label="production", base=base, attempt_number=1, incident_id=None, content=content,
        policy_digest="d", packet=packet, now=now, expires_at=now + timedelta(days=14),
    )  # fmt: skip


def test_who_decides_reads_what_was_said_and_by_what_kind_of_caller(house):
    proposal = propose(house)
    page = f"/proposals/{proposal.id}"
    reader = house.browser("reviewer")
    assert "Comments" not in reader.get(page).text
    helper = Actor(name="helper", kind="agent", reviewer=False)
    add_comment(house.library.db, b"", proposal.id, actor=helper, said="<b>Look</b> twice", now=house.clock())
    shown = reader.get(page)
    assert shown.status_code == 200
    assert "&lt;b&gt;Look&lt;/b&gt; twice" in shown.text
    assert "helper, a program" in shown.text
