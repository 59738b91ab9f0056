"""Running a cycle: claim the prompt, walk the graph from its last checkpoint, keep the lease alive, finish the run."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from agent.graph import Graph, build_graph
from agent.holding import kept, owner_name, take
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.telling import told
from library.errors import BudgetSpent, ClaimHeld, ClaimLost, Outage, PromptkeeperError, Refused
from library.runs import Claim, Run, RunOptions, RunState, StopReason, Trigger
from library.store.stores import Library

log = logging.getLogger("promptkeeper.cycle")

Checkpoints = BaseCheckpointSaver[str]
"""Where the graph keeps its state between steps."""

Brake = RunControl
"""Asks one cycle to stop after the step that runs: `request_drain()`. Made anew for every cycle."""

STEP_LIMIT = 200  # graph steps; the rulebook's rounds end a cycle long before


class HandedOver(Refused):
    """A cycle stopped half-way because it was asked to; its claim is free and its last step is kept."""


async def run_cycle(
    services: Services,
    checkpointer: Checkpoints,
    prompt: str,
    trigger: Trigger,
    *,
    comment: str = "",
    options: RunOptions | None = None,
    owner: str | None = None,
    seed: int | None = None,
    brake: Brake | None = None,
) -> Run:
    """One cycle over one prompt, from the start or from where a killed one stopped; returns the finished run.

    seed: of a new run's random choices, drawn when None; a run that is taken up again keeps its own, and its options.
    brake: with one, a run that is braked or cancelled lets go of its claim, so that another process goes on at once
    from its last checkpoint; braked, it raises HandedOver.
    Raises ClaimHeld when another cycle works on the prompt or when options are given and an unfinished run was started
    otherwise, ClaimLost when this one was taken over.
    """
    claim, run, resumed = await in_thread(
        take, services, prompt, trigger, comment, owner or owner_name(), seed, options
    )
    held = under(replace(services, claim=claim), run.options)
    graph = build_graph(held, checkpointer)
    config: RunnableConfig = {"configurable": {"thread_id": f"run-{run.id}"}, "recursion_limit": STEP_LIMIT}
    async with told(held, run, resumed=resumed) as tell, _let_go(held, claim, brake), kept(held, claim):
        if resumed:
            await in_thread(services.library.calls.release, held.scope)
        else:
            # A process that was killed between its last two commits has left the checkpoints of a finished run.
            for ended in (await in_thread(services.library.runs.list, prompt=prompt, limit=2))[1:]:
                await checkpointer.adelete_thread(f"run-{ended.id}")
        finished = await _finish(held, run, await _walk(held, graph, config, run, brake))
        await tell(finished)
    await checkpointer.adelete_thread(f"run-{run.id}")
    return finished


def under(services: Services, options: RunOptions) -> Services:
    """The services of a run under its own options: its caps, strategy and rounds instead of the usual ones."""
    caps, book = services.caps, services.rulebook
    if options.usd is not None:
        caps = replace(caps, usd_per_scope=options.usd)
    if options.calls is not None:
        caps = replace(caps, calls_per_scope=options.calls)
    own: dict[str, object] = {"strategies": (options.strategy,)} if options.strategy else {}
    if options.rounds is not None:
        own["max_rounds"] = options.rounds
    if own:
        book = book.model_copy(update={"search": book.search.model_copy(update=own)})
    return replace(services, caps=caps, rulebook=book)


@asynccontextmanager
async def _let_go(services: Services, claim: Claim, brake: Brake | None) -> AsyncIterator[None]:
    """Free the claim of a run that is stopped half-way, where there is somebody to go on with it."""
    try:
        yield
    except (asyncio.CancelledError, GraphDrained) as stopped:
        if brake is not None:
            with contextlib.suppress(ClaimLost):
                await asyncio.shield(in_thread(services.library.runs.release, claim, now=services.now()))
        if isinstance(stopped, GraphDrained):
            raise HandedOver("the run was handed over", claim.prompt, "Another worker goes on with it.") from None
        raise


async def _walk(
    services: Services, graph: Graph, config: RunnableConfig, run: Run, brake: Brake | None
) -> tuple[RunState, StopReason, str, int | None]:
    """Walk the graph to its end; the reason it stopped, typed."""
    try:
        started = (await graph.aget_state(config)).values
        initial: CycleState = {
            "prompt": run.prompt,
            "run_id": run.id,
            "trigger": run.trigger,
            "base_version": run.base_version,
            "seed": run.seed,
            "comment": run.comment,
            "dataset": run.options.dataset,
            "rounds": run.options.rounds or 0,
            "path": [],
        }
        steps = graph.astream(
            None if started else initial, config, stream_mode="values", durability="sync", control=brake
        )
        async for state in steps:
            path, incident_id = state.get("path", []), state.get("incident_id")
            await in_thread(services.library.runs.follow, services.held(), path, incident_id=incident_id)
        end = (await graph.aget_state(config)).values
        stop = end.get("stop") or {"reason": "error", "detail": "the graph ended without a reason"}
        return "finished", stop["reason"], stop["detail"], end.get("proposal_id")
    except BudgetSpent as error:
        return "finished", "budget_spent", str(_own_cap(error, run.options)), None
    except (ClaimLost, ClaimHeld, GraphDrained):
        raise
    except Outage as error:
        return "finished", "models_down", str(error), None
    except PromptkeeperError as error:
        return "failed", "error", str(error), None
    except Exception as error:
        # A run that breaks must end: taken up again, it would break at the same place for ever.
        log.debug("run %s broke", run.id, exc_info=True)
        return "failed", "error", f"unexpected {type(error).__name__}: {error}", None


def _own_cap(error: BudgetSpent, options: RunOptions) -> BudgetSpent:
    """The error with the option instead of the setting, where the run had a cap of its own."""
    own = {"[budget] calls_per_cycle": options.calls, "[budget] usd_per_cycle": options.usd}
    option = {"[budget] calls_per_cycle": "--budget-calls", "[budget] usd_per_cycle": "--budget-usd"}
    return error if own.get(error.place) is None else BudgetSpent(error.thing, option[error.place], error.mend)


async def _finish(services: Services, run: Run, end: tuple[RunState, StopReason, str, int | None]) -> Run:
    state, reason, detail, proposal_id = end
    if reason != "proposed":
        await in_thread(_back_to_open, services, run.prompt, reason, detail)
    return await in_thread(
        services.library.runs.finish,
        services.held(),
        state=state,
        stop_reason=reason,
        detail=detail,
        proposal_id=proposal_id,
        now=services.now(),
    )


def _back_to_open(services: Services, prompt: str, reason: StopReason, detail: str) -> None:
    for incident in services.library.incidents.active(prompt):
        if incident.state == "diagnosing":
            services.library.incidents.move(
                incident.id,
                "open",
                actor="cycle",
                note=f"{reason}: {detail}",
                now=services.now(),
                claim=services.held(),
            )


PASSING = frozenset({"teacher_down", "models_down"})
"""Reasons that pass by themselves: the next round of the background may try again at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A proposal's text as a person wrote it: one text, or one for each message of a chat prompt."""

    proposal: int
    texts: tuple[str, ...]
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A cycle that should run, and why. edit: a person's text to be tested, when the trigger is an edit."""

    prompt: str
    trigger: Trigger
    comment: str = ""
    edit: Edit | None = None


def due(
    library: Library, names: Sequence[str], *, force: bool = False, rested: datetime | None = None
) -> tuple[Wish, ...]:
    """The cycles to run: for the prompts named, or for all with an open incident or a reviewer's wish for changes.

    rested: leave out prompts whose last cycle ended later than this, if it found nothing and nothing is new since.
    """
    asked = {w.prompt: w for w in _revisions(library)}
    if names:
        other: Trigger = "force" if force else "incident"
        return tuple(asked.get(name, Wish(prompt=name, trigger=other)) for name in names)
    ill = {i.prompt for i in library.incidents.list(states=("open", "regressed", "diagnosing"))}
    if rested is not None:
        ill = {name for name in ill if not _resting(library, name, rested)}
    return tuple(asked.get(name, Wish(prompt=name, trigger="incident")) for name in sorted({*ill, *asked}))


def _resting(library: Library, prompt: str, rested: datetime) -> bool:
    """Whether another cycle so soon would only open the gate on the same evidence, and pay, once more."""
    last = next(iter(library.runs.list(prompt=prompt, limit=1)), None)
    if last is None or last.finished_at is None or last.finished_at <= rested or last.stop_reason in PASSING:
        return False
    decided = [p.decided_at for p in library.proposals.list(prompt=prompt) if p.decided_at is not None]
    opened = [i.opened_at for i in library.incidents.active(prompt)]
    moved = [move.at for move in library.prompts.moves(prompt)]
    return not any(at > last.started_at for at in [*decided, *opened, *moved])


def _revisions(library: Library) -> list[Wish]:
    """Changes that reviewers asked for and that no cycle has taken up yet."""
    wishes = []
    for proposal in library.proposals.list(state="revision_requested"):
        later = library.runs.list(prompt=proposal.prompt, limit=1)
        newest = library.proposals.list(prompt=proposal.prompt)[0]
        taken_up = later and proposal.decided_at is not None and later[0].started_at > proposal.decided_at
        if newest.id == proposal.id and not taken_up:
            wishes.append(Wish(prompt=proposal.prompt, trigger="revision", comment=proposal.comment))
    return wishes
