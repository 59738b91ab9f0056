"""Reading JSON out of a model's answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import ProviderError
from tools.structured import parse_object

NEEDS: dict[str, type] = {"hypothesis": str, "improved_prompt": str}
GOOD = {"hypothesis": "labels overlap", "improved_prompt": 'Say {{message}} or "}" and {"a": 1}.\nEnd.'}


@pytest.mark.parametrize(
    "around",
    [
        "%s",
        "```json\n%s\n```",
        "Here you are:\n\n%s\n\nI hope this helps {name}.",
        "Variables such as {{message}} and {name} stay. %s",
        '<think>maybe {"hypothesis": "draft", "improved_prompt": "draft"}</think>%s',
        'The format is {"hypothesis": ..., "improved_prompt": ...}. So: %s',
        '{"note": "not this one"} %s',
        '{"hypothesis": "first try", "improved_prompt": "first try"}\nBetter:\n%s',
        "{} %s",
    ],
)
def test_the_object_is_found_whatever_stands_around_it(around: str) -> None:
    for spelled in (json.dumps(GOOD), json.dumps(GOOD, indent=2)):
        assert parse_object(around % spelled, NEEDS) == GOOD


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON object"),
        ("I improved the prompt.", "no JSON object"),
        ('{"hypothesis": "h"}', "no key 'improved_prompt'"),
        ('{"hypothesis": "h", "improved_prompt": 3}', "'improved_prompt' is int, not str"),
        ('{"hypothesis": "h", "improved_prompt": "p"', "cut off"),
        ('{"hypothesis": "h", "improved_prompt": "p', "cut off"),
        ('{"candidates": [{"hypothesis": "h", "improved_prompt": "p"}', "cut off"),
        ('{"hypothesis": "a", "improved_prompt": "b"} {"hypothesis": "c", "improv', "cut off"),
        ('[{"a": {"hypothesis": "h", "improved_prompt": "p"}}]', "no key"),
        ('{"hypothesis": "h", "improved_prompt": "p",}', "no JSON object"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "no JSON object"),
        ('{"hypothesis": "h", "improved_prompt": "half a character: \\ud83d"}', "no JSON object"),
    ],
)
def test_anything_less_is_a_bad_answer(text: str, said: str) -> None:
    with pytest.raises(ProviderError) as caught:
        parse_object(text, NEEDS)
    assert caught.value.kind == "bad_answer"
    assert said in str(caught.value)


def test_types_are_those_of_json() -> None:
    assert parse_object('{"n": 1}', {"n": float}) == {"n": 1}
    assert parse_object('{"n": true, "l": [], "o": {}}', {"n": bool, "l": list, "o": dict})["n"] is True
    for kind in (int, float, str):
        with pytest.raises(ProviderError):
            parse_object('{"n": true}', {"n": kind})


@given(st.text(), st.text(), st.data())
def test_a_prefix_of_an_answer_is_never_read_as_another_answer(
    hypothesis: str, prompt: str, data: st.DataObject
) -> None:
    whole = json.dumps({"hypothesis": hypothesis, "improved_prompt": prompt}, ensure_ascii=data.draw(st.booleans()))
    assert parse_object(whole, NEEDS) == {"hypothesis": hypothesis, "improved_prompt": prompt}
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ProviderError):
        parse_object(whole[:cut], NEEDS)
