"""The reference in docs/reference is what the program says of itself."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SPEC = importlib.util.spec_from_file_location("docs_reference", DOCS / "reference.py")
assert SPEC is not None
assert SPEC.loader is not None
REFERENCE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(REFERENCE)


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_a_page_of_the_reference_is_what_the_program_says(name):
    written = (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")

    assert REFERENCE.PAGES[name]() == written, "run: python docs/reference.py"


def test_there_is_no_page_that_nothing_makes():
    assert {file.stem for file in (DOCS / "reference").glob("*.md")} == set(REFERENCE.PAGES)
