"""Rendering: strict about names, literal about values, in both formats."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from library.errors import InputError
from library.prompts import TEXT_LIMIT, Content, Message
from library.templates import parse, protected_spans, render, strip_marks, validate_content, variables

FORMATS = ("mustache", "f-string")
PLAIN = st.text(st.characters(exclude_characters="{}[]", exclude_categories=["Cs"]), max_size=20)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["{{name}}", "{name}", "{{{{", "}}", "[[protect:a]]", "{", r"\1", "{0.__class__}", "%s"]
)


def spelled(name, template_format):
    return f"{{{{{name}}}}}" if template_format == "mustache" else f"{{{name}}}"


def filled(content, values):
    return "\n\n".join(m.content for m in render(content, values, "p"))


@pytest.mark.parametrize("template_format", FORMATS)
@given(data=st.data())
def test_rendering_puts_each_value_where_its_name_stands_and_changes_nothing_else(template_format, data):
    literals = data.draw(st.lists(PLAIN, min_size=2, max_size=5))
    names = data.draw(st.lists(NAMES, min_size=len(literals) - 1, max_size=len(literals) - 1))
    values = {name: data.draw(VALUES) for name in names}
    text, expected = literals[0], literals[0]
    for name, literal in zip(names, literals[1:], strict=True):
        text += spelled(name, template_format) + literal
        expected += values[name] + literal
    content = Content(format=template_format, text=text)
    assert variables(content) == tuple(dict.fromkeys(names))
    assert filled(content, values) == expected


@pytest.mark.parametrize("template_format", FORMATS)
@given(name=NAMES, other=NAMES, value=VALUES)
def test_every_variable_must_be_given_and_every_value_used(template_format, name, other, value):
    assume(name != other)
    content = Content(format=template_format, text=f"Say {spelled(name, template_format)}.")
    with pytest.raises(InputError, match=f"missing {re.escape(name)}") as caught:
        render(content, {}, "here")
    assert caught.value.place == "here"
    with pytest.raises(InputError, match=f"unknown {re.escape(other)}"):
        render(content, {name: value, other: value}, "here")


@pytest.mark.parametrize("template_format", FORMATS)
@given(text=st.text(st.sampled_from("{}ab [:]/\n"), max_size=40))
def test_any_text_either_parses_into_pieces_that_cover_it_or_names_the_brace(template_format, text):
    try:
        pieces = parse(text, template_format)
    except InputError as error:
        offset = int(re.search(r"character (\d+)", error.thing)[1])
        line = int(re.search(r"line (\d+)", error.thing)[1])
        assert text[offset] in "{}"
        assert line == text[:offset].count("\n") + 1
        return
    assert [p.start for p in pieces] == [0, *(p.end for p in pieces)][: len(pieces)]
    assert (pieces[-1].end if pieces else 0) == len(text)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_f_string_text_with_doubled_braces_is_literal(text):
    content = Content(format="f-string", text="x" + text.replace("{", "{{").replace("}", "}}"))
    assert variables(content) == ()
    assert filled(content, {}) == strip_marks("x" + text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{{{ is literal", "{{ is literal"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{{ name }}", "N"),
        ("{{name}}{{name}}", "NN"),
        ("{{{name}}}", None),
        ("{name}", "{name}"),
    ],
)
def test_mustache_in_the_spellings_people_use(text, expected):
    content = Content(text=text)
    if expected is None:
        with pytest.raises(InputError, match="unbalanced"):
            variables(content)
    else:
        assert filled(content, dict.fromkeys(variables(content), "N")) == expected


@pytest.mark.parametrize("text", ["{{", "{{name", "{{ na me }}", "{{#each x}}", "{{> file}}", "{{1}}", "{{}}"])
def test_a_mustache_opening_that_is_no_variable_is_refused(text):
    with pytest.raises(InputError, match=r"unbalanced '\{\{' at line 2, character 3"):
        parse("ab\n" + text, "mustache")


@pytest.mark.parametrize("text", ["{", "}", "{0}", "{a!r}", "{a:>10}", "{a[0]}", "{ a }", "{}"])
def test_an_f_string_brace_that_is_no_variable_is_refused(text):
    with pytest.raises(InputError, match="unbalanced"):
        parse(text, "f-string")


def test_a_dotted_name_is_a_name_and_reaches_into_nothing():
    content = Content(format="f-string", text="{user.__class__}")
    assert variables(content) == ("user.__class__",)
    assert filled(content, {"user.__class__": "v"}) == "v"


def test_a_chat_prompt_shares_its_variables_and_keeps_its_roles():
    content = Content(
        kind="chat",
        messages=(
            Message(role="system", content="In {{language}}."),
            Message(role="user", content="{{q}} {{language}}"),
        ),
    )
    assert variables(content) == ("language", "q")
    assert render(content, {"q": "Hi {{q}}", "language": "Dutch"}, "p") == (
        Message(role="system", content="In Dutch."),
        Message(role="user", content="Hi {{q}} Dutch"),
    )


def test_marks_are_stripped_from_the_template_but_never_from_a_value():
    content = Content(text="[[protect:safety]]Never guess.[[/protect]] {{mail}}")
    assert filled(content, {"mail": "[[protect:x]]"}) == "Never guess. [[protect:x]]"


def test_protected_clauses_are_found_where_they_stand():
    text = "A [[protect:one]] keep this [[/protect]] b [[protect:two-2]]and\nthis[[/protect]]"
    spans = protected_spans(text)
    assert [(s.id, s.text) for s in spans] == [("one", "keep this"), ("two-2", "and\nthis")]
    assert [text[s.start : s.end].strip() for s in spans] == ["keep this", "and\nthis"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[protect:a]] x", "never closed"),
        ("x [[/protect]]", "does not pair up"),
        ("[[protect:a]] [[protect:b]] x [[/protect]]", "does not pair up"),
        ("[[protect:a]]x[[/protect]] [[protect:a]]y[[/protect]]", "used twice"),
    ],
)
def test_marks_that_do_not_pair_up_are_refused(text, said):
    with pytest.raises(InputError, match=said):
        protected_spans(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(text=" \n"), "empty"),
        (Content(kind="chat"), "empty"),
        (Content(text="x" * (TEXT_LIMIT + 1)), "characters"),
        (Content(text="{{a"), "unbalanced"),
        (Content(kind="chat", messages=(Message(role="user", content="[[/protect]]"),)), "does not pair up"),
    ],
)
def test_validation_names_the_place(content, said):
    with pytest.raises(InputError, match=said) as caught:
        validate_content(content, "support/triage")
    assert caught.value.place == "support/triage"


def test_valid_content_comes_back_as_it_is():
    content = Content(text="x" * TEXT_LIMIT)
    assert validate_content(content, "p") is content


def test_taking_marks_out_never_makes_a_new_variable():
    content = validate_content(Content(text="{[[protect:a]]{name}}[[/protect]]"), "p")
    assert variables(content) == ()
    assert filled(content, {}) == "{{name}}"
