"""`promptkeeper prompts`."""

import json

import pytest

from library.prompts import Content


def test_add_list_show(triage):
    listed = triage("prompts", "list", "--json").document
    assert [(p["name"], p["labels"], p["latest"]) for p in listed] == [("support/triage", {"production": 1}, 2)]
    shown = triage("prompts", "show", "support/triage@2", "--json").document
    text = (triage.folder / "v2.md").read_text()
    assert shown["text"] == text
    assert shown["content_hash"] == Content(text=text).hash
    assert shown["variables"] == ["message"]
    assert triage("prompts", "show", "support/triage", "--json").document["version"] == 1
    assert triage("prompts", "show", "support/triage:latest", "--json").document["version"] == 2
    human = triage("prompts", "show", "support/triage").out
    assert "version 1 of 2" in human
    assert "Message: {{message}}" in human


def test_the_same_text_again_adds_nothing(triage):
    answer = triage("prompts", "add", "support/triage", "v2.md", "--json").document
    assert (answer["version"], answer["added"]) == (2, False)


def test_a_new_version_keeps_format_and_config_unless_they_are_given(promptkeeper):
    promptkeeper.write("a.txt", "Sort {message}.")
    promptkeeper.write("b.txt", "Please sort {message}.")
    config = '{"temperature": 0, "max_tokens": 20}'
    assert promptkeeper("prompts", "add", "p", "a.txt", "--format", "f-string", "--config", config).code == 0
    assert promptkeeper("prompts", "add", "p", "b.txt").code == 0
    second = promptkeeper("prompts", "show", "p@2", "--json").document
    assert (second["format"], second["config"]) == ("f-string", {"temperature": 0, "max_tokens": 20})
    assert promptkeeper("prompts", "add", "p", "b.txt", "--config", "{}").code == 0
    assert promptkeeper("prompts", "show", "p@3", "--json").document["config"] == {}


def test_chat_messages(promptkeeper):
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]
    promptkeeper.write("chat.json", json.dumps(said))
    assert promptkeeper("prompts", "add", "chat", "chat.json", "--chat", "--label", "production").code == 0
    assert promptkeeper("prompts", "show", "chat", "--json").document["messages"] == said
    rendered = promptkeeper("prompts", "render", "chat", "--var", "q=Why?", "--json").document["messages"]
    assert rendered == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]


def test_text_from_standard_input_is_kept_as_it_is(process):
    assert process("prompts", "add", "p", "-", stdin="Grüße an {{name}}\r\n".encode()).code == 0
    assert json.loads(process("prompts", "show", "p:latest", "--json").out)["text"] == "Grüße an {{name}}\r\n"


def test_metrics_and_description_are_stored_and_changed(promptkeeper):
    promptkeeper.write("p.txt", "Say {{x}}")
    metric = '{"name": "regex", "pattern": "[a-z_]+"}'
    added = promptkeeper(
        "prompts", "add", "p", "p.txt", "--metric", metric, "--metric", "exact_match", "--description", "Says x."
    )
    assert added.code == 0
    listed = promptkeeper("prompts", "list", "--json").document[0]
    assert [m["name"] for m in listed["metrics"]] == ["regex", "exact_match"]
    assert listed["description"] == "Says x."
    assert promptkeeper("prompts", "add", "p", "p.txt", "--metric", "exact_match").code == 0
    assert promptkeeper("prompts", "list", "--json").document[0]["metrics"] == [{"name": "exact_match"}]


def test_a_text_that_looks_like_the_other_format_gets_a_note(promptkeeper):
    promptkeeper.write("p.txt", "Say {x}")
    answer = promptkeeper("prompts", "add", "p", "p.txt", "--json")
    assert answer.document["variables"] == []
    assert "--format f-string" in answer.err


@pytest.mark.parametrize(
    ("name", "content", "words", "said"),
    [
        ("p", "Sort {{message\nplease", (), "bad.txt: unbalanced '{{' at line 1, character 5"),
        ("p", "fine\n{x", ("--format", "f-string"), "bad.txt: unbalanced '{' at line 2"),
        ("p", "", (), "bad.txt: the prompt is empty"),
        ("p", b"a\n\xff\xfe", (), "bad.txt: not UTF-8 text (byte 2 at line 2)"),
        ("p", "a\x00b", (), "bad.txt: the prompt contains a NUL character"),
        ("Support", "x", (), "'Support' is not allowed"),
        ("a/versions", "x", (), "'versions' is a reserved name segment"),
        ("p", "x", ("--label", "latest"), "label 'latest' is kept by the library"),
        ("p", "x", ("--config", '{"api_base": "http://x"}'), "config key 'api_base' is not allowed"),
        ("p", "x", ("--config", "{"), "--config: broken JSON"),
        ("p", "x", ("--config", "[]"), "--config: not a JSON object"),
        ("p", "x", ("--metric", "no_such_metric"), "no metric 'no_such_metric'"),
        ("p", "x", ("--metric", '{"pattern": "x"}'), "a metric without a name"),
        ("p", "x", ("--chat",), "bad.txt: broken JSON"),
        ("p", "[]", ("--chat",), "bad.txt: not a list of messages"),
        ("p", '[{"role": "robot", "content": "x"}]', ("--chat",), "message 1 has the role 'robot'"),
        ("p", '[{"role": "user"}]', ("--chat",), "message 1 is not a role with its content"),
    ],
)
def test_bad_input_is_one_line_and_stores_nothing(promptkeeper, name, content, words, said):
    promptkeeper.write("bad.txt", content)
    assert said in promptkeeper.fails("prompts", "add", name, "bad.txt", *words)
    assert promptkeeper("prompts", "list", "--json").document == []


def test_a_missing_file_and_a_folder(promptkeeper):
    assert "nowhere.txt: no such file" in promptkeeper.fails("prompts", "add", "p", "nowhere.txt")
    assert "policies: this is a folder, not a file" in promptkeeper.fails("prompts", "add", "p", "policies")


def test_an_unknown_prompt_names_the_near_one(triage):
    assert "Did you mean support/triage" in triage.fails("prompts", "show", "support/triag")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("support/triage@9", "version 9"),
        ("support/triage:staging", "label 'staging' is not set"),
        ("support/triage@1:production", "does not name a version"),
    ],
)
def test_what_is_not_there(triage, reference, said):
    assert said in triage.fails("prompts", "show", reference)


def test_no_selector_means_production_and_never_another(promptkeeper):
    promptkeeper.write("p.txt", "Say {{x}}")
    assert promptkeeper("prompts", "add", "p", "p.txt").code == 0
    assert "label 'production' is not set" in promptkeeper.fails("prompts", "show", "p")


def test_label_and_history(triage):
    moved = triage("prompts", "label", "support/triage", "production", 2, "--reason", "it is better", "--json").document
    assert (moved["from_version"], moved["to_version"]) == (1, 2)
    history = triage("prompts", "history", "support/triage", "--json").document
    assert [v["version"] for v in history["versions"]] == [1, 2]
    assert history["versions"][1]["labels"] == ["production"]
    assert [(m["label"], m["to_version"], m["reason"]) for m in history["moves"]][-1] == (
        "production",
        2,
        "it is better",
    )
    human = triage("prompts", "history", "support/triage").out
    assert "it is better" in human
    assert max(map(len, human.splitlines())) <= 100


def test_a_label_moves_only_to_a_version_that_exists(triage):
    assert "version 7" in triage.fails("prompts", "label", "support/triage", "production", 7)
    assert triage("prompts", "list", "--json").document[0]["labels"] == {"production": 1}


@pytest.mark.parametrize(("a", "b"), [("1", "2"), ("@1", "latest"), ("production", ":latest")])
def test_diff_of_versions_and_labels(triage, a, b):
    document = triage("prompts", "diff", "support/triage", a, b, "--json").document
    assert (document["from"], document["to"], document["same"]) == (1, 2, False)
    assert "-Name the queue.\n+Name the queue, nothing else." in document["diff"]


def test_diff_shows_a_change_of_settings_alone(triage):
    assert triage("prompts", "add", "support/triage", "v2.md", "--config", '{"temperature": 0}').code == 0
    assert '+config: {"temperature":0}' in triage("prompts", "diff", "support/triage", 2, 3).out
    assert triage("prompts", "diff", "support/triage", 2, 2).out == "no difference\n"


def test_render_fills_each_variable_once(triage):
    out = triage("prompts", "render", "support/triage", "--var", "message={{message}} = 1").out
    assert out == "Name the queue.\n- billing: about money\nMessage: {{message}} = 1\n\n"


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ((), "missing message"),
        (("--var", "message=x", "--var", "colour=red"), "unknown colour"),
        (("--var", "message"), "'message' is not a variable with its value"),
        (("--var", "message=x", "--var", "message=y"), "variable 'message' is given twice"),
    ],
)
def test_render_wants_exactly_the_variables(triage, pairs, said):
    assert said in triage.fails("prompts", "render", "support/triage", *pairs)
