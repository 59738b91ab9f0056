"""The chat agent: a small LangGraph of model, tools and a check of figures, around the same facts as `ask`.

Without a chat model, and whenever the model fails or insists on a figure that no tool returned, the computed answer of
`ask` is given instead: a conversation never depends on a provider, and never states a number that was made up.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal, TypedDict

from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import START, StateGraph

from agent.chat.ask import Answer, ask
from agent.chat.figures import strange_figures
from agent.chat.tools import toolbox
from library.calls import Caps
from library.errors import PromptkeeperError
from library.prompts import Message
from library.store.stores import Library
from policies.redaction import redact
from policies.rulebook import DiagnosisRules
from tools.models import Model, Request

STEPS = 6  # requests to the model in one turn
RESULT_LIMIT = 8_000  # characters of one tool's answer


class Talk(TypedDict, total=False):
    """The state of one turn. messages: what the model sees; sources: what tools returned; said: its answer."""

    messages: list[Message]
    asked: int
    calls: list[dict[str, Any]]
    sources: list[str]
    said: str
    corrected: bool
    given_up: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An answer. by: `computed` or the model's name; wishes: prompts for which the model suggests a cycle."""

    answer: Answer
    by: str
    wishes: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Conversation:
    """Answers one question at a time. model: None for computed answers; scope: what its calls are booked under."""

    library: Library
    rules: DiagnosisRules
    model: Model | None = None
    caps: Caps = field(default_factory=Caps)
    scope: str = "chat"
    wishes: list[str] = field(default_factory=list)

    async def answer(self, question: str, *, prompt: str | None = None, before: Answer | None = None) -> Turn:
        """Answer a question; before: the last answer of the same conversation."""
        computed = await asyncio.to_thread(ask, self.library, self.rules, question, prompt=prompt, before=before)
        if self.model is None:
            return Turn(answer=computed, by="computed")
        self.wishes.clear()
        opening = self._opening(question, prompt, before)
        try:
            end = await self._graph.ainvoke(
                {"messages": opening, "asked": 0, "sources": [question], "corrected": False}
            )
        except PromptkeeperError:
            return Turn(answer=computed, by="computed")
        if end.get("given_up") or not end.get("said"):
            return Turn(answer=computed, by="computed", wishes=tuple(self.wishes))
        said = Answer(
            question=question,
            prompts=computed.prompts,
            topics=computed.topics,
            text=end["said"],
            unknown="",
            declined=False,
        )
        return Turn(answer=said, by=self.model.name, wishes=tuple(dict.fromkeys(self.wishes)))

    def _opening(self, question: str, prompt: str | None, before: Answer | None) -> list[Message]:
        instructions = (files("agent.chat") / "instructions.md").read_text(encoding="utf-8").strip()
        context = [f"The question is about the prompt {prompt}."] if prompt else []
        if before is not None and before.prompts:
            context.append(f"The question before was about: {', '.join(before.prompts)}.")
        return [
            Message(role="system", content=instructions),
            Message(role="user", content="\n".join([*context, question])),
        ]

    @cached_property
    def _tools(self) -> dict[str, Any]:
        return {tool.name: tool for tool in toolbox(self.library, self.rules, self.wishes.append)}

    @cached_property
    def _graph(self) -> Any:
        graph = StateGraph(Talk)
        graph.add_node("model", self._ask_model)
        graph.add_node("tools", self._use_tools)
        graph.add_node("check", self._check)
        graph.add_edge(START, "model")
        # It wants to know something, or it has answered.
        graph.add_conditional_edges("model", _after_model)
        graph.add_edge("tools", "model")
        # Every figure is one that a tool returned, or the model is told once which are not.
        graph.add_conditional_edges("check", _after_check)
        return graph.compile(name="chat")

    async def _ask_model(self, state: Talk) -> Talk:
        if state["asked"] >= STEPS:
            return {"given_up": f"no answer after {STEPS} requests", "calls": []}
        assert self.model is not None
        schemas = [convert_to_openai_tool(tool) for tool in self._tools.values()]
        request = Request(messages=tuple(state["messages"]), config={"tools": schemas})
        reply = await self.model.complete(request, scope=self.scope, caps=self.caps)
        calls = _calls(reply.text) if reply.finish_reason == "tool_calls" else []
        return {"asked": state["asked"] + 1, "calls": calls, "said": "" if calls else reply.text.strip()}

    async def _use_tools(self, state: Talk) -> Talk:
        results = [await self._result(call) for call in state["calls"][:STEPS]]
        asked = json.dumps(state["calls"], ensure_ascii=False)
        return {
            "messages": [
                *state["messages"],
                Message(role="assistant", content=asked),
                Message(role="user", content="\n".join(_fenced(result) for result in results)),
            ],
            "sources": [*state["sources"], *results],
        }

    async def _result(self, call: dict[str, Any]) -> str:
        tool = self._tools.get(str(call.get("name")))
        if tool is None:
            return f"There is no tool '{call.get('name')}'. Tools: {', '.join(self._tools)}."
        try:
            arguments = call.get("arguments")
            said = await tool.ainvoke(json.loads(arguments) if isinstance(arguments, str) else arguments or {})
        except (ValueError, TypeError) as error:
            return f"The tool was not used: {' '.join(str(error).split())[:300]}"
        return redact(str(said))[:RESULT_LIMIT]

    async def _check(self, state: Talk) -> Talk:
        strange = strange_figures(state["said"], state["sources"])
        if not strange:
            return {"given_up": ""}
        if state["corrected"]:
            return {"given_up": f"figures that no tool returned: {', '.join(strange)}"}
        objection = f"No tool returned these figures: {', '.join(strange)}. Use the tools, or answer without them."
        return {
            "messages": [
                *state["messages"],
                Message(role="assistant", content=state["said"]),
                Message(role="user", content=objection),
            ],
            "corrected": True,
            "said": "",
        }


def _after_model(state: Talk) -> Literal["tools", "check", "__end__"]:
    if state.get("given_up"):
        return "__end__"
    return "tools" if state["calls"] else "check"


def _after_check(state: Talk) -> Literal["model", "__end__"]:
    return "__end__" if state["said"] or state.get("given_up") else "model"


def _calls(text: str) -> list[dict[str, Any]]:
    """The tool calls of an answer, as `tools.models` writes them down: a JSON list of name and arguments."""
    try:
        said = json.loads(text)
    except ValueError:
        return []
    return [call for call in said if isinstance(call, dict)] if isinstance(said, list) else []


def _fenced(result: str) -> str:
    """A tool's answer as data: it may quote production."""
    nonce = hashlib.sha256(result.encode()).hexdigest()[:8]
    return f"<result-{nonce}>\n{result}\n</result-{nonce}>"
