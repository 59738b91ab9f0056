"""The portfolio: ways of asking a teacher for a candidate. A new way is a new entry, or a new file beside this one."""

from collections.abc import Mapping
from types import MappingProxyType

from agent.strategies.meta_prompt import MetaPrompt
from agent.strategies.opro import Opro
from agent.strategies.recalled import Recalled
from agent.strategies.several import Several
from agent.strategies.strategy import Strategy
from library.errors import InputError

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        s.name: s
        for s in (
            Several(),
            MetaPrompt(
                name="surgical",
                temperature=0.2,
                sentence="Change as little as possible: touch only the lines that the failing examples show to be "
                "at fault, and add only what repairs them.",
            ),
            MetaPrompt(
                name="clarify",
                temperature=0.6,
                sentence="Make the definitions fuller: for everything the prompt names, say what belongs to it and "
                "what tells it from its neighbours, as far as the examples show it.",
            ),
            MetaPrompt(
                name="examples",
                temperature=1.0,
                sentence="Show what is meant: add short made-up phrases, in the spirit of the failing examples, "
                "to the definitions that they belong to.",
            ),
            Recalled(),
            Opro(),
        )
    }
)


def strategy(name: str) -> Strategy:
    """The strategy of that name."""
    if name not in STRATEGIES:
        raise InputError(
            f"unknown strategy '{name}'", "rulebook: search.strategies", f"Known: {', '.join(STRATEGIES)}."
        )
    return STRATEGIES[name]
