"""The page about metrics: every example on it is true, and every metric is on it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from library.datasets import Item
from tools.functions import Functions
from tools.metrics.function import with_functions
from tools.metrics.judgement import Judgement
from tools.metrics.opening import METRICS, open_metric

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
EXAMPLES = [
    line for block in re.findall(r"^```jsonl\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) for line in block.splitlines()
]


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """The page's own function, where the page's own settings look for it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "metrics").mkdir()
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (folder / "metrics" / "polite.py").write_text(code, encoding="utf-8")
    assert 'polite = "metrics/polite.py:score"' in PAGE
    running = Functions({"polite": "metrics/polite.py:score"}, folder=folder, timeout_s=10.0)
    yield running
    running.close()


def test_there_are_examples():
    assert len(EXAMPLES) > 25


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_is_true(line, functions):
    said = json.loads(line)
    item = Item(
        id="i-1",
        prompt="p",
        dataset="d",
        role="select",
        inputs=said.get("inputs", {"message": "hello"}),
        expected=said.get("expected"),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    metric = open_metric(said["metric"], lambda one: with_functions(one, functions))
    judgement = metric.judge(said["answer"], item)
    assert isinstance(judgement, Judgement)
    assert (judgement.score, judgement.kind) == (pytest.approx(said["score"]), said.get("kind", "scored"))


def test_every_metric_is_on_the_page():
    headings = " ".join(line for line in PAGE.splitlines() if line.startswith("#"))
    assert [name for name in METRICS if f"`{name}`" not in headings] == []
