"""The state machine of a cycle. START READING HERE.

Six steps; each is `async def step(state, services) -> partial state` in `agent/steps/`. Every way out of the graph is
either a typed stop reason in the state or a proposal in the queue. A person's decision is never awaited in here: a
proposal is a row in the library, and the graph ends when it is written.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.services import Services
from agent.state import CycleState
from agent.steps.diagnose import diagnose
from agent.steps.edited import edited
from agent.steps.hypothesize import hypothesize
from agent.steps.monitor import monitor
from agent.steps.propose import propose
from agent.steps.rewrite import rewrite
from agent.steps.trial import trial

Graph = CompiledStateGraph[CycleState, None, CycleState, CycleState]


def build_graph(services: Services, checkpointer: BaseCheckpointSaver[str] | None) -> Graph:
    """Wire the six steps; the checkpointer remembers the state after each one."""
    graph = StateGraph(CycleState)
    steps = {
        "monitor": monitor,
        "diagnose": diagnose,
        "hypothesize": hypothesize,
        "rewrite": rewrite,
        "test": trial,
        "propose": propose,
        "edited": edited,
    }
    for name, step in steps.items():
        graph.add_node(name, partial(_traced, name, step, services))

    # A search, or the test of what a reviewer wrote with their own hands.
    graph.add_conditional_edges(START, after_start)
    # Healthy, already waiting for a reviewer, or nothing to work with: no model is asked.
    graph.add_conditional_edges("monitor", after_monitor)
    # An outage, a new model, a broken judge: a report on the incident, not a new prompt.
    graph.add_conditional_edges("diagnose", after_diagnose)
    graph.add_conditional_edges("hypothesize", after_hypothesize)
    # Nothing passed the guardrails or everything was tried before: think again, unless the rounds are used up.
    graph.add_conditional_edges("rewrite", after_rewrite)
    # Better but not good enough, or no better yet: another round. Proven: propose.
    graph.add_conditional_edges("test", after_test)
    # The same gate for everybody.
    graph.add_conditional_edges("edited", after_edited)
    graph.add_edge("propose", END)
    return graph.compile(checkpointer=checkpointer, name="cycle")


Step = Callable[[CycleState, Services], Awaitable[CycleState]]


async def _traced(name: str, step: Step, services: Services, state: CycleState) -> CycleState:
    """Run a step and add its name to the path."""
    with services.spans.span(f"step {name}", {"promptkeeper.step": name}):
        return {**(await step(state, services)), "path": [name]}


def after_start(state: CycleState) -> Literal["monitor", "edited"]:
    """Look at the prompt, or at the text that a person wrote."""
    return "edited" if state["trigger"] == "edit" else "monitor"


def after_edited(state: CycleState) -> Literal["propose", "__end__"]:
    """Propose what passed the gate."""
    return "__end__" if state.get("stop") else "propose"


def after_monitor(state: CycleState) -> Literal["diagnose", "__end__"]:
    """Stop, or look for the cause."""
    return "__end__" if state.get("stop") else "diagnose"


def after_diagnose(state: CycleState) -> Literal["hypothesize", "__end__"]:
    """Stop when the prompt is not to blame or there is no data, else look for a remedy."""
    return "__end__" if state.get("stop") else "hypothesize"


def after_hypothesize(state: CycleState) -> Literal["rewrite", "__end__"]:
    """Stop when the teacher is down, else write candidates."""
    return "__end__" if state.get("stop") else "rewrite"


def after_rewrite(state: CycleState) -> Literal["test", "__end__"]:
    """Stop when nobody could write; else test what came through, be it nothing (which counts as a flat round)."""
    return "__end__" if state.get("stop") else "test"


def after_test(state: CycleState) -> Literal["hypothesize", "propose", "__end__"]:
    """Propose what passed the gate, stop with a reason, or go into another round."""
    if state.get("stop"):
        return "__end__"
    return "propose" if state.get("accepted") else "hypothesize"
