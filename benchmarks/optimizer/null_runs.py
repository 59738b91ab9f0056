"""Null runs: every wording is equally good, so whatever is called better is a mistake. How often does that happen?

Every run goes through the product's own graph: diagnosis, rewriting, guardrails, race, gate. The student is right on an
item by the item's own luck, except that a share of the items is drawn anew for every prompt text (the noise); so no
text is truly better than another. The teacher adds plausible sentences that mean nothing to the student.
"""

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from agent.bootstrap import memory_of, opened_checkpoints, policies_of
from agent.optimize import optimize
from agent.services import Services
from agent.settings import Settings
from benchmarks.optimizer.project import SOMEBODY
from benchmarks.optimizer.scripted import Answering, Scripted
from library.calls import Caps
from library.datasets import Item, ItemRole, item_id
from library.prompts import PRODUCTION, Content
from library.runs import RunOptions
from library.store.stores import Library, open_library
from policies.rulebook import read_rulebook
from tools.ledger import Ledger
from tools.models import Request

PROMPT = """\
You help an archive to sort letters.
Read the letter and say whether it should be kept.
Never repeat the name of a private person in your answer.
Answer with yes or no only.

Letter: {{letter}}
"""
DATASET = "letters"
PER_ROLE = 40
ROLES: tuple[ItemRole, ...] = ("learn", "select", "gate")
RIGHT = (0.5, 0.7, 0.9)
NOISE = (0.03, 0.1, 0.3)
MARK = re.compile(r"letter no\. \d+")
VERBS = ("Weigh", "Note", "Look at", "Think about", "Compare", "Examine", "Consider", "Take in")
THINGS = ("the paper", "the season", "the ink", "the greeting", "the length", "the hand", "the seal", "the margin")
ENDS = ("before you decide", "as a keeper would", "with a calm eye", "line by line", "once more at the end", "in full")


def run_null(out: Path, runs: int) -> dict[str, Any]:
    """So many runs with seeds 1, 2, …: counts of how they ended, and those that were called better."""
    out.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_all(out, runs))


async def _all(out: Path, runs: int) -> dict[str, Any]:
    library = open_library(f"sqlite:///{out}/null.db")
    ended: Counter[str] = Counter()
    better: list[int] = []
    calls = 0
    try:
        for seed in range(1, runs + 1):
            right, noise = RIGHT[seed % 3], NOISE[seed // 3 % 3]
            name = f"null/run-{seed}"
            _add(library, name)
            student = Student(seed, right, noise)
            async with (
                services_of(library, out, student, teacher_of(seed)) as services,
                opened_checkpoints(Settings(root=out)) as checkpoints,
            ):
                run = await optimize(services, checkpoints, name, RunOptions(dataset=DATASET), seed=seed)
            ended[run.stop_reason or run.state] += 1
            calls += library.calls.spend(f"run:{run.id}").calls
            better += [seed] if run.stop_reason == "proposed" else []
    finally:
        library.db.close()
    return {"runs": runs, "better": len(better), "seeds": better, "ended": dict(ended), "calls": calls / runs}


class Student:
    """Right with one probability whatever the prompt says. noise: share of items drawn anew for every text."""

    def __init__(self, seed: int, right: float, noise: float) -> None:
        self._seed, self._right, self._noise = seed, right, noise

    def __call__(self, request: Request) -> str:
        text = "\n".join(m.content for m in request.messages)
        item = MARK.findall(text)[-1]
        loose = chance(self._seed, "loose", item) < self._noise
        luck = chance(self._seed, MARK.sub("", text), item) if loose else chance(self._seed, "fixed", item)
        return "yes" if luck < self._right else "no"


def teacher_of(seed: int) -> Answering:
    """A teacher whose rewrites add one to three sentences; it answers every question in one object."""

    def answer(request: Request) -> str:
        asked = "\n".join(m.content for m in request.messages) + f"\n{request.repeat}"
        lines = [_sentence(seed, asked, i) for i in range(1 + int(3 * chance(seed, asked, "how many")))]
        head, rest = PROMPT.split("Never repeat", 1)
        cause = "The letters are read too quickly."
        return json.dumps(
            {
                "hypotheses": [{"name": "haste", "cause": cause, "fix": lines[0], "evidence": []}],
                "hypothesis": f"{cause} {lines[0]}",
                "improved_prompt": head + "".join(f"{line}\n" for line in lines) + "Never repeat" + rest,
                "predicted_fixed": [],
                "predicted_risks": "none",
            }
        )

    return answer


def _sentence(seed: int, asked: str, number: int) -> str:
    drawn = [int(len(words) * chance(seed, asked, number, len(words))) for words in (VERBS, THINGS, ENDS)]
    return f"{VERBS[drawn[0]]} {THINGS[drawn[1]]} {ENDS[drawn[2]]}."


def chance(*parts: object) -> float:
    """A number in [0, 1) that the parts alone decide."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def _add(library: Library, name: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    library.prompts.create(name, actor=SOMEBODY, now=now)
    version = library.prompts.add_version(name, Content(text=PROMPT), actor=SOMEBODY, now=now)
    library.prompts.move_label(name, PRODUCTION, version.number, expected=None, actor=SOMEBODY, reason="start", now=now)
    items = []
    for number in range(PER_ROLE * len(ROLES)):
        inputs = {"letter": f"letter no. {number}"}
        items.append(
            Item(
                id=item_id(name, DATASET, inputs),
                prompt=name,
                dataset=DATASET,
                role=ROLES[number % len(ROLES)],
                inputs=inputs,
                expected="yes",
                group=inputs["letter"],
                created_at=now,
            )
        )
    library.datasets.add(items)


@asynccontextmanager
async def services_of(library: Library, root: Path, student: Answering, teacher: Answering) -> AsyncIterator[Services]:
    """Services around two functions; the clock moves a millisecond at every look."""
    ledger, now, settings = Ledger(library.calls), clock(), Settings(root=root)
    try:
        yield Services(
            library=library,
            student=Scripted("student", student, ledger, now),
            teacher=Scripted("teacher", teacher, ledger, now),
            open_memory=memory_of(settings),
            rulebook=read_rulebook(None, "shipped"),
            policy_for=policies_of(settings),
            caps=Caps(),
            now=now,
            max_parallel=16,
        )
    finally:
        await ledger.close()


def clock() -> Callable[[], datetime]:
    """A clock of its own."""
    ticks = count()
    return lambda: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(milliseconds=next(ticks))
