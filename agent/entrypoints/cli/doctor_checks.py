"""What the doctor looks at on this machine: folders, library, memory, policy files."""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from library.calls import Spend
from library.errors import PromptkeeperError
from library.prompts import PRODUCTION, Prompt

if TYPE_CHECKING:
    from agent.settings import Settings

TIMEOUT_S = 3.0
RULEBOOK = "rulebook.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. note: works, but worth knowing; broken: something will fail until the mend is done."""

    name: str
    state: Literal["ok", "note", "broken"]
    detail: str
    mend: str = ""


def broken(name: str, error: PromptkeeperError) -> Check:
    """A finding from an error."""
    where = f"{error.place}: " if error.place else ""
    return Check(name=name, state="broken", detail=where + " ".join(error.thing.split()), mend=error.mend)


def home(settings: "Settings") -> Check:
    """The project's folder can be written."""
    if os.access(settings.root, os.W_OK | os.X_OK):
        return Check(name="folder", state="ok", detail=f"{settings.root} can be written")
    mend = "Change its permissions, or work as its owner."
    return Check(name="folder", state="broken", detail=f"{settings.root} cannot be written", mend=mend)


def library(settings: "Settings", today: date) -> Iterator[Check]:
    """The library answers and its tables are up to date; how much is in it, and what today (UTC) has cost."""
    from library.store.calls import CallStore
    from library.store.engine import Database
    from library.store.migrations.upgrade import is_current
    from library.store.prompts import PromptStore

    database: Database | None = None
    try:
        database = Database(settings.library_url)
        url = database.engine.url
        where = url.render_as_string(hide_password=True)
        if database.dialect == "sqlite" and url.database and not Path(url.database).exists():
            yield Check(
                name="library", state="note", detail=f"{where} is not there yet", mend="The first command makes it."
            )
        elif not is_current(database):
            mend = "The next command that opens it brings it up to date; make a backup first."
            yield Check(name="library", state="note", detail=f"{where} has tables of an older version", mend=mend)
        else:
            prompts = PromptStore(database).list()
            yield Check(name="library", state="ok", detail=f"{where}, {len(prompts)} prompts")
            yield from _unreleased(prompts)
            yield _spent(CallStore(database).spent_on(today))
    except PromptkeeperError as error:
        yield broken("library", error)
    finally:
        if database is not None:
            database.close()


def _unreleased(prompts: Sequence[Prompt]) -> Iterator[Check]:
    unset = [p.name for p in prompts if PRODUCTION not in p.labels]
    if unset:
        mend = f"Set it where the prompt is live: promptkeeper prompts label {unset[0]} {PRODUCTION} VERSION"
        detail = f"{len(unset)} without the label {PRODUCTION} ({', '.join(unset[:3])})"
        yield Check(name="prompts", state="note", detail=detail, mend=mend)


def _spent(spend: Spend) -> Check:
    money = "unknown cost" if spend.usd is None else f"${spend.usd:.4f}"
    return Check(name="spend", state="ok", detail=f"today so far {spend.calls} calls, {money}")


def memory(settings: "Settings") -> Check:
    """The failure memory's folder can be written, or its server answers."""
    section = settings.memory
    kind, _, folder = section.embedding.partition(":")
    if kind == "folder" and not settings.path(folder).is_dir():
        mend = 'Correct [memory] embedding, or use embedding = "lexical".'
        return Check(name="memory", state="broken", detail=f"there is no model folder {folder}", mend=mend)
    if section.url:
        return _server(section.url)
    path = settings.path(section.path)
    existing = next(p for p in (path, *path.parents) if p.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        mend = "Change its permissions, or set [memory] path."
        return Check(name="memory", state="broken", detail=f"{existing} cannot be written", mend=mend)
    if section.embedding == "chroma-default":
        mend = 'Set [memory] embedding = "lexical" to stay offline.'
        return Check(name="memory", state="note", detail=f"{path}; chroma-default downloads a model once", mend=mend)
    return Check(name="memory", state="ok", detail=f"{path}, embedding {section.embedding}")


def _server(url: str) -> Check:
    mend = "Start the Chroma server, or take [memory] url out to use a folder."
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=TIMEOUT_S) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        said = error.reason if isinstance(error, urllib.error.URLError) else error
        return Check(name="memory", state="broken", detail=f"{url} does not answer ({said})", mend=mend)
    return Check(name="memory", state="ok", detail=f"{url} answers")


def policies(settings: "Settings") -> Iterator[Check]:
    """The rulebook and every policy file can be read."""
    from policies.guardrails.policy_file import load_policy
    from policies.rulebook import read_rulebook

    folder = settings.path(settings.policies.path)
    files = sorted(folder.rglob("*.yaml")) if folder.is_dir() else []
    good = 0
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            if file == folder / RULEBOOK:
                read_rulebook(text, str(file))
            else:
                load_policy(text, str(file))
            good += 1
        except PromptkeeperError as error:
            yield broken("policies", error)
        except (OSError, UnicodeDecodeError) as error:
            mend = "Make it readable UTF-8 text."
            yield Check(name="policies", state="broken", detail=f"{file} cannot be read ({error})", mend=mend)
    if not files:
        mend = f"Put the clauses that must stay into {folder}/<prompt name>.yaml."
        yield Check(name="policies", state="note", detail="no policy files; the shipped packs apply", mend=mend)
    elif good == len(files):
        yield Check(name="policies", state="ok", detail=f"{good} files in {folder}")
