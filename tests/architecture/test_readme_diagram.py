"""The diagram in the README is the graph, not a memory of it."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_diagram_in_the_readme_is_the_graph():
    drawn = runpy.run_path(str(ROOT / "docs" / "diagram.py"))["drawn"]()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert drawn in readme, "run: python docs/diagram.py --write"
