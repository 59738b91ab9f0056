"""The doors stand side by side: what two of them need is beside them, not inside one of them."""

import ast
from pathlib import Path

import pytest

DOORS = Path(__file__).parents[2] / "agent" / "entrypoints"
INSIDE = "agent.entrypoints.cli"


def imported(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize(
    "file",
    [*sorted((DOORS / "web").rglob("*.py")), *sorted(DOORS.glob("*.py"))],
    ids=lambda f: f.relative_to(DOORS).as_posix(),
)
def test_the_server_and_what_doors_share_do_not_reach_into_the_command_line(file):
    assert {name for name in imported(file) if name == INSIDE or name.startswith(INSIDE + ".")} == set()
