"""Model names: whose they are, and whether an answer came from the model that was asked."""

import re

DATED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4})")
"""A snapshot of a model: `-2025-04-14`, `-20250414`, `@20250414`, `-0613`, `-002`."""
TAGGED = re.compile(r":[\w.-]+")
LATEST_SUFFIX = "-latest"

KEYLESS = frozenset(
    {
        "embedded",
        "ollama",
        "ollama_chat",
        "llamafile",
        "lm_studio",
        "bedrock",
        "bedrock_converse",
        "vertex_ai",
        "sagemaker",
    }
)
"""Providers that need no key, or take the machine's own cloud identity."""

DEPLOYMENT_NAMED = frozenset({"azure"})
"""Providers where the name asked for is the customer's own name of a deployment; the answer names the model behind."""


def provider(name: str) -> str:
    """The provider prefix of a litellm model name; empty where there is none (`gpt-4.1-mini`)."""
    return name.split("/", 1)[0] if "/" in name else ""


def same_model(asked: str, answered: str) -> bool:
    """Whether an answer came from the model that was asked.

    Accepted are the name itself, the name without its provider prefix, and a dated snapshot or tag of it
    (`gpt-4.1-mini-2025-04-14`, `llama3.2:latest`). A provider that names no model in its answers is taken at its word.
    """
    if not answered or provider(asked) in DEPLOYMENT_NAMED:
        return True
    said = answered.casefold()
    parts = asked.casefold().split("/")
    return any(_snapshot("/".join(parts[cut:]), said) for cut in range(len(parts)))


def _snapshot(asked: str, answered: str) -> bool:
    stem = asked.removesuffix(LATEST_SUFFIX)
    if answered in {asked, stem}:
        return True
    if not answered.startswith(stem):
        return False
    rest = answered[len(stem) :]
    return bool(DATED.fullmatch(rest) or TAGGED.fullmatch(rest))
