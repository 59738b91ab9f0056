"""Remember failures by what their texts say, and find the ones that resemble a new one.

The memory is a derived index in Chroma: the library holds the truth, and the index can be rebuilt from it at any time.
Vectors are always computed here and handed over; Chroma never chooses, or downloads, a model of its own.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from library.errors import InputError, Refused
from tools.chroma import FolderStore, MemoryHeld, ServerStore, Store, answering, batches, collection_of, made_collection
from tools.embeddings import Embedding

__all__ = [
    "ChromaMemory",
    "FailureMemory",
    "MemoryHeld",
    "MemoryNeedsRebuild",
    "OpenMemory",
    "Recalled",
    "Remembered",
    "open_memory",
]

TIME_FIELD = "ts"
# Entries without a time are never "before" anything.
_NO_TIME = 1e300

Metadata = Mapping[str, str | int | float]


class MemoryNeedsRebuild(Refused):
    """The index was made with another embedding; vectors of two embeddings are never mixed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is stored: a failure's text under a stable id. `metadata["ts"]` (seconds) is the time `recall` compares."""

    id: str
    text: str
    prompt: str
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What is found again; similarity is the cosine, from -1 to 1."""

    id: str
    similarity: float
    text: str
    prompt: str
    metadata: Metadata


class FailureMemory(Protocol):
    """Where failures are remembered."""

    def remember(self, entries: Sequence[Remembered]) -> None:
        """Store entries; an id that is known already is replaced, and the last of two equal ids wins."""
        ...

    def recall(
        self, text: str, *, limit: int, prompt: str | None = None, before: float | None = None
    ) -> tuple[Recalled, ...]:
        """The most similar entries, best first: of one prompt, and older than `before` (seconds), when asked."""
        ...

    def forget(self, ids: Sequence[str]) -> None:
        """Erase entries and their texts; unknown ids are passed over."""
        ...

    def count(self) -> int:
        """How many entries there are."""
        ...

    def clear(self) -> None:
        """Erase everything."""
        ...


OpenMemory = Callable[[], AbstractContextManager[FailureMemory]]
"""A way to open the memory for as long as it is used."""


def open_memory(
    *,
    path: Path | str | None = None,
    url: str | None = None,
    embedding: Embedding,
    rebuild: bool = False,
    wait_seconds: float = 0.0,
) -> "ChromaMemory":
    """Open the memory in a folder (one owner at a time) or on a Chroma server; exactly one of the two.

    With `rebuild`, what is stored is erased first, so that it can be filled with the vectors of another embedding.
    Raises MemoryHeld when another owner keeps the folder longer than `wait_seconds`, MemoryNeedsRebuild when the index
    was made with another embedding, Outage when Chroma does not answer, InputError for wrong settings.
    """
    if (path is None) == (url is None):
        raise InputError("exactly one of path and url must be set", "[memory]", 'Remove one, or set path = "FOLDER".')
    store = (
        FolderStore(Path(path), wait_seconds, fresh=rebuild)
        if path is not None
        else ServerStore(str(url), fresh=rebuild)
    )
    try:
        return ChromaMemory(store, embedding)
    except BaseException:
        store.close()
        raise


class ChromaMemory:
    """Failure memory in one Chroma collection, which records the embedding it was made with. Safe between threads."""

    def __init__(self, store: Store, embedding: Embedding) -> None:
        self._store, self._embedding = store, embedding
        self._guard = threading.RLock()
        self._label: dict[str, str | int] = {"embedding": embedding.name, "dimensions": embedding.dimensions}
        with self._asking() as client:
            made = made_collection(client, self._label).metadata
        if made != self._label:
            raise MemoryNeedsRebuild(
                f"the failure memory holds vectors of {made.get('embedding')} ({made.get('dimensions')} numbers), "
                f"and the settings ask for {embedding.name} ({embedding.dimensions})",
                store.place,
                "Run `promptkeeper memory rebuild`, or set [memory] embedding back.",
            )

    def remember(self, entries: Sequence[Remembered]) -> None:
        unique = list({entry.id: entry for entry in entries}.values())
        if not unique:
            return
        vectors = self._embedding.embed([entry.text for entry in unique])
        with self._asking() as client:
            collection = collection_of(client)
            for rows in batches(range(len(unique)), client.get_max_batch_size()):
                collection.upsert(
                    ids=[unique[row].id for row in rows],
                    embeddings=[vectors[row] for row in rows],
                    documents=[unique[row].text for row in rows],
                    metadatas=[_fields(unique[row]) for row in rows],
                )

    def recall(
        self, text: str, *, limit: int, prompt: str | None = None, before: float | None = None
    ) -> tuple[Recalled, ...]:
        if limit < 1:
            return ()
        vector = self._embedding.embed([text])[0]
        with self._asking() as client:
            found = collection_of(client).query(
                query_embeddings=[vector], n_results=limit, where=_where(prompt, before)
            )
        rows = zip(found["ids"][0], found["distances"][0], found["documents"][0], found["metadatas"][0], strict=True)
        return tuple(
            Recalled(
                id=key,
                similarity=1.0 - distance,
                text=document,
                prompt=fields["prompt"],
                metadata=json.loads(fields["metadata"]),
            )
            for key, distance, document, fields in rows
        )

    def forget(self, ids: Sequence[str]) -> None:
        # Unknown ids are not looked up first: a second call then finishes an erasure that was cut short.
        if ids:
            with self._asking():
                self._store.erase(list(dict.fromkeys(ids)), self._embedding.dimensions)

    def count(self) -> int:
        with self._asking() as client:
            return int(collection_of(client).count())

    def clear(self) -> None:
        with self._asking():
            self._store.wipe()
            made_collection(self._store.client, self._label)

    def close(self) -> None:
        """Let go of the folder or the server; further calls fail."""
        with self._guard:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        with self._guard, answering(self._store.place):
            yield self._store.client


def _fields(entry: Remembered) -> dict[str, str | float]:
    # One JSON text instead of one field each: Chroma merges the fields of a replaced entry with the old ones.
    metadata = json.dumps(dict(entry.metadata), ensure_ascii=False)
    return {"prompt": entry.prompt, "time": float(entry.metadata.get(TIME_FIELD, _NO_TIME)), "metadata": metadata}


def _where(prompt: str | None, before: float | None) -> dict[str, Any] | None:
    terms: list[dict[str, Any]] = []
    if prompt is not None:
        terms.append({"prompt": prompt})
    if before is not None:
        terms.append({"time": {"$lt": float(before)}})
    return {"$and": terms} if len(terms) > 1 else next(iter(terms), None)
