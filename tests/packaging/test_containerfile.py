"""The container is built from files that exist, starts a command that exists, and is not root."""

import json
import tomllib
from pathlib import Path

from agent.entrypoints.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def instructions(name: str) -> list[str]:
    """What follows every instruction of that name."""
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def test_everything_it_copies_exists_and_every_package_is_copied():
    sources = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]

    assert [name for name in sources if not (ROOT / name).exists()] == []
    assert {"agent", "library", "policies", "tools", "pyproject.toml", "constraints.txt"} <= set(sources)


def test_the_extras_it_installs_exist():
    install = next(line for line in instructions("RUN") if "/source[" in line)
    extras = install.split("/source[")[1].split("]")[0].split(",")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    assert set(extras) <= set(known)


def test_it_serves_as_a_user_without_rights():
    program, command, *_ = json.loads(instructions("CMD")[0])

    assert (program, command in COMMANDS) == ("promptkeeper", True)
    assert instructions("USER") == ["promptkeeper"]
