"""A small task whose outcome hangs on single clauses, so that a test can say which clause does what.

A message names a word; the student answers its code where a clause of the prompt says how the word is answered and no
clause tells it to leave the word out.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from agent.bootstrap import memory_of, policies_of
from agent.services import Services
from agent.settings import Settings
from agent.state import CycleState
from library.calls import Caps
from library.datasets import Item, ItemRole, item_id, normalised
from library.prompts import Content
from library.runs import Attempt
from library.store.stores import Library, open_library
from policies.rulebook import Rulebook
from tests.journeys.teachers import LedgerModel, silent_teacher
from tests.journeys.world import NAME, NOW, REVIEWER, START, asked, rulebook
from tools.ledger import Ledger
from tools.models import Reply, Request

LESSONS = {
    "amber": "Golden resin of old pines is written code-amber.",
    "birch": "A tree with white bark gets code-birch.",
    "cedar": "Wood that keeps moths away means code-cedar.",
    "delta": "Where a river splits say code-delta.",
    "ember": "What glows after a fire becomes code-ember.",
    "fjord": "For a narrow bay between cliffs choose code-fjord.",
}
"""One clause for every word; no two of them in nearly the same words, as these would count as one idea."""
WORDS = tuple(LESSONS)
SAFETY = "Never repeat a password."
KNOWN = LESSONS["amber"]
BASE = f"You answer with the code of a word.\n{SAFETY}\n{KNOWN}\nMessage: {{{{message}}}}"


def rule(word: str) -> str:
    """The clause that teaches a word."""
    return LESSONS[word]


def leave_out(word: str) -> str:
    """The clause that spoils a word."""
    return f"Leave out {word} when it occurs."


def with_clauses(*clauses: str, base: str = BASE) -> Content:
    """The prompt with these clauses before the message."""
    head, tail = base.rsplit("\nMessage:", 1)
    return Content(text="\n".join([head, *clauses]) + "\nMessage:" + tail)


def obedient(request: Request) -> str:
    """The student of this task."""
    said = asked(request.messages)
    prompt, message = said.rsplit("Message:", 1)
    word = message.split()[0]
    known = word in LESSONS and rule(word) in prompt
    return f"code-{word}" if known and leave_out(word) not in prompt else "unknown"


class Dawdling:
    """A model that answers after a time of its own for every question, so that answers come in any order."""

    def __init__(self, model: LedgerModel) -> None:
        self.role, self.name, self._model = model.role, model.name, model

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer of the model behind it."""
        first = hashlib.sha256(asked(request.messages).encode()).digest()[0]
        await asyncio.sleep(first / 100_000)
        return await self._model.complete(request, scope=scope, caps=caps)


@dataclass(slots=True, kw_only=True)
class Shelf:
    """A library with the task, and services of a run that has claimed the prompt."""

    library: Library
    services: Services
    student: LedgerModel
    ledger: Ledger

    def state(self, **more: object) -> CycleState:
        """The state of a first round that builds upon the live version."""
        said = {
            "prompt": NAME, "run_id": self.services.held().run_id, "trigger": "force", "base_version": 1, "seed": 5,
            "incident_id": None, "round": 1, "best": 0, "hypotheses": [], "candidates": [],
        }  # fmt: skip
        return said | more  # type: ignore[return-value]

    def attempt(self, number: int, content: Content, **more: object) -> Attempt:
        """An attempt of the first round, kept."""
        said = {
            "run_id": self.services.held().run_id, "number": number, "round": 1, "prompt": NAME, "strategy": "several",
            "hypothesis": "words are missing", "content": content, "content_hash": content.hash, "state": "drafted",
            "reason": "", "result": {"decision": "allow", "policy_digest": "d", "parent": 0}, "created_at": NOW,
        } | more  # fmt: skip
        made = Attempt(**said)  # type: ignore[arg-type]
        self.library.runs.save_attempt(self.services.held(), made)
        return made

    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts of the run, by number."""
        found = self.library.runs.attempts(run_id=self.services.held().run_id)
        return tuple(sorted(found, key=lambda a: a.number))

    def calls_under(self, content: Content) -> int:
        """How often the student was really asked under this prompt."""
        head = content.full_text.split("Message:")[0]
        return sum(asked(r.messages).startswith(head) for r in self.student.requests)

    def slow(self, max_parallel: int) -> Services:
        """Services whose answers come in an order of their own."""
        return replace(self.services, student=Dawdling(self.student), max_parallel=max_parallel)

    async def close(self) -> None:
        """End it."""
        await self.ledger.close()
        self.library.db.close()


def items(role: ItemRole, each: Mapping[str, int] | int = 4, words: Sequence[str] = WORDS) -> list[Item]:
    """Items of one role: so many of every word."""
    made = []
    for word in words:
        for number in range(each if isinstance(each, int) else each.get(word, 0)):
            inputs = {"message": f"{word} {role} {number}"}
            made.append(
                Item(
                    id=item_id(NAME, role, inputs), prompt=NAME, dataset="words", role=role, inputs=inputs,
                    expected=f"code-{word}", segment=word, group=normalised(inputs), created_at=START,
                )
            )  # fmt: skip
    return made


def stocked(root: Path, found: Sequence[Item], base: str = BASE, rules: Rulebook | None = None) -> Shelf:
    """A shelf in this folder with these items."""
    library = open_library(f"sqlite:///{root}/.promptkeeper/library.db")
    library.prompts.create(
        NAME, description="Codes of words.", metrics=[{"name": "exact_match"}], actor=REVIEWER, now=START
    )
    library.prompts.add_version(NAME, Content(text=base), actor=REVIEWER, now=START)
    library.prompts.move_label(NAME, "production", 1, expected=None, actor=REVIEWER, reason="start", now=START)
    library.datasets.add(found)
    claim, _, _ = library.runs.claim(
        NAME, owner="test", trigger="force", incident_id=None, base_version=1, seed=5, lease=timedelta(days=1), now=NOW
    )
    ledger, settings = Ledger(library.calls), Settings(root=root)
    student = LedgerModel("student", obedient, ledger=ledger, now=lambda: NOW)
    services = Services(
        library=library,
        student=student,
        teacher=LedgerModel("teacher", silent_teacher, ledger=ledger, now=lambda: NOW),
        open_memory=memory_of(settings),
        rulebook=rules or rulebook(),
        policy_for=policies_of(settings),
        caps=Caps(),
        now=lambda: NOW,
        max_parallel=8,
        claim=claim,
    )
    return Shelf(library=library, services=services, student=student, ledger=ledger)
