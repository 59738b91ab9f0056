"""The clauses of an approved prompt that must keep their force, as texts that a writer can be shown."""

from library.errors import InputError
from library.prompts import Content
from library.templates import protected_spans
from policies.guardrails.clauses import found_clauses
from policies.guardrails.policy import Policy
from policies.guardrails.scene import Scene
from policies.guardrails.subject import Subject


def protected_texts(approved: Content, policy: Policy) -> tuple[str, ...]:
    """Declared clauses, clauses marked in the prompt and those the engine finds by itself, each once."""
    declared = [p.text for p in policy.protected if p.text]
    try:
        marked = [s.text for s in protected_spans(approved.full_text)]
    except InputError:
        marked = []
    scene = Scene(Subject(current=approved, candidate=approved), policy)
    found = [clause.text for clause in found_clauses(scene)]
    return tuple(dict.fromkeys(" ".join(text.split()) for text in (*declared, *marked, *found)))
