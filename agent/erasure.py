"""Erasing traces everywhere: library, test items, ledger, proposal examples, failure memory. One deed.

Retention is the same for traces that have come of age: they go in small batches, and trends keep their sums.
"""

from collections.abc import Callable, Sequence
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
MOST = 500_000  # traces let go in one round of the background: a few minutes at the most


def expire(
    library: Library,
    open_memory: OpenMemory,
    rules: PrivacyRules,
    *,
    now: datetime,
    batch: int = BATCH,
    most: int | None = MOST,
    told: Callable[[str, int], None] = lambda _prompt, _gone: None,
) -> int:
    """Let go of traces older than the rules say, and of what quotes them; how many traces went.

    batch: traces in one transaction; others read and write in between. most: stop after about so many, None for all.
    told: hears after each transaction of which prompt it was, and how many have gone so far.
    """
    gone = 0
    for prompt in library.prompts.list():
        days = rules.days(prompt.name)
        while days and (most is None or gone < most):
            erased = library.traces.expire(prompt.name, before=now - timedelta(days=days), limit=batch, now=now)
            if erased.failures:
                with open_memory() as memory:
                    memory.forget(list(erased.failures))
            gone += erased.traces
            told(prompt.name, gone)
            if erased.traces < batch:
                break
    return gone
