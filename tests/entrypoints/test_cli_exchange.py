"""`prompts import` and `export` in the formats of other tools."""

import json

import pytest
import yaml

MESSAGES = [
    {"role": "system", "content": "Answer in {{language}}.\n\n- be brief"},
    {"role": "user", "content": "{{question}}"},
    {"role": "assistant", "content": "Let me see."},
]
CONFIG = {
    "model": "openai/gpt-4.1-mini",
    "temperature": 0.2,
    "max_tokens": 300,
    "seed": 7,
    "stop": ["END"],
    "response_format": {"type": "json_object"},
}
FORMATS = ["prompty", "dotprompt", "langfuse", "mlflow", "promptfoo"]


def content_of(promptkeeper, reference):
    return promptkeeper("prompts", "show", reference, "--json").document["content_hash"]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("kind", ["text", "chat"])
def test_a_prompt_goes_out_and_comes_back_with_the_same_hash(promptkeeper, file_format, kind):
    promptkeeper.write("p", json.dumps(MESSAGES) if kind == "chat" else "Say {{question}} in {{language}}.\n\nBriefly.")
    chat = ["--chat"] if kind == "chat" else []
    promptkeeper("prompts", "add", "help/answer", "p", "--config", json.dumps(CONFIG), *chat)
    assert promptkeeper("prompts", "export", "out", "help/answer", "--format", file_format).code == 0
    assert promptkeeper("prompts", "import", "out", "--format", file_format, "--name", "back").code == 0
    assert content_of(promptkeeper, "back:latest") == content_of(promptkeeper, "help/answer:latest")
    again = promptkeeper("prompts", "import", "out", "--format", file_format, "--json").document
    assert again["prompts"][0] == {"name": "help/answer", "added": 0, "latest": 1, "labels_set": []}


@pytest.mark.parametrize("file_format", ["langfuse", "mlflow"])
def test_all_versions_and_labels_travel(triage, file_format):
    triage("prompts", "export", "out", "--format", file_format)
    done = triage("prompts", "import", "out", "--format", file_format, "--name", "copy", "--json").document["prompts"]
    assert done == [{"name": "copy", "added": 2, "latest": 2, "labels_set": ["production"]}]
    assert content_of(triage, "copy@1") == content_of(triage, "support/triage@1")


def test_metrics_and_items_travel_through_promptfoo(triage):
    rows = [{"inputs": {"message": f"Invoice {n}"}, "expected": "Billing", "segment": "eu"} for n in range(4)]
    triage.write("items.jsonl", rows)
    triage("datasets", "add", "support/triage", "golden", "items.jsonl")
    triage("prompts", "export", "pf.yaml", "support/triage", "--format", "promptfoo")
    said = yaml.safe_load((triage.folder / "pf.yaml").read_text())
    assert {test["assert"][0]["value"] for test in said["tests"]} == {"billing"}
    done = triage("prompts", "import", "pf.yaml", "--format", "promptfoo", "--name", "copy", "--json").document
    assert done["items_added"] == 4
    shown = triage("datasets", "show", "copy", "imported", "--json").out
    assert shown.count('"Billing"') == 4


REAL = """\
description: Queue names
prompts:
  - file://queue.txt
providers: [openai:gpt-4.1-mini]
defaultTest:
  assert:
    - {type: llm-rubric, value: Names one queue only}
    - {type: javascript, value: output.length < 20}
tests:
  - vars: {message: "Where is my money?"}
    assert: [{type: icontains, value: billing}]
  - vars: {message: The app crashes}
    assert: [{type: icontains, value: bug}, {type: similar, value: bug}]
"""


def test_tests_of_promptfoo_become_items_and_metrics_and_the_rest_is_told(promptkeeper):
    promptkeeper.write("queue.txt", "Queue for {{message}}?")
    promptkeeper.write("pf.yaml", REAL)
    answer = promptkeeper("prompts", "import", "pf.yaml", "--format", "promptfoo", "--name", "queue", "--json")
    assert answer.document["items_added"] == 2
    assert "left out: test 2: assertion 'similar'" in answer.err
    assert "left out: test 1: assertion 'javascript'" in answer.err
    metrics = promptkeeper("prompts", "list", "--json").document[0]["metrics"]
    assert [m["name"] for m in metrics] == ["contains", "judge"]


PROMPTY = """\
---
name: Basic Prompt
authors: [someone]
model:
  api: chat
  configuration: {type: azure_openai, azure_deployment: gpt-35, azure_endpoint: "https://x.example", api_key: k}
  parameters: {max_tokens: 100, top_k: 3}
---
system:
Help people.

user:
{{question}}
"""


def test_a_prompty_file_leaves_keys_and_addresses_outside(promptkeeper):
    promptkeeper.write("basic.prompty", PROMPTY)
    answer = promptkeeper("prompts", "import", "basic.prompty", "--format", "prompty", "--json")
    assert answer.document["prompts"][0]["name"] == "basic"
    assert {"model.configuration.api_key stays outside", "setting 'top_k' has no place here"} <= set(
        answer.document["left_out"]
    )
    shown = promptkeeper("prompts", "show", "basic:latest", "--json").out
    assert "azure/gpt-35" in shown
    assert "x.example" not in shown


@pytest.mark.parametrize(
    ("file_format", "text", "said"),
    [
        ("dotprompt", "Hi {{#if a}}x{{/if}}", "'{{#if a}}' at line 1 is more than a variable"),
        ("dotprompt", "Hi\n{{>part}}", "at line 2"),
        ("dotprompt", "{{role 'user'}}\n{{history}}", "more than a variable"),
        ("dotprompt", "---\nname: a\n", "front matter is never closed"),
        ("dotprompt", "---\n{[\n---\nx", "broken YAML"),
        ("prompty", "user:\n{% for a in b %}x{% endfor %}", "'{% for a in b %}'"),
        ("prompty", "user:\n{{ name | upper }}", "more than a variable"),
        ("prompty", "user:\n{{{name}}}", "more than a variable"),
        ("langfuse", '{"name": "a", "version": 1, "prompt": [{"type": "placeholder", "name": "h"}]}', "placeholder"),
        ("langfuse", '{"name": "a", "version": 1, "prompt": "@@@langfusePrompt:name=b@@@"}', "made of other"),
        ("mlflow", '{"name": "a", "version": 1, "template": "{% if a %}x{% endif %}"}', "more than a variable"),
        ("promptfoo", "prompts: [file://make.js]", "is a program"),
        ("promptfoo", "prompts: [file://../x.txt]", "is outside the folder"),
        ("promptfoo", "prompts: ['Hi {{a}}']\ntests: [{vars: {a: [1, 2]}}]", "is a list or a file"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_adds_nothing(promptkeeper, file_format, text, said):
    promptkeeper.write("file", text)
    assert said in promptkeeper.fails("prompts", "import", "file", "--format", file_format, "--name", "a")
    assert promptkeeper("prompts", "list", "--json").document == []


def test_a_literal_brace_pair_is_refused_on_the_way_out(promptkeeper):
    promptkeeper.write("p", "Write {{{{ here, {{a}}")
    promptkeeper("prompts", "add", "a", "p")
    assert "cannot be said" in promptkeeper.fails("prompts", "export", "o", "a", "--format", "dotprompt")
    assert not (promptkeeper.folder / "o").exists()
