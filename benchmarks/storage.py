"""What a trace takes on disk, with its indexes, on both databases; and what storing and copying it costs.

    python -m benchmarks.storage [--traces 20000] [--postgres postgresql+psycopg://…]

Calls as they come over OTLP (ids of 54 characters), with one or with three scores each, and with texts (input, output,
right answer together) of about 200 or 2,000 characters of words. Text is measured as bytes; PostgreSQL compresses long
values by itself, SQLite does not, and random words compress less well than a text that is sent again and again. Trends
are measured after a sweep, when the deltas are folded. PostgreSQL: a schema of its own is made, and dropped at the end;
the processor time of its process for this connection is read where the server is on the same machine.
Copying is what `migrate-to` and `backup` do (read, write, and compare both sides), into a SQLite file.
"""

import argparse
import os
import random
import resource
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from agent.erasure import expire
from agent.steps.monitor import sweep
from benchmarks.ingest import WORDS
from library.prompts import PRODUCTION, Actor, Content
from library.scores import Score
from library.store.copying import copy_library
from library.store.engine import Database
from library.store.stores import Library, open_library
from library.traces import Trace
from policies.rulebook import PrivacyRules, read_rulebook

START = datetime(2026, 6, 1, tzinfo=UTC)
PROMPTS, BATCH = 10, 100
METRICS = ("exact_match", "schema", "useful")
CASES = ((200, 1), (2000, 1), (200, 3))
TRENDS = ("series", "trend_deltas")
STORED = ("traces", "scores")


def calls(count: int, text: int, scores: int, seed: int) -> Iterator[tuple[Trace, list[Score]]]:
    """Calls of ten prompts over a month. text: characters of input, output and right answer together, on average."""
    chance = random.Random(seed)
    for n in range(count):
        said = " ".join(chance.choices(WORDS, k=max(1, round(chance.uniform(0.5, 1.5) * text / 5.2))))
        trace = Trace(
            id=f"otel:{chance.getrandbits(128):032x}:{chance.getrandbits(64):016x}",
            ts=START + timedelta(seconds=n * 30 * 86_400 / count),
            prompt=f"support/triage-{n % PROMPTS}",
            version=1,
            label=PRODUCTION,
            inputs={"message": said},
            output=chance.choice(WORDS),
            expected=chance.choice(WORDS),
            expected_source="import",
            segment=chance.choice(("billing", "cards", "transfers", None)),
            model="gpt-4.1-mini",
            response_model="gpt-4.1-mini-2025-04-14",
            latency_ms=chance.uniform(50, 900),
            tokens_in=120,
            tokens_out=4,
            cost=0.0001,
            session=f"s-{n // 3}",
            finish_reason="stop",
        )
        yield trace, [_score(trace, name, chance) for name in METRICS[:scores]]


def _score(trace: Trace, name: str, chance: random.Random) -> Score:
    said = {"source": "programmatic", "evaluator": name, "revision": "1", "comment": ""}
    return Score(trace_id=trace.id, name=name, value=float(chance.random() < 0.9), ts=trace.ts, **said)


def words_in(trace: Trace) -> int:
    """Bytes of text that an application has sent."""
    return sum(len(value.encode()) for value in (*trace.inputs.values(), trace.output or "", trace.expected or ""))


def prompts(library: Library) -> None:
    """Ten of them, with a version in production."""
    actor = Actor(name="benchmark", kind="local", reviewer=True)
    for n in range(PROMPTS):
        name = f"support/triage-{n}"
        library.prompts.create(name, actor=actor, now=START)
        library.prompts.add_version(name, Content(text="Name the queue: {{message}}"), actor=actor, now=START)
        library.prompts.move_label(name, PRODUCTION, 1, expected=None, actor=actor, reason="", now=START)


SIZES = {
    "postgresql": """SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = to_regnamespace(current_schema())""",
    "sqlite": """SELECT m.tbl_name, sum(d.pgsize), sum(CASE m.type WHEN 'index' THEN d.pgsize ELSE 0 END)
        FROM dbstat d JOIN sqlite_master m ON m.name = d.name GROUP BY m.tbl_name""",
}


def sizes(db: Database) -> Counter[str]:
    """Bytes by table with its indexes and long values; of the indexes of traces and scores alone under `indexes`."""
    db.empty_log()
    with db.read() as connection:
        found = connection.execute(sa.text(SIZES[db.dialect])).all()
    indexes = sum(int(own) for name, _, own in found if name in STORED)
    return Counter({name: int(size) for name, size, _ in found} | {"indexes": indexes})


def server_seconds(db: Database) -> float:
    """Processor time so far of the PostgreSQL process behind this connection; 0 where it cannot be seen."""
    if db.dialect == "sqlite":
        return 0.0
    with db.read() as connection:
        pid = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    try:
        user, kernel = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(kernel)) / os.sysconf("SC_CLK_TCK")


def store(library: Library, made: Sequence[tuple[Trace, list[Score]]]) -> None:
    """As they come: in batches."""
    for at in range(0, len(made), BATCH):
        some = made[at : at + BATCH]
        library.traces.add([trace for trace, _ in some], [score for _, given in some for score in given])


def measure(url: str, folder: Path, *, count: int, text: int, scores: int) -> dict[str, float]:
    """Fill, sweep, copy; bytes and microseconds of processor time of this process, per trace."""
    library = open_library(url)
    prompts(library)
    made = list(calls(count, text, scores, seed=text + scores))
    before = sizes(library.db)
    server = server_seconds(library.db)
    began, worked = time.perf_counter(), time.process_time()
    store(library, made)
    took, worked = time.perf_counter() - began, time.process_time() - worked
    server = server_seconds(library.db) - server
    unfolded = sizes(library.db)
    swept = time.process_time()
    sweep(library, read_rulebook(None, "shipped").health, now=START + timedelta(days=30))
    swept = time.process_time() - swept
    folded = sizes(library.db)
    copied = time.perf_counter()
    target = Database(f"sqlite:///{folder}/{uuid.uuid4().hex}.db")
    rows = copy_library(library.db, target, audit_key=b"", told=lambda *_: None).rows
    copied = time.perf_counter() - copied
    target.close()
    expired = time.process_time() + server_seconds(library.db)
    rules = PrivacyRules(redact="none", keep_days=1)
    expire(library, _no_memory, rules, now=START + timedelta(days=60), most=None)
    expired = time.process_time() + server_seconds(library.db) - expired
    library.db.close()
    grown = {name: (folded[name] - before[name]) / count for name in folded}
    return {
        "text": sum(words_in(trace) for trace, _ in made) / count,
        "traces": grown["traces"],
        "scores": grown["scores"] / scores,
        "indexes": grown["indexes"],
        "deltas": sum(unfolded[name] - before[name] for name in TRENDS) / count,
        "together": sum(grown[name] for name in STORED),
        "per_second": count / took,
        "cpu_us": 1e6 * worked / count,
        "server_us": 1e6 * server / count,
        "sweep_us": 1e6 * swept / count,
        "expire_us": 1e6 * expired / count,
        "copied_per_second": rows / copied,
    }


def _no_memory() -> NoReturn:
    raise RuntimeError("these traces are quoted by no failure")


@contextmanager
def database(server: str | None, folder: Path) -> Iterator[str]:
    """The URL of an empty database: a file, or a schema of the server's that is dropped at the end."""
    if server is None:
        yield f"sqlite:///{folder}/{uuid.uuid4().hex}.db"
        return
    db, schema = Database(server), f"storage_{uuid.uuid4().hex[:12]}"
    with db.write() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    try:
        url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
        yield url.render_as_string(hide_password=False)
    finally:
        with db.write() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
        db.close()


COLUMNS = (
    ("text", "text sent, bytes"),
    ("traces", "a trace, bytes"),
    ("scores", "a score, bytes"),
    ("together", "trace and scores, bytes"),
    ("indexes", "of it indexes"),
    ("deltas", "deltas before a sweep, bytes"),
    ("per_second", "stored a second"),
    ("cpu_us", "of it in this process, µs"),
    ("server_us", "in PostgreSQL's, µs"),
    ("sweep_us", "sweep, µs a trace"),
    ("expire_us", "retention, µs a trace"),
    ("copied_per_second", "rows copied a second"),
)


def main() -> None:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--postgres", help="URL of a database in which a schema may be made")
    chosen = parser.parse_args()
    print("| database | scores | " + " | ".join(title for _, title in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for name, server in (("SQLite", None), ("PostgreSQL", chosen.postgres)):
        if name == "PostgreSQL" and server is None:
            continue
        for text, scores in CASES:
            with tempfile.TemporaryDirectory() as folder, database(server, Path(folder)) as url:
                found = measure(url, Path(folder), count=chosen.traces, text=text, scores=scores)
            figures = " | ".join(f"{found[key]:,.0f}" for key, _ in COLUMNS)
            print(f"| {name} | {scores} | {figures} |", flush=True)
    print(f"largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
