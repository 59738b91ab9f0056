"""A library in which every table holds rows, made by the product's own deeds."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from library.calls import Call, Caps, Reservation
from library.failures import Failure
from library.incidents import Degradation
from library.prompts import Actor, Content
from library.runs import Attempt
from library.store.online import ScoreTask
from library.store.stores import Library
from library.store.tables import UtcDateTime, metadata
from library.traces import TraceError
from tests.recorded import START, item, score, sweep, trace

PROMPT = "support/triage"
RITA = Actor(name="rita", kind="local", reviewer=True)
# Numbers that JSONB spells in another way, text in other scripts, what a shell or SQL would read.
ODD = {"message": "Grüße, 你好 👋🏽 \u202e\t'; DROP TABLE traces; --", "big": "1e+16"}


def fill(library: Library, *, now: datetime, traces: int = 40) -> None:
    """Do in it what a month of work does; tables that no deed here reaches get one row each of their columns' types."""
    _prompts(library, now)
    _traffic(library, now, traces)
    _cycle(library, now)
    _service(library, now)
    with library.db.write() as connection:
        for table in metadata.sorted_tables:
            if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0:
                connection.execute(table.insert().values(_row(table, now)))


def _prompts(library: Library, now: datetime) -> None:
    library.prompts.create(PROMPT, description="Sorts mail", actor=RITA, now=now)
    for number, text in enumerate(("Sort {{message}}.", "Sort {{message}} by topic. ✓"), start=1):
        content = Content(text=text, config={"temperature": 1e16, "seed": 2**53 + 1})
        library.prompts.add_version(PROMPT, content, actor=RITA, now=now)
        label = ("production", "staging")[number - 1]
        library.prompts.move_label(PROMPT, label, number, expected=None, actor=RITA, reason="start", now=now)


def _traffic(library: Library, now: datetime, count: int) -> None:
    def call(n: int) -> Any:
        said = {
            "inputs": ODD,
            "segment": "billing",
            "model": "m",
            "latency_ms": 0.1 + n,
            "cost": 1e-7,
            "session": f"s{n}",
        }
        return trace(f"t-{n}", minutes=n, tool_calls=({"name": "find", "arguments": {"n": 1e16, "x": -0.0}},), **said)

    traces = [call(n) for n in range(count)]
    failed = trace("t-failed", minutes=count, error=TraceError(type="Timeout", message="no answer"))
    library.traces.add([*traces, failed], [score(t.id, 0.5, comment="so so") for t in traces])
    sweep(library)  # the deltas so far are folded and gone; their numbers must not come again
    library.traces.add([trace("t-late", minutes=1)], [score("t-late", 1.0), score("t-unseen", 0.25)], early_at=now)
    task = ScoreTask(trace_id="t-late", task="judge", prompt=PROMPT, ts=START, due_at=now)
    library.online.finish([library.online.arrivals(limit=1)[0].number], [task])


def _cycle(library: Library, now: datetime) -> None:
    degradation = Degradation(
        metric="exact_match", evaluator="programmatic", revision="1", detected_at=now, onset=now - timedelta(hours=6),
        onset_earliest=now - timedelta(hours=8), onset_latest=now - timedelta(hours=5), before=0.9, after=0.7,
        effect=0.2, effect_low=0.12, effect_high=0.28, n_before=400, n_after=180, evidence=14.5, threshold=9.2,
        segment=None, segments=(),
    )  # fmt: skip
    incident = library.incidents.open(PROMPT, 1, degradation, now=now)
    library.datasets.add([item("where is my parcel"), item("Grüße", trace_id="t-1", incident_id=incident.id)])
    claim, run, _ = library.runs.claim(
        PROMPT, owner="worker-1", trigger="force", incident_id=incident.id, base_version=1, seed=7,
        lease=timedelta(minutes=5), now=now,
    )  # fmt: skip
    scope = f"run:{run.id}"
    library.failures.add(
        claim,
        [
            Failure(
                id="f-1", prompt=PROMPT, incident_id=incident.id, run_id=run.id, name="parcels", text="no label fits",
                count=3, share=0.5, trace_ids=("t-1", "t-2"), created_at=now,
            )
        ],
    )  # fmt: skip
    caps = Caps()
    library.calls.reserve([Reservation(scope=scope, key=key, usd=0.25, at=now) for key in ("k-1", "k-2")], caps)
    answer = Call(
        scope=scope, key="k-1", role="teacher", model="m", response_model="m", output="Say more.", finish_reason="stop",
        tokens_in=10, tokens_out=5, cost=0.125, latency_ms=1.5, at=now,
    )  # fmt: skip
    library.calls.settle([answer])
    content = Content(text="Sort {{message}} by topic and urgency.")
    attempt = Attempt(
        run_id=run.id, number=1, round=1, prompt=PROMPT, strategy="rewrite", hypothesis="Name it.", content=content,
        content_hash=content.hash, state="tested", reason="", result={"gain": 0.08, "n": 120}, created_at=now,
    )  # fmt: skip
    library.runs.save_attempt(claim, attempt)
    proposal = library.proposals.create(
        claim, prompt=PROMPT, label="production", base=library.prompts.labelled(PROMPT, "production"),
        attempt_number=1, incident_id=incident.id, content=content, policy_digest="sha256:policy",
        packet={"gain": 0.08}, expires_at=now + timedelta(days=14), now=now,
    )  # fmt: skip
    library.runs.finish(claim, state="finished", stop_reason="proposed", detail="", proposal_id=proposal.id, now=now)


def _service(library: Library, now: datetime) -> None:
    made = {"name": "app", "role": "viewer", "agent": False, "by": "rita"}
    token = library.access.create_token("pk_secret", **made, now=now, expires_at=None)
    until = now + timedelta(days=1000)
    said = {"name": "app", "role": "viewer", "csrf": "c", "token_id": token.id}
    library.access.open_session("cookie", **said, now=now, until=until)
    library.access.make_link("link", until=until)
    library.switches.turn("schedule", on=False, by="rita", now=now)


def _row(table: sa.Table, now: datetime) -> dict[str, Any]:
    return {c.name: _value(c, now) for c in table.columns if not (c is table.autoincrement_column or c.nullable)}


def _value(column: sa.Column[Any], now: datetime) -> Any:
    if column.foreign_keys:
        return PROMPT
    if isinstance(column.type, UtcDateTime):
        return now
    made = {sa.Boolean: True, sa.Integer: 3, sa.Double: 0.5, sa.JSON: {"n": 1e16}, sa.LargeBinary: b"\x00\xff"}
    return next((value for kind, value in made.items() if isinstance(column.type, kind)), "something")


def silent(said: str, done: int, total: int) -> None:
    """Nobody watches a copy."""


def contents(library: Library) -> dict[str, dict[str, dict[str, Any]]]:
    """All rows of all tables by their keys: equal in two libraries that hold the same."""
    with library.db.read() as connection:
        return {
            table.name: {
                repr([row[key.name] for key in table.primary_key]): dict(row)
                for row in connection.execute(sa.select(table)).mappings()
            }
            for table in metadata.sorted_tables
        }
