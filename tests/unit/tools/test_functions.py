"""A user's own functions: what they may answer, what happens when they misbehave, and what they get to see."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from library.datasets import Item
from library.errors import InputError
from tools.functions import MOST_HANGS, Functions
from tools.metrics.function import with_functions
from tools.metrics.judgement import Judgement
from tools.metrics.opening import open_metric

CODE = """
import os, sys, time
print("loaded")

def right(output, expected, inputs):
    print("noise on standard output")
    return {"score": float(output == expected), "reason": "as\\nit is " + inputs["message"]}

def half(output, expected, inputs): return 0.5
def yes(output, expected, inputs): return True
def raises(output, expected, inputs): raise KeyError("x")
def words(output, expected, inputs): return "great"
def seven(output, expected, inputs): return 7
def nan(output, expected, inputs): return float("nan")
def dies(output, expected, inputs): os._exit(3)
def secrets(output, expected, inputs): return {"score": 1, "reason": ",".join(sorted(os.environ))}

def hangs(output, expected, inputs):
    if output == "hang":
        time.sleep(600)
    return 1.0

def breeds(output, expected, inputs):
    child = os.fork()
    if child:
        with open("child", "w") as file:
            file.write(str(child))
    time.sleep(600)
"""
NAMES = ("right", "half", "yes", "raises", "words", "seven", "nan", "dies", "secrets", "hangs", "breeds")


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    (tmp_path / "own.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import nothing_of_this_name", encoding="utf-8")
    targets = {name: f"own.py:{name}" for name in NAMES}
    more = {"module": "own:half", "missing": "own.py:nobody", "broken": "broken.py:f", "out": "../own.py:half"}
    more |= {"absent": "other.py:f", "text": "no target", "number": "own.py:CODE"}
    running = Functions(targets | more, folder=tmp_path, timeout_s=0.3)
    yield running
    running.close()


def ask(functions: Functions, name: str, output: str = "yes") -> Judgement:
    item = Item(
        id="i-1",
        prompt="p",
        dataset="d",
        role="select",
        inputs={"message": "hello " + "x" * 300_000},
        expected="yes",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    functions.check(name)
    return functions.judge(name, output, item)


def test_a_function_answers_with_a_number_or_a_score_and_a_reason(functions: Functions) -> None:
    said = ask(functions, "right")
    assert (said.score, said.reason[:19], len(said.reason)) == (1.0, "as it is hello xxxx", 300)
    assert ask(functions, "right", "no").score == 0.0
    assert ask(functions, "half") == Judgement(score=0.5)
    assert ask(functions, "yes").score == 1.0
    assert ask(functions, "module").score == 0.5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "KeyError: 'x'"),
        ("words", "it answered str"),
        ("seven", "answered 7.0, not a score from 0 to 1"),
        ("nan", "answered nan"),
        ("dies", "its process ended"),
    ],
)
def test_a_function_that_fails_judges_nothing(functions: Functions, name: str, reason: str) -> None:
    for _ in range(2):
        said = ask(functions, name)
        assert (said.score, said.kind) == (None, "judge_error")
        assert reason in said.reason


def test_a_function_that_hangs_is_killed_and_works_again(functions: Functions) -> None:
    assert ask(functions, "hangs", "hang").reason == "function 'hangs': it took more than 0.3 s"
    assert ask(functions, "hangs").score == 1.0


def test_a_function_that_always_hangs_is_not_asked_for_ever(functions: Functions) -> None:
    said = [ask(functions, "hangs", "hang").reason for _ in range(MOST_HANGS + 1)]
    assert "it took more than" in said[-2]
    assert f"ran out of time {MOST_HANGS} times in a row" in said[-1]


def test_what_a_function_starts_is_killed_with_it(functions: Functions, tmp_path: Path) -> None:
    assert ask(functions, "breeds").kind == "judge_error"
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    stat = Path(f"/proc/{child}/stat")
    # Killed; until somebody collects it, a dead process may stay listed as a zombie.
    assert not stat.exists() or stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"


def test_a_function_sees_no_key(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_API_KEY", "secret")
    seen = ask(functions, "secrets").reason.split(",")
    assert "HOUSE_API_KEY" not in seen
    assert "PATH" in seen
    assert "HOUSE_API_KEY" in os.environ


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "[metrics.functions]: no function 'nobody' is declared"),
        ("missing", "[metrics.functions] missing = 'own.py:nobody': the function cannot be loaded (AttributeError"),
        ("broken", "cannot be loaded (ModuleNotFoundError: No module named 'nothing_of_this_name')"),
        ("out", "there is no file ../own.py in"),
        ("absent", "there is no file other.py in"),
        ("text", "'no target' names no function"),
        ("number", "cannot be loaded (AttributeError"),
    ],
)
def test_a_wrong_declaration_is_named_before_anything_is_asked(functions: Functions, name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        with_functions(open_metric({"name": "function", "function": name}), functions)
    assert said in str(caught.value)


def test_code_is_named_by_the_settings_alone(functions: Functions) -> None:
    for name in ("own.py:half", "os:system"):
        with pytest.raises(InputError, match="no function"):
            with_functions(open_metric({"name": "function", "function": name}), functions)
    unconnected = open_metric({"name": "function", "function": "half"})
    assert unconnected.judge("x", None).kind == "judge_error"  # type: ignore[arg-type,union-attr]
