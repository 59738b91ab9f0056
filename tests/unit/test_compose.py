"""The compose file starts commands that exist, with settings that the product knows."""

from pathlib import Path

import pytest
import yaml

from agent.entrypoints.cli.main import COMMANDS
from agent.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = [name for name, service in COMPOSE["services"].items() if service.get("image") == "promptkeeper"]


@pytest.mark.parametrize("name", OURS)
def test_each_process_starts_a_command_that_there_is(name):
    program, command, *options = COMPOSE["services"][name]["command"].split()

    assert (program, command) == ("chroma", "run") or (program == "promptkeeper" and command in COMMANDS), options


def test_every_process_has_the_library_and_the_memory_of_the_others(tmp_path):
    (tmp_path / "promptkeeper.toml").write_text("", encoding="utf-8")
    for name in ("api", "worker"):
        service = COMPOSE["services"][name]
        settings = load_settings(tmp_path, service["environment"])
        assert "@postgres:5432/" in settings.library_url
        assert settings.memory.url == "http://memory:8000"
        assert set(service["depends_on"]) == {"postgres", "memory"}


def test_a_worker_has_its_grace_time_before_it_is_killed(tmp_path):
    (tmp_path / "promptkeeper.toml").write_text("", encoding="utf-8")

    given = int(COMPOSE["services"]["worker"]["stop_grace_period"].removesuffix("s"))

    assert given > load_settings(tmp_path, {}).worker.grace_s
