"""The life of an incident: every legal move passes, every other one is refused."""

from datetime import UTC, datetime
from itertools import product
from typing import get_args

import pytest

from library.errors import Refused
from library.incidents import ACTIVE, MOVES, Degradation, Incident, IncidentState, check_move

NOW = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
STATES = get_args(IncidentState)


def incident(state):
    degradation = Degradation(
        metric="exact_match",
        evaluator="programmatic",
        revision="1",
        detected_at=NOW,
        onset=NOW,
        onset_earliest=NOW,
        onset_latest=NOW,
        before=0.9,
        after=0.7,
        effect=0.2,
        effect_low=0.1,
        effect_high=0.3,
        n_before=100,
        n_after=50,
        evidence=10.0,
        threshold=9.0,
        segment=None,
        segments=(),
    )
    return Incident(
        id=3,
        prompt="support/triage",
        version=1,
        state=state,
        degradation=degradation,
        diagnosis=None,
        opened_at=NOW,
        updated_at=NOW,
    )


def test_the_table_speaks_of_every_state_and_no_other():
    assert set(MOVES) == set(STATES)
    assert set().union(*MOVES.values()) <= set(STATES)
    assert set(STATES) - ACTIVE == {"resolved", "dismissed"}


@pytest.mark.parametrize(("state", "to"), list(product(STATES, STATES)))
def test_a_move_passes_exactly_when_the_table_has_it(state, to):
    if to == state or to in MOVES[state]:
        check_move(incident(state), to)
    else:
        with pytest.raises(Refused, match=f"{state} cannot become {to}") as caught:
            check_move(incident(state), to)
        assert caught.value.place == "incident 3"


def test_only_what_was_resolved_or_under_release_can_come_back():
    assert [state for state in STATES if "regressed" in MOVES[state]] == ["proposed", "resolved"]
