"""The composition root: the only place where concrete parts are put together."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.services import Progress, Services, in_thread, silent
from agent.settings import ModelSection, Settings
from library.calls import Caps, ModelRole
from library.errors import InputError
from library.store.engine import is_sqlite
from library.store.stores import Library
from policies.guardrails.policy import Policy
from policies.guardrails.policy_file import load_policy
from policies.rulebook import Rulebook, read_rulebook
from tools.memory import FailureMemory, OpenMemory, open_memory
from tools.model_names import same_model

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agent.chat.conversation import Conversation
    from agent.notifying.delivering import Post
    from tools.models import Model

MEMORY_WAIT_SECONDS = 20.0


def utc_now() -> datetime:
    """The clock of the product."""
    return datetime.now(UTC)


def rulebook_of(settings: Settings) -> Rulebook:
    """The shipped rulebook with the project's own values."""
    file = settings.path(settings.policies.path) / "rulebook.yaml"
    return read_rulebook(_text(file), str(file))


def policies_of(settings: Settings) -> Callable[[str], Policy]:
    """The guardrail policy of a prompt: `<name>.yaml`, else `base.yaml`, else the shipped packs."""
    folder = settings.path(settings.policies.path)

    @cache
    def policy_for(prompt: str) -> Policy:
        for file in (folder / f"{prompt}.yaml", folder / "base.yaml"):
            text = _text(file)
            if text is not None:
                return load_policy(text, str(file))
        return load_policy(None, "pack:base")

    return policy_for


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", str(file), "Correct the file or its permissions.") from error


def memory_of(settings: Settings, *, rebuild: bool = False) -> OpenMemory:
    """A way to open the failure memory; held only while it is used, so that processes can take turns."""
    from tools.embeddings import open_embedding

    def open_it() -> AbstractContextManager[FailureMemory]:
        embedding = open_embedding(settings.memory.embedding)
        if settings.memory.url:
            return open_memory(url=settings.memory.url, embedding=embedding, rebuild=rebuild)
        path = settings.path(settings.memory.path)
        return open_memory(path=path, embedding=embedding, rebuild=rebuild, wait_seconds=MEMORY_WAIT_SECONDS)

    return open_it


def caps_of(settings: Settings) -> Caps:
    """The budget of one cycle and of the day."""
    budget = settings.budget
    return Caps(
        usd_per_scope=budget.usd_per_cycle, calls_per_scope=budget.calls_per_cycle, usd_per_day=budget.usd_per_day
    )


def check_judge(settings: Settings) -> None:
    """InputError when the judge would be grading its own rewrites: it must not be the teacher, nor its fallback."""
    judge, teacher = settings.models.judge, settings.models.teacher
    for name in (teacher.model, *teacher.fallbacks):
        if judge.model and (same_model(judge.model, name) or same_model(name, judge.model)):
            raise InputError(
                f"the judge '{judge.model}' is the teacher's own model '{name}'",
                "[models.judge] model",
                "Name another model, or leave it empty for no judge.",
            )


def online_caps_of(settings: Settings) -> Caps:
    """What judging live traffic may cost in a UTC day."""
    budget = settings.budget
    return Caps(
        usd_per_scope=budget.usd_online_per_day,
        calls_per_scope=budget.calls_online_per_day,
        usd_per_day=budget.usd_per_day,
    )


def conversations(settings: Settings, library: Library, *, now: Callable[[], datetime]) -> "Callable[[], Conversation]":
    """Makes a conversation for each question, all with one chat model and its daily budget; none where none is set."""
    from agent.chat.conversation import Conversation
    from tools.ledger import Ledger
    from tools.models import ModelSettings, open_model

    rules, values = rulebook_of(settings).diagnosis, settings.models.chat
    model = None
    if values.model:
        model = open_model(ModelSettings(role="chat", **values.model_dump()), ledger=Ledger(library.calls), now=now)
    caps = online_caps_of(settings)

    def begin() -> Conversation:
        scope = f"chat:{now():%Y-%m-%d}"
        return Conversation(library=library, rules=rules, model=model, caps=caps, scope=scope)

    return begin


def post_of(settings: Settings, library: Library, *, now: Callable[[], datetime]) -> "Post":
    """What delivering notices takes; a channel is opened when the first notice for it is due."""
    import random

    from agent.notifying.channels import Channel, open_channel
    from agent.notifying.delivering import Post

    rules = rulebook_of(settings).notifications

    def open_it(name: str) -> Channel:
        return open_channel(name, settings.notify[name], os.environ, timeout_s=rules.timeout_seconds)

    names = frozenset(settings.notify)
    return Post(library=library, names=names, open_channel=open_it, rules=rules, now=now, rng=random.Random())


@asynccontextmanager
async def opened_services(
    settings: Settings, library: Library, *, progress: Progress = silent, now: Callable[[], datetime] = utc_now
) -> AsyncIterator[Services]:
    """Everything a cycle needs, except its claim; models are connected at their first call."""
    from tools.functions import Functions
    from tools.ledger import Ledger
    from tools.model_spans import ToldModel
    from tools.models import ModelSettings, open_model
    from tools.spans import NO_SPANS, open_spans

    ledger, spans = Ledger(library.calls), open_spans(settings.telemetry.otlp_endpoint)
    functions = Functions(settings.metrics.functions, folder=settings.path("."), timeout_s=settings.metrics.timeout_s)

    def opened(role: ModelRole, values: ModelSection) -> "Model":
        model = open_model(ModelSettings(role=role, **values.model_dump()), ledger=ledger, now=now)
        return model if spans is NO_SPANS else ToldModel(model, spans)

    models = settings.models
    check_judge(settings)
    try:
        yield Services(
            library=library,
            student=opened("student", models.student),
            teacher=opened("teacher", models.teacher),
            open_memory=memory_of(settings),
            rulebook=rulebook_of(settings),
            policy_for=policies_of(settings),
            caps=caps_of(settings),
            now=now,
            max_parallel=models.student.max_parallel,
            progress=progress,
            judge=opened("judge", models.judge) if models.judge.model else None,
            online_caps=online_caps_of(settings),
            functions=functions,
            spans=spans,
        )
    finally:
        functions.close()
        await ledger.close()
        await in_thread(spans.close)


@asynccontextmanager
async def opened_checkpoints(settings: Settings) -> "AsyncIterator[BaseCheckpointSaver[str]]":
    """Where the graph keeps its state between steps; committed with full synchronisation."""
    from agent.checkpoints import on_postgres, on_sqlite

    url = settings.library_url
    kept = on_sqlite(settings.path(".promptkeeper") / "checkpoints.db") if is_sqlite(url) else on_postgres(url)
    async with kept as saver:
        yield saver
