"""`promptkeeper doctor`: every finding comes with its mend."""

import http.server
import threading

import pytest


def found(answer) -> dict[str, list[dict]]:
    checks: dict[str, list[dict]] = {}
    for check in answer.document["checks"]:
        checks.setdefault(check["name"], []).append(check)
        assert check["mend"] or check["state"] == "ok"
    return checks


class Heartbeat(http.server.BaseHTTPRequestHandler):
    """A server that answers everything, as Chroma answers its heartbeat."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    """Address of a server that listens."""
    with http.server.HTTPServer(("127.0.0.1", 0), Heartbeat) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def settings(promptkeeper, *lines: str) -> None:
    promptkeeper.write("promptkeeper.toml", "\n".join(lines))


def test_a_fresh_project_is_healthy(promptkeeper):
    answer = promptkeeper("doctor", "--json")
    assert (answer.code, answer.document["healthy"]) == (0, True)
    assert {c["state"] for checks in found(answer).values() for c in checks} == {"ok"}
    assert promptkeeper("doctor").code == 0


def test_it_loads_no_model_library(process):
    after = (
        "print('LOADED', *sorted(m for m in ('litellm', 'chromadb', 'langgraph') if m in sys.modules), file=sys.stderr)"
    )
    answer = process("doctor", after=after)
    assert answer.code == 0
    assert answer.err.strip() == "LOADED"


def test_without_a_project_it_says_how_to_start_one(promptkeeper, tmp_path):
    promptkeeper.folder = tmp_path
    answer = promptkeeper("doctor", "--json")
    assert answer.code == 1
    assert "promptkeeper init" in found(answer)["settings"][0]["mend"]


def test_a_prompt_without_production_is_noted(promptkeeper):
    promptkeeper.write("p.txt", "Say {{x}}")
    promptkeeper("prompts", "add", "p", "p.txt")
    answer = promptkeeper("doctor", "--json")
    assert answer.code == 0
    assert "promptkeeper prompts label p production" in found(answer)["prompts"][0]["mend"]


def test_a_library_that_is_not_there_yet_is_noted_and_not_made(promptkeeper):
    settings(promptkeeper, "[library]", 'url = "sqlite:///elsewhere/library.db"')
    answer = promptkeeper("doctor", "--json")
    assert (answer.code, found(answer)["library"][0]["state"]) == (0, "note")
    assert not (promptkeeper.folder / "elsewhere" / "library.db").exists()


def test_a_library_that_does_not_answer(promptkeeper):
    settings(promptkeeper, "[library]", 'url = "postgresql+psycopg://u:hidden@127.0.0.1:1/none"')
    answer = promptkeeper("doctor", "--json")
    assert answer.code == 1
    assert found(answer)["library"][0]["state"] == "broken"
    assert "hidden" not in answer.out


@pytest.mark.parametrize(
    ("lines", "name", "said"),
    [
        (["[models.student]", 'model = ""'], "student model", "none set"),
        (["[models.student]", 'model = "embedded/parrot"'], "student model", "there is no embedded/parrot"),
        (
            ["[models.student]", 'model = "openai/x"', 'api_key_env = "PK_NO_SUCH_KEY"'],
            "student model",
            "PK_NO_SUCH_KEY is not set",
        ),
        (["[models.teacher]", 'model = "openai/x"'], "teacher model", "no variable is named for its key"),
        (
            ["[models.judge]", 'model = "openai/x"', 'api_base = "http://127.0.0.1:1/v1"'],
            "judge model",
            "does not answer",
        ),
        (["[models.judge]", 'model = "openai/x"', 'api_base = "nonsense"'], "judge model", "not an http address"),
        (
            ["[models.teacher]", 'model = "ollama/x"', "input_usd_per_million = 1.0"],
            "teacher price",
            "half a price",
        ),
        (["[memory]", 'url = "http://127.0.0.1:1"'], "memory", "does not answer"),
        (["[memory]", 'embedding = "folder:no/such"'], "memory", "there is no model folder no/such"),
        (["[memory]", 'path = "promptkeeper.toml/x"'], "memory", "cannot be written"),
    ],
)
def test_what_is_broken_is_named_with_its_mend(promptkeeper, lines, name, said):
    settings(promptkeeper, *lines)
    answer = promptkeeper("doctor", "--json")
    assert answer.code == 1
    (check,) = [c for c in found(answer)[name] if c["state"] == "broken"]
    assert said in check["detail"]
    human = promptkeeper("doctor")
    assert (human.code, human.err) == (1, "")
    assert "BROKEN" in human.out


def test_servers_that_listen_are_fine(promptkeeper, server):
    settings(
        promptkeeper,
        "[memory]",
        f'url = "{server}"',
        "[models.student]",
        'model = "openai/local"',
        f'api_base = "{server}/v1"',
    )
    answer = promptkeeper("doctor", "--json")
    assert answer.code == 0
    assert found(answer)["memory"][0]["state"] == found(answer)["student model"][0]["state"] == "ok"


def test_a_money_cap_wants_a_price(promptkeeper):
    lines = ["[models.student]", 'model = "ollama/x"', "[budget]", "usd_per_day = 1.5"]
    settings(promptkeeper, *lines)
    answer = promptkeeper("doctor", "--json")
    assert found(answer)["student price"][0]["mend"] == "Run promptkeeper doctor --deep."
    assert "usd_per_day = 1.5" in found(answer)["budget"][0]["detail"]
    settings(promptkeeper, *lines[:2], "input_usd_per_million = 0.4", "output_usd_per_million = 1.6", *lines[2:])
    assert "student price" not in found(promptkeeper("doctor", "--json"))


def test_deep_looks_prices_up(process, promptkeeper):
    settings(
        promptkeeper,
        "[models.student]",
        'model = "openai/gpt-4.1-mini"',
        'api_key_env = "PK_KEY"',
        "[models.teacher]",
        'model = "openai/no-such-model"',
        'api_key_env = "PK_KEY"',
        "[budget]",
        "usd_per_cycle = 1.0",
    )
    answer = process("doctor", "--deep", "--json", PK_KEY="x")
    checks = found(answer)
    assert "per million tokens" in checks["student price"][0]["detail"]
    assert (answer.code, checks["teacher price"][0]["state"]) == (1, "broken")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rulebook.yaml", "health: {alpha: none}\n", "rulebook.yaml"),
        ("support.yaml", "version: 1\nno_such_key: 1\n", "support.yaml"),
        ("support.yaml", b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_policy_file_that_cannot_be_used(promptkeeper, name, content, said):
    promptkeeper.write(f"policies/{name}", content)
    answer = promptkeeper("doctor", "--json")
    assert answer.code == 1
    assert said in found(answer)["policies"][0]["detail"]


def test_no_policy_files_is_noted(promptkeeper):
    (promptkeeper.folder / "policies" / "base.yaml").unlink()
    answer = promptkeeper("doctor", "--json")
    assert (answer.code, found(answer)["policies"][0]["state"]) == (0, "note")
