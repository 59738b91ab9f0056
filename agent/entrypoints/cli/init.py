"""`promptkeeper init`: a folder becomes a project."""

from pathlib import Path

import click

from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.signing import audit_key
from library.errors import InputError

SETTINGS = """\
# Settings of this project. Every value can be overridden by an environment variable PROMPTKEEPER_SECTION__KEY,
# such as PROMPTKEEPER_MODELS__STUDENT__MODEL. Keys of providers come from the environment only: name the variable
# here (api_key_env), never the key itself.

[library]
url = "sqlite:///.promptkeeper/library.db"    # or postgresql+psycopg://user@host/database

[memory]                                      # past failures and what became of them
path = ".promptkeeper/memory"
# url = "http://chroma:8000"                  # a Chroma server instead of the folder
embedding = "lexical"                         # or chroma-default, folder:PATH, any litellm embedding model

[models.student]                              # the model that the prompts run on
model = "embedded/student"                    # any litellm name, such as openai/gpt-4.1-mini or ollama/llama3.2
max_parallel = 64
# api_key_env = "OPENAI_API_KEY"
# api_base = "http://127.0.0.1:11434"
# temperature = 0.0
# max_tokens = 1024
# rpm = 500                                   # requests a minute
# tpm = 200000                                # tokens a minute
# timeout_s = 60.0
# retries = 4
# input_usd_per_million = 0.40                # prices, where litellm knows none
# output_usd_per_million = 1.60

[models.teacher]                              # the model that rewrites prompts; takes the same settings
model = "embedded/teacher"
max_parallel = 4
# fallbacks = ["anthropic/claude-sonnet-4-5"]

[models.judge]                                # the model that grades answers; empty is none
model = ""

[models.chat]                                 # the model that phrases answers on the page; empty: computed ones
model = ""

[metrics]                                     # code of your own as metrics; see docs/metrics.md
timeout_s = 10.0                              # seconds for one call
# functions = { polite = "metrics.py:polite" }

[schedule]
every = "15m"                                 # how often `serve` looks at every prompt

[budget]
calls_per_cycle = 20000
# usd_per_cycle = 2.00
# usd_per_day = 10.00
calls_online_per_day = 2000                   # calls of the judge on live traffic
# usd_online_per_day = 2.00

[policies]
path = "policies"                             # <path>/<prompt name>.yaml, else base.yaml; rulebook.yaml

[server]
host = "127.0.0.1"
port = 8400
# public_url = "https://prompts.example.org"  # for links in notifications

[notify]                                      # who is told of incidents, proposals, releases: docs/notifications.md
# team = { kind = "slack", url_env = "TEAM_CHAT_URL", events = ["incident.*", "proposal.created", "canary.*"] }

[worker]                                      # `promptkeeper worker`, with a library in PostgreSQL
heartbeat_s = 10.0                            # after three without a sign of life its cycles are taken over
grace_s = 20.0                                # seconds that running cycles have when it is told to stop

[mcp]                                         # `promptkeeper mcp`
approve = false                               # true: a person may sign there, after being shown the change

[telemetry]                                   # spans of our own cycles, without texts; needs the extra `telemetry`
otlp_endpoint = ""                            # such as http://127.0.0.1:4318; empty: nowhere
"""

POLICY = """\
# What a change of a prompt must never do; every candidate is checked against it before a person is asked. This file is
# for all prompts that have none of their own name (support/triage.yaml beside this one).
version: 1
# Packs only add or tighten; these are all that are shipped. See docs/policies.md.
extends: [pack:base, pack:privacy, pack:injection, pack:tools, pack:style]

# A clause that has to stay. mode: verbatim (not a word changes), equivalent (a paraphrase is shown to the reviewer, a
# change of meaning is stopped), presence (it has to be there).
# protected:
#   - id: no-card-numbers
#     text: Never repeat card numbers or passwords.
#     mode: equivalent
#     why: A transcript may be read by many people.
"""

IGNORED = ".promptkeeper/"


@click.command()
@click.argument("folder", metavar="[DIR]", default=".")
@with_json
def command(folder: str, as_json: bool) -> None:
    """Start a project in DIR (default: here): settings, an empty library, a first policy file."""
    from agent.settings import FILE_NAME

    root = Path(folder)
    file = root / FILE_NAME
    if root.exists() and not root.is_dir():
        raise InputError("this is a file, not a folder", folder, "Name a folder.")
    if file.exists():
        raise InputError("this folder is a project already", str(file), "Nothing was changed.")
    root.mkdir(parents=True, exist_ok=True)
    file.write_text(SETTINGS, encoding="utf-8")
    written = [file]
    policy = root / "policies" / "base.yaml"
    if not policy.exists():
        policy.parent.mkdir(exist_ok=True)
        policy.write_text(POLICY, encoding="utf-8")
        written.append(policy)
    if _ignore(root / ".gitignore"):
        written.append(root / ".gitignore")
    url = _create_library(root)
    document = {"root": root.absolute(), "library": url, "written": written}
    emit(as_json, document, lambda: _said(root, written))


def _ignore(file: Path) -> bool:
    """Keep the library out of version control; True when the file had to change."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if IGNORED in before.splitlines():
        return False
    gap = "" if not before or before.endswith("\n") else "\n"
    file.write_text(f"{before}{gap}{IGNORED}\n", encoding="utf-8")
    return True


def _create_library(root: Path) -> str:
    from agent.settings import load_settings
    from library.store.stores import open_library

    library = open_library(load_settings(root.absolute()).library_url, audit_key=audit_key())
    try:
        return library.db.engine.url.render_as_string(hide_password=True)
    finally:
        library.db.close()


def _said(root: Path, written: list[Path]) -> str:
    lines = [f"wrote {path}" for path in written] + ["created an empty library", "", "Next:"]
    if root.resolve() != Path.cwd():
        lines.append(f"  cd {root}")
    lines += [
        "  promptkeeper prompts add support/triage FILE --label production",
        "  promptkeeper traces import FILE.jsonl",
        "  promptkeeper doctor",
    ]
    return "\n".join(lines)
