"""The front door itself: help, errors, exit codes, and what it must not load."""

import json
import os
import signal
import subprocess
import sys

import click
import pytest

from agent.entrypoints.cli import errors_shown
from agent.entrypoints.cli.main import COMMANDS, cli, main

HEAVY = ("sqlalchemy", "pydantic", "litellm", "chromadb", "langgraph", "numpy")
LOADED = "print('LOADED', *sorted(m for m in %r if m in sys.modules), file=sys.stderr)"


def loaded(err: str) -> list[str]:
    return next(line for line in err.splitlines() if line.startswith("LOADED")).split()[1:]


def test_help_lists_every_command_and_loads_none_of_them(process):
    answer = process("--help", after=LOADED % (HEAVY,))
    assert answer.code == 0
    listed = answer.out.split("Commands:")[1]
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in listed
        assert text.split()[0] in listed
    assert loaded(answer.err) == []


@pytest.mark.parametrize("group", ["prompts", "traces", "incidents", "runs", "audit"])
def test_help_of_a_group_loads_no_store(process, group):
    answer = process(group, "--help", after=LOADED % (HEAVY,))
    assert answer.code == 0
    assert loaded(answer.err) == []


@pytest.mark.parametrize(
    "words", [("prompts", "list"), ("traces", "list"), ("datasets", "list"), ("incidents", "list"), ("runs", "list")]
)
def test_lists_answer_without_models_vectors_or_graph(process, words):
    absent = ("litellm", "chromadb", "langgraph", "numpy", "alembic")
    answer = process(*words, after=LOADED % (absent,))
    assert answer.code == 0
    assert loaded(answer.err) == []


def test_the_program_runs_as_a_module(promptkeeper):
    done = subprocess.run(
        [sys.executable, "-m", "agent.entrypoints.cli.main", "prompts", "list", "--json"],
        cwd=promptkeeper.folder,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_a_wrong_command_names_the_right_one(promptkeeper):
    assert "'promts' (did you mean prompts" in promptkeeper.fails("promts", "list")
    assert "'lst' (did you mean list" in promptkeeper.fails("prompts", "lst")


def test_a_missing_argument_points_at_the_help_page(promptkeeper):
    line = promptkeeper.fails("prompts", "history")
    assert "missing argument 'NAME'" in line
    assert "promptkeeper prompts history --help" in line


def test_an_unknown_option_is_wrong_use(promptkeeper):
    assert "--colour" in promptkeeper.fails("prompts", "list", "--colour")


def test_no_command_prints_the_help(promptkeeper):
    answer = promptkeeper()
    assert answer.code == 2
    assert "Commands:" in answer.err


def test_no_project_here(tmp_path, capsys, promptkeeper):
    promptkeeper.folder = tmp_path
    assert "no promptkeeper.toml here or above" in promptkeeper.fails("prompts", "list")


def test_a_project_is_found_from_a_folder_below(triage):
    below = triage.folder / "a" / "b"
    below.mkdir(parents=True)
    triage.folder = below
    assert triage("prompts", "list", "--json").document[0]["name"] == "support/triage"


def test_an_error_with_json_is_one_document_and_keeps_its_exit_code(promptkeeper):
    answer = promptkeeper("prompts", "show", "nothing", "--json")
    assert answer.code == 2
    assert answer.document["error"]["thing"] == "there is no such prompt"
    assert answer.document["error"]["place"] == "nothing"
    assert len(answer.err.splitlines()) == 1


def test_wrong_use_with_json_is_one_document_too(promptkeeper):
    answer = promptkeeper("prompts", "show", "--json")
    assert answer.code == 2
    assert "missing argument" in answer.document["error"]["thing"]


def test_an_outage_of_the_library_exits_3(process):
    answer = process("prompts", "list", PROMPTKEEPER_LIBRARY__URL="postgresql+psycopg://u:pass@127.0.0.1:1/none")
    assert answer.code == 3
    assert len(answer.err.splitlines()) == 1
    assert "does not answer" in answer.err
    assert "pass" not in answer.err.replace("promptkeeper", "")


def test_settings_that_cannot_be_read_name_the_file(promptkeeper):
    promptkeeper.write("promptkeeper.toml", "[library\n")
    assert "promptkeeper.toml: the settings cannot be read" in promptkeeper.fails("prompts", "list")


def test_a_reader_that_stops_early_is_no_error(triage):
    triage.write(
        "many.jsonl",
        [
            {"id": f"t{n}", "ts": "2026-09-01T00:00:00Z", "prompt": "support/triage", "inputs": {"message": "x" * 400}}
            for n in range(1500)
        ],
    )
    assert triage("traces", "import", "many.jsonl").code == 0
    program = "import sys; from agent.entrypoints.cli.main import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", program, "traces", "list", "--json", "--limit", "1500"],
        cwd=triage.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        said = running.stderr.read()
        assert (running.wait(timeout=120), said) == (0, b"")


def test_an_unexpected_mistake_is_one_line_with_the_way_to_the_traceback():
    shown = errors_shown.unexpected(KeyError("lost"))
    assert str(shown) == "unexpected KeyError: 'lost'. Run it with PROMPTKEEPER_DEBUG=1 for the traceback."
    assert shown.exit_code == 2


def test_the_traceback_is_shown_where_it_was_asked_for(capsys):
    errors_shown.unexpected(KeyError("lost"), {})
    assert capsys.readouterr().err == ""
    errors_shown.unexpected(KeyError("lost"), {"PROMPTKEEPER_DEBUG": "1"})
    assert "KeyError: 'lost'" in capsys.readouterr().err


def test_an_interrupt_exits_130_without_a_traceback(promptkeeper):
    pipe = promptkeeper.folder / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [sys.executable, "-m", "agent.entrypoints.cli.main", "prompts", "add", "p", "pipe"],
        cwd=promptkeeper.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as running:
        assert running.stderr is not None
        with pipe.open("wb"):  # opens when the command opens its end: from here on it waits for text
            running.send_signal(signal.SIGINT)
            said = running.stderr.read().decode()
        assert running.wait(timeout=120) == 130
    assert said.split() == ["promptkeeper:", "interrupted"]


def test_a_mistake_of_the_machine_names_the_path():
    assert str(errors_shown.unexpected(OSError(28, "No space left on device", "/data/x"))).startswith(
        "/data/x: no space left on device."
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json(name):
    missing = []

    def walk(command: click.Command, path: str) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for word in command.list_commands(context):
                found = command.get_command(context, word)
                assert found is not None
                walk(found, f"{path} {word}")
        elif not any("--json" in parameter.opts for parameter in command.params):
            missing.append(path)

    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    walk(found, name)
    assert missing == []


def test_main_returns_0_for_help(capsys):
    assert main(["--help"]) == 0
    assert "Usage: promptkeeper" in capsys.readouterr().out
