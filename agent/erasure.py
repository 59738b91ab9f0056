"""Erasing traces everywhere: library, test items, ledger, proposal examples, failure memory. One deed."""

from collections.abc import Sequence
from datetime import datetime

from library.store.erasure import Erased
from library.store.stores import Library
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
