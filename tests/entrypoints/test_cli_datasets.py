"""`promptkeeper datasets`."""

import json

import pytest

from library.datasets import normalised, role_for


def items(count: int, **more: object) -> list[dict[str, object]]:
    return [{"inputs": {"message": f"text {n}"}, "expected": "billing", **more} for n in range(count)]


def roles(promptkeeper, dataset: str) -> dict[str, str]:
    shown = promptkeeper("datasets", "show", "support/triage", dataset, "--limit", 1000, "--json").document
    return {i["inputs"]["message"]: i["role"] for i in shown}


def test_auto_gives_roles_by_the_stable_hash_of_the_text(triage):
    triage.write("d.jsonl", items(60, segment="cards", tags=["early"], kind="ignored"))
    done = triage("datasets", "add", "support/triage", "golden", "d.jsonl", "--json").document
    assert (done["read"], done["added"], done["skipped"], done["kept_role"]) == (60, 60, 0, 0)
    assert set(done["roles"]) == {"learn", "select", "gate"}
    for text, role in roles(triage, "golden").items():
        assert role == role_for("support/triage", normalised({"message": text}))
    one = triage("datasets", "show", "support/triage", "golden", "--json").document[0]
    assert (one["segment"], one["tags"], one["expected"]) == ("cards", ["early"], "billing")


def test_adding_again_adds_nothing(triage):
    triage.write("d.jsonl", items(5))
    triage("datasets", "add", "support/triage", "golden", "d.jsonl")
    done = triage("datasets", "add", "support/triage", "golden", "d.jsonl", "--json").document
    assert (done["added"], done["skipped"]) == (0, 5)


def test_a_chosen_role_is_kept_and_the_lists_count_it(triage):
    triage.write("d.jsonl", items(4))
    triage("datasets", "add", "support/triage", "must", "d.jsonl", "--role", "anchor")
    listed = triage("datasets", "list", "support/triage", "--json").document
    assert listed == [{"prompt": "support/triage", "dataset": "must", "items": 4, "roles": {"anchor": 4}}]
    assert "must" in triage("datasets", "list").out


def test_a_text_keeps_the_role_it_has_elsewhere(triage):
    triage.write("a.jsonl", [{"inputs": {"message": "Where is my money?"}}])
    triage.write("b.jsonl", [{"inputs": {"message": "WHERE is my  money"}}, {"inputs": {"message": "new"}}])
    triage("datasets", "add", "support/triage", "seen", "a.jsonl", "--role", "learn")
    done = triage("datasets", "add", "support/triage", "proof", "b.jsonl", "--role", "gate", "--json").document
    assert (done["kept_role"], done["roles"]) == (1, {"gate": 1, "learn": 1})
    assert roles(triage, "proof") == {"WHERE is my  money": "learn", "new": "gate"}


@pytest.mark.parametrize("held", ["select", "gate", "anchor"])
def test_what_no_teacher_may_read_cannot_become_learn(triage, held):
    triage.write("a.jsonl", [{"inputs": {"message": "secret"}}])
    triage.write("b.jsonl", [{"inputs": {"message": "new"}}, {"inputs": {"message": "Secret!"}}])
    triage("datasets", "add", "support/triage", "held", "a.jsonl", "--role", held)
    shown = triage.fails("datasets", "add", "support/triage", "open", "b.jsonl", "--role", "learn")
    assert f"b.jsonl, line 2: this text is a {held} item already" in shown
    assert [d["dataset"] for d in triage("datasets", "list", "--json").document] == ["held"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "broken JSON"),
        ('{"expected": "x"}', "field 'inputs' is missing"),
        ('{"inputs": {}}', "inputs: missing message"),
        ('{"inputs": {"message": "m", "tone": "t"}}', "inputs: unknown tone"),
        ('{"inputs": {"text": "m"}}', "inputs: missing message; unknown text"),
        ('{"inputs": "m"}', "field 'inputs'"),
        ('{"inputs": {"message": "m"}, "tags": "t"}', "field 'tags'"),
        ('{"inputs": {"message": "m"}, "segment": 3}', "field 'segment'"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_added(triage, bad, said):
    triage.write("d.jsonl", json.dumps(items(1)[0]) + "\n" + bad + "\n")
    shown = triage.fails("datasets", "add", "support/triage", "golden", "d.jsonl")
    assert "d.jsonl, line 2: " in shown
    assert said in shown
    assert triage("datasets", "list", "--json").document == []


def test_values_that_are_no_text_become_canonical_json(triage):
    triage.write("d.jsonl", [{"inputs": {"message": {"b": 1, "a": None}}, "expected": {"queue": "x"}}])
    triage("datasets", "add", "support/triage", "golden", "d.jsonl")
    one = triage("datasets", "show", "support/triage", "golden", "--json").document[0]
    assert (one["inputs"]["message"], one["expected"]) == ('{"a":null,"b":1}', '{"queue":"x"}')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "nobody", "golden", "d.jsonl"), "no such prompt"),
        (("add", "support/triage", "Golden Set", "d.jsonl"), "'Golden Set' is no dataset name"),
        (("add", "support/triage", "harvest", "d.jsonl"), "'harvest' is where items of incidents go"),
        (("add", "support/triage", "golden", "no.jsonl"), "no.jsonl: no such file"),
        (("add", "support/triage", "golden", "policies"), "this is a folder"),
        (("add", "support/triage", "golden", "d.jsonl", "--role", "teach"), "'teach'"),
        (("show", "support/triage", "golden"), "no dataset 'golden'"),
        (("list", "nobody"), "no such prompt"),
    ],
)
def test_wrong_use(triage, words, said):
    triage.write("d.jsonl", items(1))
    assert said in triage.fails("datasets", *words)


def test_show_one_role_only(triage):
    triage.write("d.jsonl", items(30))
    triage("datasets", "add", "support/triage", "golden", "d.jsonl")
    shown = triage("datasets", "show", "support/triage", "golden", "--role", "gate", "--json").document
    assert {i["role"] for i in shown} == {"gate"}
    assert "text" in triage("datasets", "show", "support/triage", "golden").out
