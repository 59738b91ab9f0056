"""What a chat model may do: read what `ask` reads, and suggest a cycle that a person then confirms.

Each tool returns the computed sentences of `agent.chat.answers`; a model has no other source of figures.
"""

from collections.abc import Callable
from typing import Annotated, Literal, get_args

from langchain_core.tools import BaseTool, tool
from pydantic import Field

from agent.chat.answers import ANSWERS
from agent.chat.facts import gather
from agent.chat.questions import Topic
from library.errors import PromptkeeperError
from library.incidents import ACTIVE
from library.store.stores import Library
from policies.rulebook import DiagnosisRules

Readable = Literal[
    "why", "since", "size", "where", "kinds", "changes", "blame", "versions", "tried", "waiting", "advice", "status"
]
TOPICS: tuple[Topic, ...] = get_args(Readable)
Name = Annotated[str, Field(description="Name of a prompt, as list_prompts gives it.")]


def toolbox(library: Library, rules: DiagnosisRules, wish: Callable[[str], None]) -> list[BaseTool]:
    """The tools over one library. wish: notes that the model would like a cycle on a prompt; nothing is started."""

    @tool
    def list_prompts() -> str:
        """All prompts with their version in production and whether they are degraded or wait for a decision."""
        ill = {i.prompt for i in library.incidents.list(states=tuple(sorted(ACTIVE)))}
        waiting = {p.prompt: p.id for p in library.proposals.list(state="pending")}
        lines = [
            f"{p.name}: version {p.labels.get('production', 'none')} in production"
            + (", degraded" if p.name in ill else "")
            + (f", proposal {waiting[p.name]} waits" if p.name in waiting else "")
            for p in library.prompts.list()
        ]
        return "\n".join(lines) or "The library has no prompts."

    @tool
    def about(prompt: Name, topic: Readable) -> str:
        """What the library knows about a prompt under one topic, with the traces, versions and dates it rests on."""
        try:
            said = ANSWERS[topic](gather(library, rules, prompt))
        except PromptkeeperError as error:
            return str(error)
        return said.text + (f"\nNot known: {said.unknown}" if said.unknown else "")

    @tool
    def suggest_cycle(prompt: Name) -> str:
        """Suggest to run a cycle on a prompt. The person is asked to confirm; you cannot start it yourself."""
        try:
            library.prompts.get(prompt)
        except PromptkeeperError as error:
            return str(error)
        wish(prompt)
        return "The person is asked to confirm. Nothing has been started."

    return [list_prompts, about, suggest_cycle]
