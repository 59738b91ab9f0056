"""Erasing traces everywhere: library, test items, ledger, proposal examples, failure memory. One deed.

Retention is the same for traces that have come of age: they go in small batches, and trends keep their sums.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from library.store.erasure import Erased
from library.store.stores import Library
from policies.rulebook import PrivacyRules
from tools.memory import OpenMemory


def erase(library: Library, open_memory: OpenMemory, ids: Sequence[str], *, actor: str, now: datetime) -> Erased:
    """Erase these traces. The memory goes first: when it is held elsewhere nothing is erased and the error says so.

    Raises NotFound for an unknown id; then nothing is erased either.
    """
    for trace_id in ids:
        library.traces.get(trace_id)
    touched = [f.id for f in library.failures.list() if set(f.trace_ids) & set(ids)]
    if touched:
        with open_memory() as memory:
            memory.forget(touched)
    return library.traces.erase(ids, actor=actor, now=now)


BATCH = 1_000  # traces in one transaction: others wait no longer than a moment
MOST = 50_000  # traces let go in one round of the background


def expire(library: Library, open_memory: OpenMemory, rules: PrivacyRules, *, now: datetime, batch: int = BATCH) -> int:
    """Let go of traces older than the rules say, and of what quotes them; how many traces went."""
    gone = 0
    for prompt in library.prompts.list():
        days = rules.days(prompt.name)
        while days and gone < MOST:
            erased = library.traces.expire(prompt.name, before=now - timedelta(days=days), limit=batch, now=now)
            if erased.failures:
                with open_memory() as memory:
                    memory.forget(list(erased.failures))
            gone += erased.traces
            if erased.traces < batch:
                break
    return gone
