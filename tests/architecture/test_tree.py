"""What the tree must not hold: names that say nothing, paths of one machine, tests that hide each other."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("agent", "library", "policies", "tools", "tests", "benchmarks", "examples", "docs", ".ci")
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".cfg", ".txt", ".mako", ".html", ".css", ".js", ".sh"}
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "core", "misc"}
# Written in two parts, so that this file does not find itself.
ONE_MACHINE = re.compile(
    "|".join(
        (r"(?<![\w.])/" + "work/", r"(?<![\w.])/" + "root/", r"(?<![\w.])/" + "home/[a-z]+/", "site-" + "packages/")
    )
)
INDEX_HOST = re.compile("--(?:extra-)?index-" + "url")


def files():
    found = [f for folder in CODE for f in (ROOT / folder).rglob("*") if f.is_file()]
    found += [f for f in ROOT.iterdir() if f.is_file()]
    return [f for f in found if "__pycache__" not in f.parts and (f.suffix in TEXT or f.name in {"Makefile", "run"})]


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_no_file_is_named_after_nothing():
    named = [f for f in files() if f.suffix == ".py" and {f.stem, *(p.name for p in f.parents)} & SAYS_NOTHING]

    assert [name(f) for f in named if ROOT not in {f, *SAYS_NOTHING}] == []


@pytest.mark.parametrize("pattern", [ONE_MACHINE, INDEX_HOST], ids=["path", "index"])
def test_no_text_names_one_machine(pattern):
    found = {
        (name(f), match.group())
        for f in files()
        for match in pattern.finditer(f.read_text(encoding="utf-8", errors="replace"))
    }

    assert found == set()


def test_tests_are_no_packages_and_have_names_of_their_own():
    assert [name(f) for f in (ROOT / "tests").rglob("__init__.py")] == []
    stems = Counter(f.stem for f in (ROOT / "tests").rglob("test_*.py"))
    assert [stem for stem, count in stems.items() if count > 1] == []


def test_every_package_of_the_product_says_that_it_is_one():
    folders = {f.parent for layer in ("agent", "library", "policies", "tools") for f in (ROOT / layer).rglob("*.py")}
    bare = [name(folder) for folder in folders if not (folder / "__init__.py").is_file()]

    assert [b for b in bare if not b.startswith("agent/entrypoints/cli/demo_data")] == []


def test_no_test_patches_the_product():
    patching = re.compile(r"\bmonkey" + r"patch\.(?:set|del)(?:attr|item)|\bmock\.pa" + r"tch\b|unittest\.mo" + r"ck")
    found = [name(f) for f in (ROOT / "tests").rglob("*.py") if patching.search(f.read_text(encoding="utf-8"))]

    assert found == []
