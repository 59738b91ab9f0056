"""`promptkeeper init`."""

import tomllib

from agent.entrypoints.cli.init import POLICY, SETTINGS
from agent.settings import Settings, load_settings
from policies.guardrails.policy_file import load_policy


def test_it_makes_a_project_with_an_empty_library(promptkeeper, tmp_path):
    folder = tmp_path / "new" / "project"
    answer = promptkeeper("init", folder)
    assert answer.code == 0
    assert (folder / "promptkeeper.toml").is_file()
    assert (folder / "policies" / "base.yaml").is_file()
    assert (folder / ".gitignore").read_text() == ".promptkeeper/\n"
    promptkeeper.folder = folder
    assert promptkeeper("prompts", "list", "--json").document == []


def test_the_written_settings_are_the_defaults(tmp_path):
    (tmp_path / "promptkeeper.toml").write_text(SETTINGS)
    assert load_settings(tmp_path, {}) == Settings(root=tmp_path)
    written = tomllib.loads(SETTINGS)
    assert set(written) == set(Settings.model_fields) - {"root"}


def test_commented_settings_are_real_ones(tmp_path):
    lines = [
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line for line in SETTINGS.splitlines()
    ]
    (tmp_path / "promptkeeper.toml").write_text("\n".join(lines[3:]))
    settings = load_settings(tmp_path, {})
    assert settings.models.student.rpm == 500
    assert settings.budget.usd_per_day == 10.0
    assert settings.memory.url == "http://chroma:8000"


def test_the_written_policy_can_be_used_with_and_without_its_example():
    load_policy(POLICY, "base.yaml")
    opened = "\n".join(
        line.removeprefix("# ") if "protected:" in line or line.startswith("#   ") else line
        for line in POLICY.splitlines()
    )
    assert "no-card-numbers" in str(load_policy(opened, "base.yaml"))


def test_no_secret_is_written(promptkeeper):
    text = (promptkeeper.folder / "promptkeeper.toml").read_text()
    assert "sk-" not in text
    assert "api_key =" not in text


def test_it_refuses_a_folder_that_is_a_project(promptkeeper):
    before = promptkeeper.write("promptkeeper.toml", "# mine\n").read_text()
    assert "promptkeeper.toml: this folder is a project already" in promptkeeper.fails("init")
    assert (promptkeeper.folder / "promptkeeper.toml").read_text() == before


def test_it_keeps_what_a_gitignore_says(promptkeeper, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / ".gitignore").write_text("build/")
    assert promptkeeper("init", tmp_path / "kept").code == 0
    assert (tmp_path / "kept" / ".gitignore").read_text() == "build/\n.promptkeeper/\n"


def test_a_file_is_no_place_for_a_project(promptkeeper):
    promptkeeper.write("file", "x")
    assert "this is a file, not a folder" in promptkeeper.fails("init", "file")


def test_json_names_what_was_written(promptkeeper, tmp_path):
    document = promptkeeper("init", tmp_path / "j", "--json").document
    assert document["library"].startswith("sqlite:///")
    assert str(tmp_path / "j" / "promptkeeper.toml") in document["written"]
