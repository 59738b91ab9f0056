"""Every table of the library. A change here comes with an Alembic revision in `migrations/versions`."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC on both databases (SQLite keeps no time zone of its own)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts rows up only for INTEGER PRIMARY KEY; PostgreSQL wants the wide type.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# What a hash covers is kept as it was written: JSONB would turn 1e+16 into an integer and change the hash.
ExactJson = sa.JSON(none_as_null=True)
# psycopg has no float32 surprise here: Double is 8 bytes on both.
Real: sa.Double[float] = sa.Double()

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

prompts = sa.Table(
    "prompts",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("metrics", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("prompt", sa.ForeignKey("prompts.name"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", ExactJson, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

labels = sa.Table(
    "labels",
    metadata,
    sa.Column("prompt", sa.ForeignKey("prompts.name"), primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["prompt", "version"], ["versions.prompt", "versions.number"]),
)

label_moves = sa.Table(
    "label_moves",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("prompt", sa.ForeignKey("prompts.name"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("from_version", sa.Integer),
    sa.Column("to_version", sa.Integer, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("proposal_id", sa.BigInteger),
)

traces = sa.Table(
    "traces",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("ts", UtcDateTime, nullable=False),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("inputs", Json, nullable=False),
    sa.Column("output", sa.Text),
    sa.Column("expected", sa.Text),
    sa.Column("expected_source", sa.Text),
    sa.Column("segment", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("response_model", sa.Text),
    sa.Column("latency_ms", Real),
    sa.Column("tokens_in", sa.Integer),
    sa.Column("tokens_out", sa.Integer),
    sa.Column("cost", Real),
    sa.Column("tool_calls", Json, nullable=False),
    sa.Column("session", sa.Text),
    sa.Column("finish_reason", sa.Text),
    sa.Column("error", Json),
    sa.Column("arm", sa.Text),
    sa.Index("ix_traces_prompt_ts", "prompt", "ts"),
    sa.Index(
        "ix_traces_session_ts",
        "session",
        "ts",
        sqlite_where=sa.text("session IS NOT NULL"),
        postgresql_where=sa.text("session IS NOT NULL"),
    ),
)

arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("number", BigId, primary_key=True),
    sa.Column("prompt", sa.Text, nullable=False, index=True),
    sa.Column("trace_ids", Json, nullable=False),
    sqlite_autoincrement=True,  # rows are deleted by number; one used again would be taken for one that is done
)
"""Traces that online evaluation has not looked at yet: a row for each prompt in a batch that was stored."""

score_tasks = sa.Table(
    "score_tasks",
    metadata,
    sa.Column("trace_id", sa.ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("ts", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False, index=True),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("day", sa.Text),
)
"""Scores that a trace still waits for: a sampled judge, or whether its message is repeated in the session."""

scores = sa.Table(
    "scores",
    metadata,
    sa.Column("trace_id", sa.ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("evaluator", sa.Text, primary_key=True),
    sa.Column("revision", sa.Text, primary_key=True),
    sa.Column("value", Real, nullable=False),
    sa.Column("ts", UtcDateTime, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
)

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("evaluator", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("state", sa.LargeBinary),
    # Of the last sweep, over all looks so far; NULL before the first one. The fleet is judged by it without the states.
    sa.Column("p_value", Real, index=True),
    sa.UniqueConstraint("prompt", "version", "metric", "evaluator", "revision"),
)

trend_deltas = sa.Table(
    "trend_deltas",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("series_id", sa.ForeignKey("series.id"), nullable=False, index=True),
    sa.Column("segment", sa.Text, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("sum", Real, nullable=False),
    sa.Column("sumsq", Real, nullable=False),
    sa.Column("low", Real, nullable=False),
    sa.Column("high", Real, nullable=False),
    sqlite_autoincrement=True,  # folded rows are deleted; a number used again would be taken for a folded one
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("prompt", sa.ForeignKey("prompts.name"), nullable=False),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("inputs", Json, nullable=False),
    sa.Column("expected", sa.Text),
    sa.Column("segment", sa.Text),
    sa.Column("tags", Json, nullable=False),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("trusted", sa.Boolean, nullable=False),
    sa.Column("trace_id", sa.Text, index=True),
    sa.Column("incident_id", sa.BigInteger),
    sa.Column("baseline_score", Real),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("ix_items_prompt_dataset", "prompt", "dataset"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("prompt", sa.ForeignKey("prompts.name"), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("degradation", Json, nullable=False),
    sa.Column("diagnosis", Json),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("prompt", sa.ForeignKey("prompts.name"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("incident_id", sa.BigInteger),
    sa.Column("base_version", sa.Integer, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("path", Json, nullable=False),
    sa.Column("stop_reason", sa.Text),
    sa.Column("stop_detail", sa.Text, nullable=False),
    sa.Column("proposal_id", sa.BigInteger),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("options", Json),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("prompt", sa.ForeignKey("prompts.name"), primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("run_id", sa.BigInteger),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("lease_until", UtcDateTime, nullable=False),
)
"""One row per prompt that was ever worked on; run_id is NULL while nobody holds it. fence only grows."""

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("run_id", sa.ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("prompt", sa.Text, nullable=False, index=True),
    sa.Column("strategy", sa.Text, nullable=False),
    sa.Column("hypothesis", sa.Text, nullable=False),
    sa.Column("content", ExactJson, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("result", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("prompt", sa.Text, nullable=False, index=True),
    sa.Column("incident_id", sa.BigInteger),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("share", Real, nullable=False),
    sa.Column("trace_ids", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("prompt", sa.ForeignKey("prompts.name"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column("attempt_number", sa.Integer, nullable=False),
    sa.Column("incident_id", sa.BigInteger),
    sa.Column("base_version", sa.Integer, nullable=False),
    sa.Column("base_hash", sa.Text, nullable=False),
    sa.Column("content", ExactJson, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("policy_digest", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("packet", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decided_by", sa.Text),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),
)

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("response_model", sa.Text, nullable=False),
    sa.Column("output", sa.Text, nullable=False),
    sa.Column("finish_reason", sa.Text, nullable=False),
    sa.Column("tokens_in", sa.Integer, nullable=False),
    sa.Column("tokens_out", sa.Integer, nullable=False),
    sa.Column("cost", Real),
    sa.Column("latency_ms", Real, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("usd", Real),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
"""Worst-case cost of calls in flight; a crash leaves rows behind, which count until the scope releases them."""

spend = sa.Table(
    "spend",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("tokens_in", sa.BigInteger, nullable=False),
    sa.Column("tokens_out", sa.BigInteger, nullable=False),
    sa.Column("usd", Real, nullable=False),
    sa.Column("unpriced", sa.BigInteger, nullable=False),
    sa.Column("reserved_usd", Real, nullable=False),
    sa.Column("reserved_calls", sa.BigInteger, nullable=False),
)
"""Running totals, one row per scope and one per UTC day (`day:2026-09-15`), so that a cap is one compare-and-set."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", BigId, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", ExactJson, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
