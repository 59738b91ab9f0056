"""Policy files: strict, owned, only tightening; packs that prove themselves; waivers that expire."""

from dataclasses import replace
from datetime import date

import pytest

from library.errors import InputError
from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.policy import CHECKS, Example
from policies.guardrails.policy_file import DEFAULT_PACKS, load_policy, pack_names, self_test

ANY_DAY = date(2026, 1, 1)
CURRENT = (
    "Before any refund, confirm the order number. Tell guests about opioids, benzodiazepines and stimulants. {order}"
)


def decided(candidate: str, policy_text: str, today: date = ANY_DAY):
    return check(plain_subject(CURRENT, candidate), load_policy(policy_text, "mine.yaml"), today=today)


def test_without_a_file_all_shipped_packs_apply() -> None:
    policy = load_policy(None, "shipped packs")
    assert policy.checks == CHECKS
    assert set(DEFAULT_PACKS) == set(pack_names())
    assert self_test(policy) == ()


def test_self_test_finds_a_check_that_does_not_do_what_it_says() -> None:
    policy = load_policy(None, "shipped packs")
    wrong = Example(check="brand", good=False, current="Be kind.", candidate="Be very kind.")
    failures = self_test(replace(policy, examples=(*policy.examples, wrong)))
    assert [(f.check, f.wanted) for f in failures] == [("brand", "fires")]
    bare = self_test(replace(policy, examples=tuple(e for e in policy.examples if e.check != "config")))
    assert [(f.check, f.wanted) for f in bare] == [("config", "has good and bad examples")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nprotcted: []", "mine.yaml: unknown key 'protcted'"),
        ("version: 1\nprotected: [{id: a, text: b, mod: x}]", "unknown key 'protected.0.mod'"),
        ("version: 2", "key 'version'"),
        ("version: 1\nbudget: {max_chars: many}", "key 'budget.max_chars'"),
        ("version: 1\nowners: [a", "mine.yaml:2: broken YAML"),
        ("just text", "a policy file is a mapping"),
        ("version: 1\nversion: 1", "key 'version' is written twice"),
        ("version: 1\nextends: [pack:nowhere]", "'pack:nowhere' is not a shipped pack"),
        ("version: 1\nrules: {secret-leek: block}", "unknown rule 'secret-leek'"),
        ("version: 1\nprotected: [{id: a}]", "either 'text' or 'contains_all'"),
        ("version: 1\nprotected: [{id: a, text: b}, {id: a, text: c}]", "'a' is used twice"),
        ("version: 1\npack: mine", "belong to shipped packs"),
        ("version: 1\nlanguage: english", "key 'language'"),
        (
            "version: 1\nwaivers: [{rule: brand, candidate: 'sha256:"
            + "0" * 64
            + "', reason: a, by: b, expires: 2026-01-01}]",
            "waivers need owners",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        load_policy(text, "mine.yaml")
    assert said in str(error.value)
    assert "mine.yaml" in str(error.value)
    assert "\n" not in str(error.value)


VERBATIM = """
version: 1
owners: [clinic]
protected:
  - {id: refund, text: "Before any refund, confirm the order number.", mode: MODE}
"""


@pytest.mark.parametrize(
    ("mode", "candidate", "decision"),
    [
        ("verbatim", CURRENT.replace("Before any refund", "**before any refund**"), "allow"),
        ("verbatim", CURRENT.replace("Before any refund, confirm", "Prior to any refund, confirm"), "block"),
        ("equivalent", CURRENT.replace("Before any refund, confirm", "Prior to any refund, confirm"), "flag"),
        ("equivalent", CURRENT.replace("confirm the order number", "you may confirm the order number"), "block"),
        ("presence", CURRENT.replace("Before any refund, confirm the order number. ", ""), "block"),
        ("presence", "Greet the guest first. " + CURRENT, "allow"),
    ],
)
def test_modes_of_a_protected_clause(mode: str, candidate: str, decision: str) -> None:
    assert decided(candidate, VERBATIM.replace("MODE", mode)).decision == decision


def test_a_protected_clause_is_read_from_the_file_not_from_the_candidate() -> None:
    policy = "{version: 1, protected: [{id: a, text: Never sell a pass.}]}"
    assert decided(CURRENT + " More.", policy).decision == "block"
    assert decided(CURRENT + " Never sell a pass.", policy).decision == "allow"


def test_words_that_must_stay_together() -> None:
    policy = "{version: 1, protected: [{id: drugs, contains_all: [opioids, benzodiazepines, stimulants]}]}"
    assert decided(CURRENT.replace("opioids, benzodiazepines", "benzodiazepines, opioids"), policy).decision == "allow"
    seen = decided(CURRENT.replace("benzodiazepines and ", ""), policy)
    assert ("protected-clause", "contains-all") in {(f.policy, f.rule) for f in seen.findings}


def test_a_file_may_tighten_but_not_loosen() -> None:
    candidate = CURRENT + " See http://unknown-host.net/help"
    assert decided(candidate, "{version: 1}").decision == "flag"
    assert decided(candidate, "{version: 1, rules: {unknown-url: block}}").decision == "block"
    assert decided(candidate, "{version: 1, urls: {allow: [unknown-host.net]}}").decision == "allow"


def test_settings_of_a_file_take_effect() -> None:
    longer = CURRENT + " Be kind to everybody."
    assert "length-budget" in decided(longer, "{version: 1, budget: {max_chars: 100}}").fired
    assert "forbidden-phrase" in decided(longer, "{version: 1, lexicon: {forbidden: [be kind]}}").fired
    assert "variables" in decided(longer, "{version: 1, variables: {required: [guest]}}").fired
    assert decided(longer + " {guest}", "{version: 1, variables: {optional: [guest]}}").decision == "allow"
    assert "output-contract" in decided(longer, "{version: 1, contract: {json_keys: [room]}}").fired
    assert "output-contract" in decided(longer, "{version: 1, contract: {sentinel: [Call us.]}}").fired


WAIVED = """
version: 1
owners: [clinic]
budget: {max_chars: 100}
waivers:
  - {rule: length-budget, candidate: "HASH", reason: new table, by: j.doe, expires: 2026-03-01}
"""


def test_a_waiver_holds_for_one_candidate_until_it_expires() -> None:
    candidate = CURRENT + " Be kind to everybody."
    text = WAIVED.replace("HASH", plain_subject(CURRENT, candidate).candidate.hash)
    held = decided(candidate, text)
    assert (held.decision, [f.policy for f in held.waived]) == ("allow", ["length-budget"])
    assert decided(candidate + "!", text).decision == "block"
    late = decided(candidate, text, today=date(2026, 3, 2))
    assert late.decision == "block"
    assert "waiver-expired" in {f.rule for f in late.findings}
