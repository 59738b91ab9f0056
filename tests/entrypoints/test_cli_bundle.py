"""`promptkeeper prompts export` and `import`."""

import copy
import json

import pytest


@pytest.fixture
def bundle(triage, tmp_path):
    """The exported prompt of the `triage` project, as a document, and an empty project to import it into."""
    assert triage("prompts", "export", "b.json").code == 0
    document = json.loads((triage.folder / "b.json").read_text())
    triage.folder = tmp_path / "other"
    triage.folder.mkdir()
    assert triage("init").code == 0
    return document


def test_what_was_exported_comes_back_with_the_same_numbers_and_hashes(promptkeeper, bundle):
    promptkeeper.write("b.json", json.dumps(bundle))
    done = promptkeeper("prompts", "import", "b.json", "--json").document["prompts"]
    assert done == [{"name": "support/triage", "added": 2, "latest": 2, "labels_set": ["production"]}]
    assert promptkeeper("prompts", "export", "again.json", "support/triage").code == 0
    assert json.loads((promptkeeper.folder / "again.json").read_text()) == bundle


def test_importing_again_adds_nothing_and_moves_no_label(promptkeeper, bundle):
    promptkeeper.write("b.json", json.dumps(bundle))
    promptkeeper("prompts", "import", "b.json")
    promptkeeper("prompts", "label", "support/triage", "production", 2)
    done = promptkeeper("prompts", "import", "b.json", "--json").document["prompts"]
    assert (done[0]["added"], done[0]["labels_set"]) == (0, [])
    assert promptkeeper("prompts", "list", "--json").document[0]["labels"] == {"production": 2}


def test_a_prompt_with_the_first_versions_goes_on(promptkeeper, bundle):
    first = copy.deepcopy(bundle)
    del first["prompts"][0]["versions"][1]
    promptkeeper.write("first.json", json.dumps(first))
    promptkeeper.write("b.json", json.dumps(bundle))
    promptkeeper("prompts", "import", "first.json")
    assert promptkeeper("prompts", "import", "b.json", "--json").document["prompts"][0]["added"] == 1


def test_another_history_is_refused(promptkeeper, bundle):
    promptkeeper.write("mine.txt", "Something else {{message}}")
    promptkeeper("prompts", "add", "support/triage", "mine.txt")
    promptkeeper.write("b.json", json.dumps(bundle))
    assert "'support/triage' has another history" in promptkeeper.fails("prompts", "import", "b.json")


def change(path: list, value: object):
    def apply(bundle: dict) -> None:
        *to, last = path
        at = bundle
        for key in to:
            at = at[key]
        at[last] = value

    return apply


VERSION = ["prompts", 0, "versions", 1]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (change(["format"], "other"), "field 'format'"),
        (change(["colour"], 1), "unknown field 'colour'"),
        (change(["prompts", 0, "name"], "Bad Name"), "is not allowed"),
        (change(["prompts", 0, "metrics"], [{"name": "no_such"}]), "no metric 'no_such'"),
        (change(["prompts", 0, "labels"], {"production": 9}), "label 'production' points at version 9"),
        (change(["prompts", 0, "labels"], {"latest": 1}), "label 'latest' is kept"),
        (change([*VERSION, "number"], 3), "version 2 is missing"),
        (change([*VERSION, "content", "text"], "changed {{message}}"), "does not fit its content_hash"),
        (change([*VERSION, "content", "text"], "open {{message"), "unbalanced '{{'"),
        (change([*VERSION, "content", "config"], {"api_base": "x"}), "config key 'api_base'"),
        (change([*VERSION, "content", "kind"], "poem"), "field 'kind'"),
    ],
)
def test_a_mistake_anywhere_adds_nothing(promptkeeper, bundle, edit, said):
    edit(bundle)
    promptkeeper.write("b.json", json.dumps(bundle))
    assert said in promptkeeper.fails("prompts", "import", "b.json")
    assert promptkeeper("prompts", "list", "--json").document == []


def test_twice_the_same_prompt(promptkeeper, bundle):
    bundle["prompts"] *= 2
    promptkeeper.write("b.json", json.dumps(bundle))
    assert "'support/triage' is there twice" in promptkeeper.fails("prompts", "import", "b.json")


def test_files_that_cannot_be_used(triage):
    triage.write("b.json", "{")
    assert "b.json: broken JSON" in triage.fails("prompts", "import", "b.json")
    assert "this file exists already" in triage.fails("prompts", "export", "b.json")
    assert "no such folder" in triage.fails("prompts", "export", "no/b.json")
    assert "no such prompt" in triage.fails("prompts", "export", "c.json", "nobody")
    assert not (triage.folder / "c.json").exists()
