"""The layers are a test: who may import whom, and which library is known in which place only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("agent", "library", "policies", "tools")
PLACES = {
    "litellm": {"tools/litellm_gate.py", "tools/embedded/provider.py", "tools/embeddings.py"},
    "chromadb": {"tools/chroma.py", "tools/embeddings.py"},
    "sqlalchemy": {"library/store"},
    "alembic": {"library/store"},
    "apscheduler": {"agent/entrypoints/scheduler.py"},
    "procrastinate": {"tools/jobs.py"},
    "langgraph": {"agent/graph.py", "agent/cycle.py", "agent/bootstrap.py", "agent/checkpoints.py", "agent/chat"},
    "langchain_core": {"agent/cycle.py", "agent/chat"},
}
LAZY = ("litellm", "chromadb", "apscheduler", "procrastinate")


def sources():
    return [f for layer in LAYERS for f in sorted((ROOT / layer).rglob("*.py"))]


def imports(tree: ast.AST):
    """(top-level package, the statement) of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0], node


def test_the_import_contracts_hold():
    # In a process of its own: the linter prints by means that outlive the test's standard output.
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("package", sorted(PLACES))
def test_a_heavy_library_is_known_in_its_place_only(package):
    users = {
        f.relative_to(ROOT).as_posix()
        for f in sources()
        for name, _ in imports(ast.parse(f.read_text(encoding="utf-8")))
        if name == package
    }

    assert users, f"nobody imports {package}: is the name spelled right?"
    strangers = {u for u in users if not any(u == place or u.startswith(place + "/") for place in PLACES[package])}
    assert strangers == set()


@pytest.mark.parametrize("package", LAZY)
def test_a_heavy_library_is_imported_where_it_is_used_and_not_at_the_head_of_a_file(package):
    # Of a file's own statements only: inside functions and under TYPE_CHECKING it costs nothing.
    at_head = {
        f.relative_to(ROOT).as_posix()
        for f in sources()
        for node in ast.parse(f.read_text(encoding="utf-8")).body
        for name, _ in imports(ast.Module(body=[node], type_ignores=[]))
        if name == package and isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert at_head == set()


def test_policies_know_neither_clock_nor_disk_nor_chance():
    forbidden = {
        "time",
        "socket",
        "subprocess",
        "tempfile",
        "shutil",
        "urllib",
        "secrets",
        "uuid",
        "asyncio",
        "threading",
    }
    found = {
        (f.relative_to(ROOT).as_posix(), name)
        for f in sorted((ROOT / "policies").rglob("*.py"))
        for name, _ in imports(ast.parse(f.read_text(encoding="utf-8")))
        if name in forbidden
    }

    assert found == set()


def test_policies_and_library_ask_nobody_for_the_time():
    calls = {
        (f.relative_to(ROOT).as_posix(), node.lineno)
        for layer in ("policies", "library")
        for f in sorted((ROOT / layer).rglob("*.py"))
        for node in ast.walk(ast.parse(f.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    }

    assert calls == set()
