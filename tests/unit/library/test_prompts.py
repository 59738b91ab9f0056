"""Names, labels, the allow-list of settings, and the hash that binds a decision to a text."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.errors import InputError
from library.prompts import (
    CONFIG_TYPES,
    NAME_LIMIT,
    Content,
    Message,
    canonical_json,
    validate_config,
    validate_label,
    validate_name,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MESSAGES = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=TEXTS), max_size=3
).map(tuple)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 9999),
        "stop": st.lists(TEXTS, max_size=2),
        "response_format": st.dictionaries(TEXTS, TEXTS | st.integers() | st.none(), max_size=3),
    },
)
CONTENTS = st.builds(Content, format=st.sampled_from(["mustache", "f-string"]), text=TEXTS, config=CONFIGS) | st.builds(
    Content, kind=st.just("chat"), messages=MESSAGES, config=CONFIGS
)


@pytest.mark.parametrize("name", ["a", "support/triage", "a.b/c-d_e/0", "x" * 64, "/".join(["ab"] * 67), "latest/a"])
def test_legal_names(name):
    assert validate_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "a/", "/a", "a//b", "A", "a b", "a@1", "a:b", "é", ".", "..", "a/../b", "a\n", "x" * 65),
        *("labels", "a/versions", "trend/a", "cycles", "a" * (NAME_LIMIT + 1), "/".join(["ab"] * 67) + "c"),
    ],
)
def test_names_that_are_refused(name):
    with pytest.raises(InputError):
        validate_name(name)


def test_the_error_of_a_name_shows_the_segment_at_fault():
    with pytest.raises(InputError, match="'Bad One'"):
        validate_name("good/Bad One/x")


@pytest.mark.parametrize("label", ["production", "staging", "eu-west.1", "x" * 36])
def test_legal_labels(label):
    assert validate_label(label) == label


@pytest.mark.parametrize("label", ["latest", "", "Production", "a b", "a/b", "x" * 37, "production\n"])
def test_labels_that_are_refused(label):
    with pytest.raises(InputError):
        validate_label(label)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": "openai/gpt-4.1-mini", "temperature": 0, "top_p": 0.5, "max_tokens": 1, "seed": 3},
        {"stop": "END"},
        {"stop": ["a", "b"], "response_format": {"type": "json_object"}, "tools": [{}]},
    ],
)
def test_settings_on_the_allow_list_pass(config):
    assert validate_config(config, "p") == config


@pytest.mark.parametrize("key", ["api_base", "base_url", "api_key", "headers", "extra_headers", "callbacks", "Model"])
def test_anything_that_could_redirect_or_authenticate_a_call_is_refused(key):
    with pytest.raises(InputError, match=f"'{key}' is not allowed") as caught:
        validate_config({"model": "m", key: "x"}, "support/triage")
    assert caught.value.place == "support/triage"


@pytest.mark.parametrize("key", CONFIG_TYPES)
@pytest.mark.parametrize("value", [None, True, b"x", ("a",)])
def test_a_setting_of_another_type_is_refused(key, value):
    with pytest.raises(InputError, match=f"'{key}' is"):
        validate_config({key: value}, "p")


@given(content=CONTENTS)
def test_content_survives_json_with_its_hash(content):
    read = Content.from_json(json.loads(json.dumps(content.to_json())))
    assert read == content
    assert read.hash == content.hash


@given(one=CONTENTS, other=CONTENTS)
def test_two_contents_share_a_hash_only_when_they_say_the_same(one, other):
    assert (one.hash == other.hash) == (canonical_json(one.to_json()) == canonical_json(other.to_json()))


def test_everything_that_is_said_is_in_the_hash():
    content = Content(text="Sort {{mail}}.", config={"temperature": 0.2, "model": "m"})
    variants = [
        content,
        replace(content, text="Sort {{mail}}. "),
        replace(content, format="f-string"),
        replace(content, config={"temperature": 0.3, "model": "m"}),
        replace(content, config={}),
        Content(kind="chat", messages=(Message(role="user", content="Sort {{mail}}."),), config=content.config),
        Content(kind="chat", messages=(Message(role="system", content="Sort {{mail}}."),), config=content.config),
    ]
    assert len({v.hash for v in variants}) == len(variants)
    assert replace(content, config={"model": "m", "temperature": 0.2}).hash == content.hash
    assert content.hash.startswith("sha256:")


def test_the_hash_is_the_same_in_every_release():
    # Approvals and ledgers hold these hashes: a change of the canonical form would orphan them.
    content = Content(text="Sort {{mail}} – ☃", config={"temperature": 0.2})
    assert content.hash == "sha256:9462ef3221eb14d4b21c6d747f88753cba37b4dd71694890bcfcce1d5a7acc12"


def test_other_texts_keep_roles_format_and_settings():
    chat = Content(
        kind="chat",
        messages=(Message(role="system", content="a"), Message(role="user", content="b")),
        config={"seed": 1},
    )
    changed = chat.with_text(("x", "y"))
    assert changed == replace(chat, messages=(Message(role="system", content="x"), Message(role="user", content="y")))
    assert changed.full_text == "x\n\ny"
    with pytest.raises(ValueError, match="zip"):
        chat.with_text(("x",))
    text = Content(text="a", format="f-string", config={"seed": 1})
    assert text.with_text(("b",)) == replace(text, text="b")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_canonical_json_has_no_numbers_that_are_none(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": value})


def test_canonical_json_has_one_spelling():
    assert canonical_json({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}'
