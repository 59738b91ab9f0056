"""Every reason why a run stops comes with what would change it."""

from typing import get_args

from agent.next_step import WOULD_CHANGE
from library.runs import StopReason


def test_every_reason_has_its_sentence_and_no_sentence_is_left_over():
    assert set(WOULD_CHANGE) == set(get_args(StopReason))
    assert all(text.endswith(".") for text in WOULD_CHANGE.values())
