"""A project in a folder, with everything real but the models: library, memory, checkpoints, graph, guardrails."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from agent.bootstrap import caps_of, memory_of, opened_checkpoints, policies_of
from agent.cycle import run_cycle
from agent.review import Reviewing
from agent.services import Services
from agent.settings import Settings
from library.calls import Caps
from library.prompts import Actor
from library.proposals import Proposal
from library.runs import Attempt, Run, Trigger
from library.store.stores import Library, open_library
from policies.rulebook import Rulebook
from tests.journeys import world
from tests.journeys.teachers import Answering, LedgerModel, Teacher, good, student
from tools.ledger import Ledger

SEED = 20_260_601


@dataclass(slots=True, kw_only=True)
class Clock:
    """A clock that stands until it is set."""

    at: datetime = world.NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True, kw_only=True)
class Project:
    """A folder with a library. rules: what its cycles decide by; asked: the models of the last cycle, by role."""

    root: Path
    library: Library
    rules: Rulebook
    clock: Clock = field(default_factory=Clock)
    asked: dict[str, LedgerModel] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(root=self.root)

    @asynccontextmanager
    async def services(
        self, *, teach: Answering | None = None, learn: Answering = student, caps: Caps | None = None, cost: float = 0.0
    ) -> AsyncIterator[Services]:
        """Services around a scripted teacher and student."""
        ledger = Ledger(self.library.calls)
        said: Mapping[str, Answering] = {"teacher": teach or Teacher(good), "student": learn}
        self.asked = {
            role: LedgerModel(role, said[role], ledger=ledger, now=self.clock, cost=cost)
            for role in ("teacher", "student")
        }
        yield Services(
            library=self.library,
            student=self.asked["student"],
            teacher=self.asked["teacher"],
            open_memory=memory_of(self.settings),
            rulebook=self.rules,
            policy_for=policies_of(self.settings),
            caps=caps or caps_of(self.settings),
            now=self.clock,
            max_parallel=16,
        )
        await ledger.close()

    async def cycle(
        self, trigger: Trigger = "incident", *, comment: str = "", owner: str | None = None, **models
    ) -> Run:
        """One cycle over the prompt."""
        async with self.services(**models) as services, opened_checkpoints(self.settings) as checkpoints:
            return await run_cycle(services, checkpoints, world.NAME, trigger, comment=comment, owner=owner, seed=SEED)

    def told(self, role: str = "teacher") -> list[str]:
        """The requests of the last cycle to a model, each as one text."""
        return [world.asked(r.messages) for r in self.asked[role].requests]

    def attempts(self, run: Run) -> tuple[Attempt, ...]:
        return self.library.runs.attempts(run_id=run.id)

    def proposal(self, run: Run) -> Proposal:
        assert run.proposal_id is not None, (run.stop_reason, run.stop_detail)
        return self.library.proposals.get(run.proposal_id)

    def production(self) -> int | None:
        return self.library.prompts.get(world.NAME).labels.get("production")

    def reviewing(self, actor: Actor = world.REVIEWER) -> Reviewing:
        return Reviewing(library=self.library, policy_for=policies_of(self.settings), now=self.clock, actor=actor)


def opened(root: Path, fill: Callable[[Library], None] = world.build, rules: Rulebook | None = None) -> Project:
    """A project in this folder, its library filled and its scores looked at."""
    library = open_library(f"sqlite:///{root}/.promptkeeper/library.db")
    project = Project(root=root, library=library, rules=rules or world.rulebook())
    fill(library)
    world.swept(library, project.rules)
    return project
