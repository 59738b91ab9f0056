"""`check` and `policies` through the front door: answers, exit codes, formats, mistakes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CURRENT = "Never ask for a password.\nYou must confirm the address before you ship. Order: {order}\n"
KINDER = "Never ask for a password.\nYou must confirm the address before you ship. Be kind. Order: {order}\n"
LINKED = CURRENT + "See http://unknown-host.net/help\n"
WEAKER = "Never ask for a password.\nYou may confirm the address before you ship. Order: {order}\n"


@pytest.fixture
def cli(promptkeeper):
    return promptkeeper


def files(cli, candidate: str) -> tuple[str, ...]:
    cli.write("current.txt", CURRENT)
    cli.write("candidate.txt", candidate)
    return ("check", "--current", "current.txt", "--candidate", "candidate.txt")


def test_exit_codes_follow_the_decision(cli) -> None:
    assert [cli(*files(cli, text)).code for text in (CURRENT, KINDER, LINKED, WEAKER)] == [0, 0, 0, 1]


def test_a_person_sees_what_changed_and_where(cli) -> None:
    answer = cli(*files(cli, WEAKER))
    lines = answer.out.splitlines()
    assert lines[0].startswith("block: ")
    at = lines.index("  candidate, line 2:")
    assert lines[at + 1] == "    You may confirm the address before you ship. Order: {order}"
    assert lines[at + 2].strip() == "^" * len("You may confirm the address before you ship.")
    assert answer.err == ""


def test_control_characters_of_a_candidate_do_not_reach_the_terminal(cli) -> None:
    answer = cli(*files(cli, CURRENT + "\x1b[2J\u202ebad\n"))
    assert answer.code == 1
    assert "\x1b" not in answer.out and "\u202e" not in answer.out
    assert "\\u001b" in answer.out


def test_json_is_one_document_with_raw_spans(cli) -> None:
    said = cli(*files(cli, WEAKER), "--json").document
    assert said["decision"] == "block"
    assert "safety-weakened" in said["fired"]
    spans = [s for f in said["findings"] for s in f["spans"] if s["side"] == "candidate"]
    assert spans and all(WEAKER[s["start"] : s["end"]] == s["text"] for s in spans)
    assert {"policy_digest", "current_digest", "candidate_digest", "checked"} <= said.keys()


def test_sarif_names_file_line_and_rule(cli) -> None:
    answer = cli(*files(cli, WEAKER), "--sarif", "-")
    result = answer.document["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert (answer.code, result["level"], place["artifactLocation"]["uri"]) == (1, "error", "candidate.txt")
    assert place["region"]["startLine"] == 2
    written = cli(*files(cli, WEAKER), "--sarif", "out.sarif")
    assert written.out.startswith("block: ")
    assert json.loads((cli.folder / "out.sarif").read_text())["version"] == "2.1.0"


def test_a_policy_file_decides(cli) -> None:
    cli.write("policy.yaml", "version: 1\nurls: {allow: [unknown-host.net]}\nlexicon: {forbidden: [be kind]}\n")
    assert cli(*files(cli, LINKED), "--policy", "policy.yaml", "--json").document["decision"] == "allow"
    assert cli(*files(cli, KINDER), "--policy", "policy.yaml").code == 1


def test_a_batch_answers_line_by_line(cli) -> None:
    rows = [
        {"id": "a", "current": CURRENT, "candidate": KINDER},
        {"id": "b", "current": CURRENT, "candidate": WEAKER, "why": "labelled rows may be fed as they are"},
        {"id": "c", "current": CURRENT, "candidate": CURRENT + "More.", "metadata": {"budget": {"max_chars": 10}}},
        {"id": "d", "current": CURRENT, "candidate": KINDER, "protected_clauses": ["Never sell tickets."]},
        {"id": "e", "current": CURRENT, "candidate": KINDER + "{extra}", "variables": ["order"]},
    ]
    cli.write("rows.jsonl", rows)
    answer = cli("check", "--batch", "rows.jsonl")
    said = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 0
    assert [(s["id"], s["decision"]) for s in said] == [
        ("a", "allow"),
        ("b", "block"),
        ("c", "block"),
        ("d", "block"),
        ("e", "block"),
    ]
    assert [s["fired"] for s in said[2:]] == [["length-budget"], ["protected-clause"], ["variables"]]
    assert set(said[1]["findings"][0]) == {"policy", "rule", "severity", "message", "spans"}


def test_mistakes_are_one_line(cli) -> None:
    cli.write("current.txt", CURRENT)
    cli.write("latin.txt", "Grüße".encode("latin-1"))
    cli.write("broken.yaml", "version: 1\nprotcted: []\n")
    cli.write("rows.jsonl", [{"id": "a", "current": "x"}])
    both = ("check", "--current", "current.txt", "--candidate", "current.txt")
    assert "two texts are needed" in cli.fails("check", "--current", "current.txt")
    assert "nowhere.txt" in cli.fails("check", "--current", "current.txt", "--candidate", "nowhere.txt")
    assert "not UTF-8" in cli.fails("check", "--current", "current.txt", "--candidate", "latin.txt")
    assert "unknown key 'protcted'" in cli.fails(*both, "--policy", "broken.yaml")
    assert "rows.jsonl, line 1" in cli.fails("check", "--batch", "rows.jsonl")
    assert "--batch stands alone" in cli.fails("check", "--batch", "rows.jsonl", "--current", "current.txt")


def test_policies_are_listed_and_prove_themselves(cli) -> None:
    listed = cli("policies", "list", "--json").document
    assert {"pack:base", "pack:privacy", "pack:tools"} <= {row["pack"] for row in listed}
    assert "secret-leak" in cli("policies", "list").out
    assert cli("policies", "test").code == 0
    cli.write("policy.yaml", "version: 1\nextends: [pack:base]\n")
    assert cli("policies", "test", "policy.yaml", "--json").document["failures"] == []
    cli.write("wrong.yaml", "version: 3\n")
    assert "wrong.yaml" in cli.fails("policies", "test", "wrong.yaml")


def test_checking_needs_no_library_and_no_heavy_import(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CURRENT)
    code = (
        "import sys\n"
        "from agent.entrypoints.cli.main import main\n"
        "assert main(['check', '--current', 'a.txt', '--candidate', 'a.txt']) == 0\n"
        "heavy = {'litellm', 'chromadb', 'langgraph', 'numpy', 'sqlalchemy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt"]
