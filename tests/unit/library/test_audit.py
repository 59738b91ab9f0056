"""The hash of an audit line covers every field, the line before it, and the key."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from library.audit import GENESIS, chain_hash

LINE = {
    "at": datetime(2026, 9, 15, 12, 0, tzinfo=UTC),
    "actor": "rita",
    "action": "label.moved",
    "subject": "support/triage",
    "detail": {"to": 2, "from": 1},
}
SPELLED = (
    f'["{GENESIS}","2026-09-15T12:00:00+00:00","rita","label.moved","support/triage",{{"from":1,"to":2}}]'.encode()
)


def test_the_hash_can_be_recomputed_by_anybody_from_the_line():
    assert chain_hash(GENESIS, **LINE) == hashlib.sha256(SPELLED).hexdigest()


def test_with_a_key_it_is_the_hmac_of_the_same_line():
    assert chain_hash(GENESIS, **LINE, key=b"secret") == hmac.new(b"secret", SPELLED, hashlib.sha256).hexdigest()
    assert chain_hash(GENESIS, **LINE, key=b"other") != chain_hash(GENESIS, **LINE, key=b"secret")


@pytest.mark.parametrize(
    "changed",
    [
        {"at": LINE["at"] + timedelta(microseconds=1)},
        {"actor": "mallory"},
        {"action": "label.moved "},
        {"subject": "support/triag"},
        {"detail": {"to": 3, "from": 1}},
        {"detail": {}},
    ],
)
def test_every_field_counts(changed):
    assert chain_hash(GENESIS, **LINE | changed) != chain_hash(GENESIS, **LINE)


def test_the_line_before_counts():
    assert chain_hash("f" * 64, **LINE) != chain_hash(GENESIS, **LINE)


def test_text_cannot_wander_from_one_field_to_the_next():
    one = chain_hash(GENESIS, **LINE | {"actor": 'a","b', "action": "c"})
    other = chain_hash(GENESIS, **LINE | {"actor": "a", "action": 'b","c'})
    assert one != other


def test_the_order_of_keys_in_the_detail_does_not_count():
    assert chain_hash(GENESIS, **LINE | {"detail": {"from": 1, "to": 2}}) == chain_hash(GENESIS, **LINE)
