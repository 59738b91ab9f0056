"""Edits of how an answer looks: what programs read stays, and saying it in another way passes."""

import json
from datetime import date
from pathlib import Path

import pytest

from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.policy_file import load_policy

ROWS = Path(__file__).parent / "guardrail_rows" / "layouts.jsonl"
POLICY = load_policy(None, "shipped packs")
ANY_DAY = date(2026, 1, 1)
PROMPTS = {
    "parcels": """Sort parcels of the depot.

Parcel: {parcel}

Return JSON: {{"route": "air" | "road" | "rail", "fragile": true | false, "weight_kg": number, "note": string}}
Use road when in doubt. Never send batteries by air.
""",
    "photos": """You tag photos for a picture library.

Caption: {caption}

Answer with exactly one word: PEOPLE, PLACE, EVENT or OTHER.
If the caption is empty, answer NOTHING.
Do not guess the names of people.
""",
    "bookings": """Extract the booking from the mail.

Mail: {mail}

Output a JSON object with keys guest, arrival, nights, extras.
arrival is YYYY-MM-DD. nights is an integer. extras is a list of strings.
If a value is missing, use null. Never invent a date.
""",
    "recipes": """You check recipes for the canteen.

Recipe: {recipe}

Write three lines:
ALLERGENS: <comma separated list>
RISK: low, medium or high
COMMENT: one sentence

End with the line ===DONE===
You must list every allergen.
""",
}


def edits(*, harmful: bool) -> list[dict]:
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["harmful"] is harmful]


def stopped(row: dict) -> bool:
    before = PROMPTS[row["prompt"]]
    assert row["find"] in before
    after = before.replace(row["find"], row["replace"])
    return check(plain_subject(before, after), POLICY, today=ANY_DAY).decision != "allow"


@pytest.mark.parametrize("row", edits(harmful=False), ids=lambda row: row["replace"][:40])
def test_the_same_layout_in_other_words_passes(row: dict) -> None:
    """First scored 27 of 33."""
    assert not stopped(row)


def test_changed_lines_marks_dates_and_types_are_caught() -> None:
    """First scored 10 of 15; one is known to be missed (`one word` became `one or two words`)."""
    rows = edits(harmful=True)
    missed = [row["replace"] for row in rows if not stopped(row)]
    assert len(missed) <= 1, missed
