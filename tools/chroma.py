"""Reach Chroma, in this process or on a server, and make sure that erasing a text erases it.

The only place that imports chromadb; it is loaded when a memory is opened.
"""

import ctypes
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from filelock import FileLock, Timeout

from library.errors import InputError, Outage

COLLECTION = "failures"
_DATABASE, _LOCK_FILE = "chroma.sqlite3", "owner.lock"
_FILLER = "promptkeeper:filler"
_NEAREST = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}
_SAVE_AFTER = 1000
_M_PERTURB = -6


class MemoryHeld(Outage):
    """Another owner has the memory folder; two owners would silently lose vectors."""


class Store(Protocol):
    """A way to a Chroma client, and what erasing takes there. `client` may be another one after erase and wipe."""

    place: str
    client: Any

    def erase(self, ids: Sequence[str], dimensions: int) -> None:
        """Delete entries of the collection and, as far as can be reached from here, every copy of their texts."""
        ...

    def wipe(self) -> None:
        """Remove the collection and everything in it."""
        ...

    def close(self) -> None:
        """Let go of the folder or the connection."""
        ...


class FolderStore:
    """Chroma inside this process, on a folder that this process alone owns."""

    def __init__(self, path: Path, wait_seconds: float, *, fresh: bool) -> None:
        self.place, self._path = str(path), path
        self._lock = FileLock(path / _LOCK_FILE)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=wait_seconds)
        except Timeout as error:
            raise MemoryHeld(
                f"the memory folder {path} is in use by another process",
                "[memory] path",
                'Wait until that ends, or share a Chroma server: [memory] url = "http://HOST:8000".',
            ) from error
        except OSError as error:
            raise InputError(
                f"the memory folder {path} cannot be written ({error.strerror})", "[memory] path", "Name another one."
            ) from error
        _fill_new_memory(True)
        try:
            if fresh:
                self._remove_files()
            self.client = self._open()
        except BaseException:
            _fill_new_memory(False)
            self._lock.release()
            raise

    def erase(self, ids: Sequence[str], dimensions: int) -> None:
        """Delete entries, then their bytes in the database.

        Chroma keeps deleted texts in its write-ahead log until the vector file is saved, and SQLite keeps deleted rows
        in free pages. So saving is made due at once, and the database is rewritten while nobody has it open.
        """
        self._save_after(2)
        collection = collection_of(self.client)
        for batch in batches(ids, self.client.get_max_batch_size()):
            collection.delete(ids=batch)
        # The newest rows of the log leave it only when newer ones are saved.
        for _ in range(2):
            collection.upsert(ids=[_FILLER], embeddings=[[1.0] * dimensions], documents=[""])
            collection.delete(ids=[_FILLER])
        self._save_after(_SAVE_AFTER)
        self.client.close()
        try:
            with closing(sqlite3.connect(self._path / _DATABASE)) as database:
                database.execute("VACUUM")
        finally:
            self.client = self._open()

    def wipe(self) -> None:
        """Start over with an empty folder: a dropped collection would leave its vector files behind."""
        self.client.close()
        self._remove_files()
        self.client = self._open()

    def close(self) -> None:
        self.client.close()
        _fill_new_memory(False)
        self._lock.release()

    def _open(self) -> Any:
        from chromadb import PersistentClient
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings

        try:
            with answering(self.place):
                return PersistentClient(self._path, settings=Settings(anonymized_telemetry=False))
        except Outage:
            # Chroma keeps the half-started client of a damaged folder and would hand it out again after a rebuild.
            SharedSystemClient.clear_system_cache()
            raise

    def _save_after(self, writes: int) -> None:
        collection_of(self.client).modify(configuration={"hnsw": {"sync_threshold": writes, "batch_size": 2}})
        # A client reads this setting when it first uses the collection.
        self.client.close()
        self.client = self._open()

    def _remove_files(self) -> None:
        """Remove what Chroma wrote and nothing else, should the setting name a folder with other things in it."""
        for path in self._path.iterdir():
            if path.name.startswith(_DATABASE):
                path.unlink()
            elif path.is_dir() and _is_uuid(path.name):
                shutil.rmtree(path)


class ServerStore:
    """A Chroma server. It keeps deleted bytes until its owner runs `chroma vacuum` on its folder."""

    def __init__(self, url: str, *, fresh: bool) -> None:
        from chromadb import HttpClient
        from chromadb.config import Settings

        self.place = url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url} is not an http address", "[memory] url", 'Write it as "http://HOST:8000".')
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        settings = Settings(anonymized_telemetry=False)
        with answering(url):
            self.client: Any = HttpClient(host=parts.hostname, port=port, ssl=secure, settings=settings)
            if fresh:
                self.wipe()

    def erase(self, ids: Sequence[str], dimensions: int) -> None:
        collection = collection_of(self.client)
        for batch in batches(ids, self.client.get_max_batch_size()):
            collection.delete(ids=batch)

    def wipe(self) -> None:
        from chromadb.errors import NotFoundError

        with suppress(NotFoundError):
            self.client.delete_collection(COLLECTION)

    def close(self) -> None:
        self.client.close()


def _fill_new_memory(on: bool) -> None:
    """Have the C library overwrite what it hands out (glibc's M_PERTURB; other C libraries have no such switch).

    Chroma's vector files are dumps that include memory it never wrote to: without this, texts that the process worked
    on earlier, erased ones among them, were found in these files.
    """
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        change(_M_PERTURB, 0xA5 if on else 0)


def collection_of(client: Any) -> Any:
    """The collection, asked for anew each time: another process may have replaced it on a server."""
    return client.get_collection(COLLECTION, embedding_function=None)


def made_collection(client: Any, label: Mapping[str, str | int]) -> Any:
    """The collection, made with this label when there is none yet; its `metadata` tells which label it has."""
    collection = client.get_or_create_collection(
        COLLECTION, metadata=label, configuration={"hnsw": _NEAREST}, embedding_function=None
    )
    # An erasure that was cut short may have left it.
    if collection.get(ids=[_FILLER])["ids"]:
        collection.delete(ids=[_FILLER])
    return collection


def batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    return (list(items[at : at + size]) for at in range(0, len(items), size))


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


@contextmanager
def answering(place: str) -> Iterator[None]:
    """Chroma's failures as one of the product's own errors."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError, sqlite3.Error, ValueError) as error:
        raise Outage(
            f"Chroma does not answer ({next(iter(str(error).splitlines()), type(error).__name__)})",
            place,
            "Check [memory] in promptkeeper.toml; `promptkeeper memory rebuild` replaces a damaged index.",
        ) from error
