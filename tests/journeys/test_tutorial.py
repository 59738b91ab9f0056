"""The tutorial: every file it shows is saved, every command is run, and prints what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
PASSING = re.compile(r"\b[0-9a-f]{12,64}\b|\d{4}-\d\d-\d\d( \d\d:\d\d)?")
"""Hashes and dates: other ones on each day."""


def run(line: str, folder: Path) -> str:
    """What a line of the tutorial prints on a terminal without colours."""
    program, *words = line.split()
    assert program == "promptkeeper"
    done = subprocess.run(
        [sys.executable, "-m", "agent.entrypoints.cli.main", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def follow(page: str, folder: Path) -> str:
    """The page with what its commands print now, in a folder where its files are saved on the way."""

    def block(found: re.Match[str]) -> str:
        kind, name, body = found.groups()
        if name:
            (folder / name).write_text(body, encoding="utf-8")
        if kind != "console":
            return found[0]
        lines = [line for line in body.splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{line}\n{run(line[2:], folder)}" for line in lines) + "```"

    return BLOCK.sub(block, page)


def test_every_command_of_the_tutorial_prints_what_the_page_says(tmp_path):
    page = PAGE.read_text(encoding="utf-8")

    assert PASSING.sub("…", follow(page, tmp_path)) == PASSING.sub("…", page)
