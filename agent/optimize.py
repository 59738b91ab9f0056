"""Optimising a prompt by hand: a cycle over one dataset, without an incident, under limits of its own."""

from collections.abc import Mapping

from agent.cycle import Checkpoints, run_cycle
from agent.services import Services, in_thread
from agent.strategies.portfolio import STRATEGIES
from library.datasets import ItemRole
from library.errors import InputError, NotFound
from library.runs import Run, RunOptions
from library.store.stores import Library

NEEDED: Mapping[ItemRole, str] = {
    "learn": "the teacher reads them",
    "select": "candidates race on them",
    "gate": "they prove the gain",
}
"""The roles an optimisation cannot do without, and what for."""


async def optimize(
    services: Services,
    checkpointer: Checkpoints,
    prompt: str,
    options: RunOptions,
    *,
    seed: int | None = None,
) -> Run:
    """Look for a better version of the prompt on one dataset; an unfinished run with the same options goes on.

    Raises InputError and NotFound before anything is paid for, ClaimHeld when another run works on the prompt.
    """
    await in_thread(check_order, services.library, prompt, options, label=services.label)
    return await run_cycle(services, checkpointer, prompt, "optimize", options=options, seed=seed)


def check_order(library: Library, prompt: str, options: RunOptions, *, label: str) -> None:
    """Raise InputError or NotFound when what was asked for cannot work."""
    library.prompts.labelled(prompt, label)
    _check_limits(options)
    if options.strategy and options.strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise InputError(f"there is no strategy '{options.strategy}'", "--strategy", f"Use one of {known}.")
    datasets = {one.dataset: one.roles for one in library.datasets.summary(prompt)}
    if options.dataset not in datasets:
        known = ", ".join(datasets) or "none yet; add one with `promptkeeper datasets add`"
        raise NotFound(f"there is no dataset '{options.dataset}'", prompt, f"Datasets: {known}.")
    for role, purpose in NEEDED.items():
        if not datasets[options.dataset].get(role):
            mend = f"Add some with `promptkeeper datasets add {prompt} {options.dataset} FILE --role {role}`."
            raise InputError(f"no {role} items, and {purpose}", f"{prompt}, dataset {options.dataset}", mend)


def _check_limits(options: RunOptions) -> None:
    if options.rounds is not None and options.rounds < 1:
        raise InputError(f"{options.rounds} rounds are none", "--rounds", "Name a number from 1 up.")
    if options.calls is not None and options.calls < 1:
        raise InputError(f"{options.calls} calls are none", "--budget-calls", "Name a number from 1 up.")
    if options.usd is not None and not 0 < options.usd < float("inf"):
        raise InputError(f"{options.usd:g} US dollars are no budget", "--budget-usd", "Name an amount above 0.")
