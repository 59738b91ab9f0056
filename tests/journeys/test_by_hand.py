"""A person asks for a better prompt on a dataset: no incident is needed, only that data counts, and order of arrival
does not.
"""

import asyncio
import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.bootstrap import opened_checkpoints
from agent.optimize import optimize
from library.datasets import Item, item_id, normalised
from library.runs import RunOptions
from library.store.stores import open_library
from tests.journeys import world
from tests.journeys.project import SEED, Project
from tests.journeys.teachers import Teacher, good, student
from tests.journeys.world import asked

ORDER = RunOptions(dataset="mail")
ROLES = ("learn", "select", "gate")


def mail(dataset, first, count):
    """Messages whose account and product topics are all of the kinds that the prompt does not know."""
    rng = random.Random(first)
    items = []
    for number in range(first, first + count):
        topic = rng.choice(sorted(world.USUAL))
        inputs = {"message": world.say(topic, number, rng, {**world.USUAL, **world.NEW})}
        items.append(
            Item(
                id=item_id(world.NAME, dataset, inputs), prompt=world.NAME, dataset=dataset, role=ROLES[number % 3],
                inputs=inputs, expected=topic, segment=world.SEGMENTS[topic], group=normalised(inputs),
                created_at=world.START,
            )
        )  # fmt: skip
    return items


@pytest.fixture
def shop(tmp_path):
    """A project with two datasets and no traffic, so that nothing can be wrong in production."""
    library = open_library(f"sqlite:///{tmp_path}/.promptkeeper/library.db")
    world.add_prompt(library)
    library.datasets.add(mail("mail", 0, 150))
    library.datasets.add(mail("other", 5000, 60))
    yield Project(root=tmp_path, library=library, rules=world.rulebook())
    library.db.close()


async def ordered(project, options=ORDER, *, parallel=16, teach=None, learn=student):
    """One optimisation; the run."""
    async with (
        project.services(teach=teach or Teacher(good), learn=learn) as services,
        opened_checkpoints(project.settings) as checkpoints,
    ):
        return await optimize(replace(services, max_parallel=parallel), checkpoints, world.NAME, options, seed=SEED)


async def test_a_better_prompt_is_proposed_without_an_incident(shop):
    run = await ordered(shop)

    assert (run.stop_reason, run.trigger, run.incident_id) == ("proposed", "optimize", None)
    assert run.options == ORDER
    assert shop.production() == 1  # a person has not decided yet
    assert shop.proposal(run).packet["comparison"]["n"] == 50


async def test_only_the_dataset_that_was_named_is_read_or_measured(shop):
    await ordered(shop)

    said = "\n".join(shop.told("student") + shop.told("teacher"))
    others = [i.inputs["message"] for i in shop.library.datasets.items(world.NAME, dataset="other")]
    assert others
    assert not [text for text in others if text in said]


async def test_rounds_and_calls_of_the_order_bind_this_run_alone(shop):
    run = await ordered(shop, replace(ORDER, rounds=1), teach=Teacher(lambda current, n: current + f"\nTry {n}."))
    assert run.path.count("rewrite") == 1

    spent = await ordered(shop, replace(ORDER, calls=60))
    assert spent.stop_reason == "budget_spent"
    assert "--budget-calls" in spent.stop_detail
    assert shop.library.calls.spend(f"run:{spent.id}").calls <= 60

    assert (await ordered(shop)).stop_reason == "proposed"


async def test_an_interrupted_order_goes_on_with_its_options_and_pays_nothing_twice(shop):
    options, reached, sent = replace(ORDER, rounds=2), asyncio.Event(), []

    def watched(request):
        sent.append(asked(request.messages))
        if len(sent) == 70:
            reached.set()
        return student(request)

    task = asyncio.create_task(ordered(shop, options, learn=watched))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    taught = len(shop.asked["teacher"].requests)
    shop.clock.at += timedelta(minutes=10)  # the lease has ended

    run = await ordered(shop, options, learn=watched)

    assert (run.id, run.options, run.stop_reason) == (1, options, "proposed")
    paid = shop.library.calls.spend("run:1").calls
    # What was in flight at the interruption may be asked again; nothing that had been answered is.
    assert len(sent) + taught + len(shop.asked["teacher"].requests) <= paid + 16


class Shuffled:
    """A model whose answers arrive in an order of their own."""

    def __init__(self, model, seed):
        self._model, self._rng = model, random.Random(seed)
        self.name, self.role = model.name, model.role

    async def complete(self, request, *, scope, caps):
        await asyncio.sleep(self._rng.random() / 2000)
        reply = await self._model.complete(request, scope=scope, caps=caps)
        await asyncio.sleep(self._rng.random() / 2000)
        return reply


def decisions(project, run):
    """The run's attempts, their results and its end as one text."""
    tried = [
        (a.number, a.round, a.strategy, a.state, a.reason, a.content_hash, dict(a.result))
        for a in project.attempts(run)
    ]
    return json.dumps([tried, run.path, run.stop_reason, run.stop_detail], sort_keys=True)


async def test_one_eight_or_sixty_four_calls_at_a_time_decide_the_same_to_the_byte(tmp_path):
    logs = []
    for parallel in (1, 8, 64):
        library = open_library(f"sqlite:///{tmp_path}/{parallel}/.promptkeeper/library.db")
        world.add_prompt(library)
        library.datasets.add(mail("mail", 0, 90))
        project = Project(root=tmp_path / str(parallel), library=library, rules=world.rulebook())
        async with project.services(teach=Teacher(good)) as services, opened_checkpoints(project.settings) as saver:
            shuffled = replace(
                services,
                student=Shuffled(services.student, parallel),
                teacher=Shuffled(services.teacher, parallel),
                max_parallel=parallel,
            )
            run = await optimize(shuffled, saver, world.NAME, ORDER, seed=SEED)
        logs.append(decisions(project, run))
        library.db.close()

    assert len(set(logs)) == 1
    assert '"tested"' in logs[0] or '"proposed"' in logs[0]
