"""The page on telemetry says what the table of attributes says."""

import importlib.util
from pathlib import Path

from agent.entrypoints.web.otlp.body import LIMIT
from agent.entrypoints.web.otlp.dialects import JUDGEMENTS, LABELS

DOCS = Path(__file__).parents[4] / "docs"


def test_the_table_of_attributes_is_the_one_that_is_read_by():
    spec = importlib.util.spec_from_file_location("telemetry_table", DOCS / "telemetry_table.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (DOCS / "telemetry.md").read_text(encoding="utf-8")

    assert f"{script.BEGIN}{script.table()}{script.END}" in page, "run: python docs/telemetry_table.py"


def test_every_attribute_of_an_evaluation_and_every_label_is_on_the_page():
    page = (DOCS / "telemetry.md").read_text(encoding="utf-8")

    assert [place.attribute for place in JUDGEMENTS if f"`{place.attribute}`" not in page] == []
    assert [label for label in LABELS if f"`{label}`" not in page] == []
    assert f"{LIMIT // 2**20} MiB unfolded" in page
