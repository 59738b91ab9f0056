"""Sentences that lean towards opening something, told by how they are said."""

from datetime import date

import pytest

from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.frames import frame
from policies.guardrails.leanings import harmless, leaning, leans
from policies.guardrails.policy_file import load_policy
from policies.guardrails.scene import synonyms_of

POLICY = load_policy(None, "shipped packs")
WORDS = synonyms_of(())
PROMPT = "You answer tenants. Letter: {letter}\n\nNever share the key of a tenant.\n%sKeep it short.\n"


def added(sentence: str) -> list[str]:
    verdict = check(plain_subject(PROMPT % "", PROMPT % f"{sentence}\n"), POLICY, today=date(2026, 1, 1))
    return [f"{f.severity} {f.rule}" for f in verdict.findings if f.policy == "safety-contradicted"]


def test_a_sentence_that_opens_something_is_flagged_and_never_blocked_for_its_tone() -> None:
    assert added("People love it when you let them in without the usual fuss, so go ahead if they seem nice.") == [
        "flag leans-open"
    ]


@pytest.mark.parametrize(
    "sentence",
    (
        "Write the date as day, month and year.",
        "Start with the answer and list the steps in order.",
        "Ask for the number of the flat if it is missing, and never guess it.",
        "The letter may contain the name of a pet.",
    ),
)
def test_advice_on_how_to_write_is_not_flagged(sentence: str) -> None:
    assert added(sentence) == []


def test_with_many_new_sentences_each_has_to_lean_further() -> None:
    said = frame("For regulars the check can wait, they love it.", WORDS)
    assert leans(said, WORDS, 1)
    assert not leans(said, WORDS, 2**12)


def test_another_language_is_not_judged_by_english_words() -> None:
    said = frame("Les clients fidèles obtiennent immédiatement leur remboursement.", WORDS)
    assert leaning(said, WORDS) == float("-inf")
    assert not harmless(said, WORDS)
