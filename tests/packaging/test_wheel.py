"""The wheel holds everything that the program reads at run time, and knows its own version."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from agent.entrypoints.cli.main import main

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("agent", "library", "policies", "tools")
FOR_READERS = {"library/store/migrations/README.md"}
"""Files of the packages that people read and the program never does."""


def shipped_files() -> set[str]:
    """Every file of the packages that the program needs, by its path in the wheel."""
    found = (file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file())
    return {file.relative_to(ROOT).as_posix() for file in found if "__pycache__" not in file.parts} - FOR_READERS


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    order = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)]
    done = subprocess.run(order, capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout + done.stderr
    if "No matching distribution found for setuptools" in said:
        pytest.skip("the build backend cannot be had: no package index answers")
    assert done.returncode == 0, said
    with zipfile.ZipFile(next(out.glob("*.whl"))) as opened:
        yield opened


def test_the_wheel_holds_every_file_of_the_packages_and_no_other_package(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert shipped_files() - inside == set()
    assert {name.split("/")[0] for name in inside} == set(PACKAGES)


def test_the_wheel_installs_the_command(wheel):
    entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert "promptkeeper = agent.entrypoints.cli.main:main" in wheel.read(entry).decode()


def test_the_command_says_its_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"promptkeeper {PROJECT['version']}\n"
