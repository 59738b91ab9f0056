"""What every failure memory must do, on a real folder and on a real Chroma server."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import chromadb
import pytest
from chromadb.config import Settings

from library.errors import InputError, Outage, Refused
from tools.embeddings import LexicalEmbedding
from tools.memory import ChromaMemory, MemoryHeld, MemoryNeedsRebuild, Remembered, open_memory

ROOT = Path(__file__).parents[2]
OPEN_AND_WAIT = """
import sys, time
from tools.embeddings import LexicalEmbedding
from tools.memory import Remembered, open_memory
memory = open_memory(path=sys.argv[1], embedding=LexicalEmbedding())
memory.remember([Remembered(id="child", text="kept by another process", prompt="p", metadata={})])
print("ready", flush=True)
time.sleep(600)
"""

Opener = Callable[..., ChromaMemory]


def entry(key: str, text: str, *, prompt: str = "support/triage", **metadata: str | float) -> Remembered:
    return Remembered(id=key, text=text, prompt=prompt, metadata=metadata)


def owner(path: Path) -> subprocess.Popen[str]:
    """Another process that owns the folder; returns once it does."""
    child = subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chroma = Path(sys.executable).parent / "chroma"
    folder = tmp_path_factory.mktemp("server")
    server = subprocess.Popen(
        [chroma, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(params=["folder", "server"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the same memory each time it is called; empty at the start of a test."""
    if request.param == "folder":
        return lambda **options: open_memory(path=tmp_path / "memory", **{"embedding": LexicalEmbedding()} | options)
    url = request.getfixturevalue("server_url")
    open_memory(url=url, embedding=LexicalEmbedding(), rebuild=True).close()
    return lambda **options: open_memory(url=url, **{"embedding": LexicalEmbedding()} | options)


@pytest.fixture
def memory(opener: Opener) -> Iterator[ChromaMemory]:
    with opener() as opened:
        yield opened


def test_an_empty_memory_recalls_nothing(memory: ChromaMemory) -> None:
    assert memory.count() == 0
    assert memory.recall("anything", limit=5) == ()
    memory.remember([])
    memory.forget(["unknown"])
    assert memory.count() == 0


def test_the_most_similar_text_comes_first_with_all_that_was_stored(memory: ChromaMemory) -> None:
    memory.remember(
        [
            entry("a", "My parcel never arrived at the locker", ts=10.0, cause="missing rule", fixed=1),
            entry("b", "The invoice shows the wrong amount", ts=11.0),
            entry("c", "How do I change my password?", ts=12.0),
        ]
    )
    best, second = memory.recall("parcel did not arrive in the locker", limit=2)
    assert (best.id, best.text, best.prompt) == ("a", "My parcel never arrived at the locker", "support/triage")
    assert best.metadata == {"ts": 10.0, "cause": "missing rule", "fixed": 1}
    assert 1.0 > best.similarity > second.similarity
    (same,) = memory.recall("My parcel never arrived at the locker", limit=1)
    assert same.similarity == pytest.approx(1.0, abs=1e-5)
    assert memory.recall("parcel", limit=0) == ()


def test_remembering_an_id_again_replaces_everything_about_it(memory: ChromaMemory) -> None:
    memory.remember(
        [entry("a", "first wording", ts=1.0, note="old"), entry("a", "second wording", prompt="other", cost=2.5)]
    )
    memory.remember([entry("a", "third wording", prompt="third", cost=3)])
    assert memory.count() == 1
    (found,) = memory.recall("third wording", limit=5)
    assert (found.text, found.prompt, found.metadata) == ("third wording", "third", {"cost": 3})
    assert memory.recall("third wording", limit=5, prompt="support/triage") == ()


def test_recall_can_be_narrowed_to_a_prompt_and_to_the_past(memory: ChromaMemory) -> None:
    memory.remember([entry(f"a{n}", f"parcel late {n}", prompt="a", ts=n) for n in range(6)])
    memory.remember([entry("b0", "parcel late", prompt="b", ts=0), entry("b9", "parcel late", prompt="b")])
    assert {found.id for found in memory.recall("parcel late", limit=20, before=2)} == {"a0", "a1", "b0"}
    assert {found.id for found in memory.recall("parcel late", limit=20, prompt="b")} == {"b0", "b9"}
    assert [found.id for found in memory.recall("parcel late", limit=20, prompt="a", before=1.0)] == ["a0"]
    assert len(memory.recall("parcel late", limit=3)) == 3


def test_what_was_remembered_survives_reopening(opener: Opener) -> None:
    with opener() as first:
        first.remember([entry(f"k{n}", f"message number {n} about parcels", ts=n) for n in range(40)])
    with opener() as second:
        assert second.count() == 40
        assert len(second.recall("message about parcels", limit=40)) == 40


def test_another_embedding_is_refused_until_the_memory_is_rebuilt(opener: Opener) -> None:
    with opener() as first:
        first.remember([entry("a", "parcel")])
    with pytest.raises(MemoryNeedsRebuild, match=r"1024 numbers.*256.*promptkeeper memory rebuild") as caught:
        opener(embedding=LexicalEmbedding(256))
    assert isinstance(caught.value, Refused)
    with opener() as again:
        assert again.count() == 1
    with opener(embedding=LexicalEmbedding(256), rebuild=True) as rebuilt:
        assert rebuilt.count() == 0
        rebuilt.remember([entry("b", "parcel")])
    with pytest.raises(MemoryNeedsRebuild):
        opener()


def test_forgotten_and_cleared_entries_are_gone(opener: Opener) -> None:
    with opener() as memory:
        memory.remember([entry(f"k{n}", f"message number {n} about parcels") for n in range(30)])
        memory.forget(["k3", "k29", "never there"])
        assert memory.count() == 28
        ids = [found.id for found in memory.recall("message number 3 about parcels", limit=30)]
        assert len(ids) == 28
        assert not {"k3", "k29"} & set(ids)
        memory.remember([entry("k3", "message number 3, once more")])
        assert memory.count() == 29
    with opener() as reopened:
        assert reopened.count() == 29
        reopened.clear()
        assert reopened.count() == 0
        reopened.remember([entry("new", "parcel")])
        assert [found.id for found in reopened.recall("parcel", limit=5)] == ["new"]


def test_threads_share_one_memory(memory: ChromaMemory) -> None:
    def work(name: str) -> None:
        for turn in range(5):
            memory.remember([entry(f"{name}{turn}-{n}", f"parcel {name} {turn} {n}") for n in range(4)])
            memory.forget([f"{name}{turn}-0"])
            memory.recall("parcel", limit=3)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory.count() == 2 * 5 * 3
    assert len(memory.recall("parcel", limit=100)) == 30


@pytest.mark.parametrize("stored", [1, 30, 1500])
def test_the_folder_keeps_no_byte_of_an_erased_text(tmp_path: Path, stored: int) -> None:
    with open_memory(path=tmp_path, embedding=LexicalEmbedding(64)) as memory:
        memory.remember([entry(f"k{n}", f"order mark{n}mark is late, said the customer") for n in range(stored)])
        assert count_in(tmp_path, f"mark{stored - 1}mark") > 0
        memory.forget([f"k{stored - 1}"])
        assert count_in(tmp_path, f"mark{stored - 1}mark") == 0
        memory.remember([entry("later", "a later message")])
        assert memory.count() == stored
    assert count_in(tmp_path, f"mark{stored - 1}mark") == 0
    assert (stored == 1) or count_in(tmp_path, "mark0mark") > 0


def test_an_erasure_that_was_cut_short_is_finished_by_the_next(tmp_path: Path) -> None:
    with open_memory(path=tmp_path, embedding=LexicalEmbedding(64)) as memory:
        memory.remember([entry("a", "order mark1mark is late"), entry("b", "order mark2mark is late")])
    client = chromadb.PersistentClient(tmp_path, settings=Settings(anonymized_telemetry=False))
    collection = client.get_collection("failures", embedding_function=None)
    collection.delete(ids=["a"])
    collection.upsert(ids=["promptkeeper:filler"], embeddings=[[1.0] * 64], documents=[""])
    client.close()
    assert count_in(tmp_path, "mark1mark") > 0
    with open_memory(path=tmp_path, embedding=LexicalEmbedding(64)) as memory:
        assert memory.count() == 1
        assert [found.id for found in memory.recall("order", limit=5)] == ["b"]
        memory.forget(["a"])
    assert count_in(tmp_path, "mark1mark") == 0
    assert count_in(tmp_path, "mark2mark") > 0


def count_in(folder: Path, text: str) -> int:
    return sum(path.read_bytes().count(text.encode()) for path in folder.rglob("*") if path.is_file())


def test_clearing_a_folder_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "papers").mkdir()
    with open_memory(path=tmp_path, embedding=LexicalEmbedding(16)) as memory:
        memory.remember([entry(f"k{n}", f"mark{n}mark") for n in range(1200)])
        memory.clear()
    assert count_in(tmp_path, "mark7mark") == 0
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "papers", "chroma.sqlite3", "owner.lock"}


def test_a_second_owner_of_a_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    child = owner(tmp_path)
    try:
        with pytest.raises(MemoryHeld) as caught:
            open_memory(path=tmp_path, embedding=LexicalEmbedding())
    finally:
        child.kill()
        child.wait()
    assert isinstance(caught.value, Outage)
    line = str(caught.value)
    assert str(tmp_path) in line
    assert "[memory] url" in line
    assert "\n" not in line


def test_a_second_owner_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with open_memory(path=tmp_path, embedding=LexicalEmbedding()), pytest.raises(MemoryHeld):
        open_memory(path=tmp_path, embedding=LexicalEmbedding())
    open_memory(path=tmp_path, embedding=LexicalEmbedding()).close()


def test_killing_the_owner_frees_the_folder_and_loses_nothing(tmp_path: Path) -> None:
    child = owner(tmp_path)
    child.kill()
    child.wait()
    with open_memory(path=tmp_path, embedding=LexicalEmbedding()) as memory:
        assert memory.count() == 1
        (found,) = memory.recall("kept by another process", limit=1)
        assert found.id == "child"


def test_waiting_for_the_folder_succeeds_when_the_owner_ends(tmp_path: Path) -> None:
    child = owner(tmp_path)
    threading.Timer(0.5, child.kill).start()
    with open_memory(path=tmp_path, embedding=LexicalEmbedding(), wait_seconds=60) as memory:
        assert memory.count() == 1
    child.wait()


def test_a_damaged_folder_is_an_outage_and_a_rebuild_mends_it(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"not a database" * 500)
    with pytest.raises(Outage, match="promptkeeper memory rebuild"):
        open_memory(path=tmp_path, embedding=LexicalEmbedding())
    with open_memory(path=tmp_path, embedding=LexicalEmbedding(), rebuild=True) as memory:
        memory.remember([entry("a", "parcel")])
        assert memory.count() == 1


def test_wrong_settings_and_a_missing_server_have_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exactly one"):
        open_memory(embedding=LexicalEmbedding())
    with pytest.raises(InputError, match="exactly one"):
        open_memory(path=tmp_path, url="http://127.0.0.1:9", embedding=LexicalEmbedding())
    with pytest.raises(InputError, match="not an http address"):
        open_memory(url="chroma:8000", embedding=LexicalEmbedding())
    with pytest.raises(Outage, match=r"http://127\.0\.0\.1:9"):
        open_memory(url="http://127.0.0.1:9", embedding=LexicalEmbedding())
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        open_memory(path=tmp_path / "file", embedding=LexicalEmbedding())


def test_the_nearest_of_many_are_found(tmp_path: Path) -> None:
    """The index is approximate: it must still find nearly all of the true neighbours."""
    embedding = LexicalEmbedding(128)
    texts = [f"{a} parcel {b} {c}" for a in WORDS for b in WORDS for c in WORDS]
    asked = texts[::91]
    vectors = dict(zip(texts, embedding.embed(texts), strict=True))
    with open_memory(path=tmp_path, embedding=embedding) as memory:
        memory.remember([entry(text, text) for text in texts])
        shares = []
        for text in asked:
            worst = sorted((cosine(vectors[text], other) for other in vectors.values()), reverse=True)[9]
            shares.append(sum(found.similarity > worst - 1e-5 for found in memory.recall(text, limit=10)) / 10)
    assert sum(shares) / len(shares) > 0.95


WORDS = (
    "late",
    "locker",
    "wet",
    "driver",
    "refund",
    "label",
    "address",
    "neighbour",
    "email",
    "broken",
    "drone",
    "Friday",
)


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
