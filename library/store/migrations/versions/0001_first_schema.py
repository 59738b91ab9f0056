"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spelled out here: a revision keeps saying what it said when `library.store.tables` has moved on.
MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
EXACT_JSON = sa.JSON()


def upgrade() -> None:
    """Create every table."""
    _prompts()
    _traces()
    _incidents()
    _runs()
    _proposals()
    _calls()


def downgrade() -> None:
    """Drop every table, and with them everything the library holds."""
    for table in TABLES:
        op.drop_table(table)


TABLES = (
    "audit",
    "spend",
    "reservations",
    "calls",
    "proposals",
    "attempts",
    "claims",
    "runs",
    "failures",
    "incidents",
    "items",
    "trend_deltas",
    "series",
    "scores",
    "traces",
    "label_moves",
    "labels",
    "versions",
    "prompts",
)


def _prompts() -> None:
    op.create_table(
        "prompts",
        Column("name", Text(), nullable=False),
        Column("description", Text(), nullable=False),
        Column("metrics", JSON, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_prompts")),
    )
    op.create_table(
        "versions",
        Column("prompt", Text(), nullable=False),
        Column("number", sa.Integer(), autoincrement=False, nullable=False),
        Column("content", EXACT_JSON, nullable=False),
        Column("content_hash", Text(), nullable=False),
        Column("created_at", MOMENT, nullable=False),
        Column("created_by", Text(), nullable=False),
        Column("note", Text(), nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_versions_prompt")),
        sa.PrimaryKeyConstraint("prompt", "number", name=op.f("pk_versions")),
    )
    op.create_table(
        "labels",
        Column("prompt", Text(), nullable=False),
        Column("label", Text(), nullable=False),
        Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt", "version"], ["versions.prompt", "versions.number"], name=op.f("fk_labels_prompt_version")
        ),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_labels_prompt")),
        sa.PrimaryKeyConstraint("prompt", "label", name=op.f("pk_labels")),
    )
    op.create_table(
        "label_moves",
        Column("id", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("label", Text(), nullable=False),
        Column("from_version", sa.Integer()),
        Column("to_version", sa.Integer(), nullable=False),
        Column("actor", Text(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("proposal_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_label_moves_prompt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_moves")),
    )
    op.create_index(op.f("ix_label_moves_prompt"), "label_moves", ["prompt"])


def _traces() -> None:
    op.create_table(
        "traces",
        Column("id", Text(), nullable=False),
        Column("ts", MOMENT, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("label", Text()),
        Column("inputs", JSON, nullable=False),
        Column("output", Text()),
        Column("expected", Text()),
        Column("expected_source", Text()),
        Column("segment", Text()),
        Column("model", Text()),
        Column("response_model", Text()),
        Column("latency_ms", sa.Double()),
        Column("tokens_in", sa.Integer()),
        Column("tokens_out", sa.Integer()),
        Column("cost", sa.Double()),
        Column("tool_calls", JSON, nullable=False),
        Column("session", Text()),
        Column("finish_reason", Text()),
        Column("error", JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traces")),
    )
    op.create_index(op.f("ix_traces_prompt_ts"), "traces", ["prompt", "ts"])
    op.create_table(
        "scores",
        Column("trace_id", Text(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("source", Text(), nullable=False),
        Column("evaluator", Text(), nullable=False),
        Column("revision", Text(), nullable=False),
        Column("value", sa.Double(), nullable=False),
        Column("ts", MOMENT, nullable=False),
        Column("comment", Text(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.id"], name=op.f("fk_scores_trace_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trace_id", "name", "source", "evaluator", "revision", name=op.f("pk_scores")),
    )
    op.create_table(
        "series",
        Column("id", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("metric", Text(), nullable=False),
        Column("evaluator", Text(), nullable=False),
        Column("revision", Text(), nullable=False),
        Column("state", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint(
            "prompt",
            "version",
            "metric",
            "evaluator",
            "revision",
            name=op.f("uq_series_prompt_version_metric_evaluator_revision"),
        ),
    )
    op.create_table(
        "trend_deltas",
        Column("id", BIG_ID, nullable=False),
        Column("series_id", BIG_ID, nullable=False),
        Column("segment", Text(), nullable=False),
        Column("step", sa.BigInteger(), nullable=False),
        Column("n", sa.Integer(), nullable=False),
        Column("sum", sa.Double(), nullable=False),
        Column("sumsq", sa.Double(), nullable=False),
        Column("low", sa.Double(), nullable=False),
        Column("high", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_trend_deltas_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_deltas")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trend_deltas_series_id"), "trend_deltas", ["series_id"])


def _incidents() -> None:
    op.create_table(
        "items",
        Column("id", Text(), nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("dataset", Text(), nullable=False),
        Column("role", Text(), nullable=False),
        Column("inputs", JSON, nullable=False),
        Column("expected", Text()),
        Column("segment", Text()),
        Column("tags", JSON, nullable=False),
        Column("group", Text(), nullable=False),
        Column("source", Text(), nullable=False),
        Column("trusted", sa.Boolean(), nullable=False),
        Column("trace_id", Text()),
        Column("incident_id", sa.BigInteger()),
        Column("baseline_score", sa.Double()),
        Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_items_prompt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    op.create_index(op.f("ix_items_prompt_dataset"), "items", ["prompt", "dataset"])
    op.create_index(op.f("ix_items_trace_id"), "items", ["trace_id"])
    op.create_table(
        "incidents",
        Column("id", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("degradation", JSON, nullable=False),
        Column("diagnosis", JSON),
        Column("opened_at", MOMENT, nullable=False),
        Column("updated_at", MOMENT, nullable=False),
        Column("note", Text(), nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_incidents_prompt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_prompt"), "incidents", ["prompt"])
    op.create_table(
        "failures",
        Column("id", Text(), nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("incident_id", sa.BigInteger()),
        Column("run_id", sa.BigInteger(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("count", sa.Integer(), nullable=False),
        Column("share", sa.Double(), nullable=False),
        Column("trace_ids", JSON, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
    )
    op.create_index(op.f("ix_failures_prompt"), "failures", ["prompt"])


def _runs() -> None:
    op.create_table(
        "runs",
        Column("id", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("trigger", Text(), nullable=False),
        Column("incident_id", sa.BigInteger()),
        Column("base_version", sa.Integer(), nullable=False),
        Column("seed", sa.BigInteger(), nullable=False),
        Column("path", JSON, nullable=False),
        Column("stop_reason", Text()),
        Column("stop_detail", Text(), nullable=False),
        Column("proposal_id", sa.BigInteger()),
        Column("started_at", MOMENT, nullable=False),
        Column("finished_at", MOMENT),
        Column("comment", Text(), nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_runs_prompt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_prompt"), "runs", ["prompt"])
    op.create_table(
        "claims",
        Column("prompt", Text(), nullable=False),
        Column("fence", sa.BigInteger(), nullable=False),
        Column("run_id", sa.BigInteger()),
        Column("owner", Text(), nullable=False),
        Column("lease_until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_claims_prompt")),
        sa.PrimaryKeyConstraint("prompt", name=op.f("pk_claims")),
    )
    op.create_table(
        "attempts",
        Column("run_id", BIG_ID, autoincrement=False, nullable=False),
        Column("number", sa.Integer(), autoincrement=False, nullable=False),
        Column("round", sa.Integer(), nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("strategy", Text(), nullable=False),
        Column("hypothesis", Text(), nullable=False),
        Column("content", EXACT_JSON, nullable=False),
        Column("content_hash", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("result", JSON, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_attempts_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_prompt"), "attempts", ["prompt"])


def _proposals() -> None:
    op.create_table(
        "proposals",
        Column("id", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("label", Text(), nullable=False),
        Column("run_id", sa.BigInteger(), nullable=False),
        Column("attempt_number", sa.Integer(), nullable=False),
        Column("incident_id", sa.BigInteger()),
        Column("base_version", sa.Integer(), nullable=False),
        Column("base_hash", Text(), nullable=False),
        Column("content", EXACT_JSON, nullable=False),
        Column("content_hash", Text(), nullable=False),
        Column("policy_digest", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("packet", JSON, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        Column("expires_at", MOMENT, nullable=False),
        Column("decided_at", MOMENT),
        Column("decided_by", Text()),
        Column("comment", Text(), nullable=False),
        Column("version", sa.Integer()),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_proposals_prompt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("run_id", name=op.f("uq_proposals_run_id")),
    )
    op.create_index(op.f("ix_proposals_prompt"), "proposals", ["prompt"])


def _calls() -> None:
    op.create_table(
        "calls",
        Column("scope", Text(), nullable=False),
        Column("key", Text(), nullable=False),
        Column("role", Text(), nullable=False),
        Column("model", Text(), nullable=False),
        Column("response_model", Text(), nullable=False),
        Column("output", Text(), nullable=False),
        Column("finish_reason", Text(), nullable=False),
        Column("tokens_in", sa.Integer(), nullable=False),
        Column("tokens_out", sa.Integer(), nullable=False),
        Column("cost", sa.Double()),
        Column("latency_ms", sa.Double(), nullable=False),
        Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_calls")),
    )
    op.create_table(
        "reservations",
        Column("scope", Text(), nullable=False),
        Column("key", Text(), nullable=False),
        Column("usd", sa.Double()),
        Column("day", Text(), nullable=False),
        Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_reservations")),
    )
    op.create_table(
        "spend",
        Column("name", Text(), nullable=False),
        Column("calls", sa.BigInteger(), nullable=False),
        Column("tokens_in", sa.BigInteger(), nullable=False),
        Column("tokens_out", sa.BigInteger(), nullable=False),
        Column("usd", sa.Double(), nullable=False),
        Column("unpriced", sa.BigInteger(), nullable=False),
        Column("reserved_usd", sa.Double(), nullable=False),
        Column("reserved_calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_spend")),
    )
    op.create_table(
        "audit",
        Column("number", BIG_ID, autoincrement=False, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("actor", Text(), nullable=False),
        Column("action", Text(), nullable=False),
        Column("subject", Text(), nullable=False),
        Column("detail", EXACT_JSON, nullable=False),
        Column("previous", Text(), nullable=False),
        Column("hash", Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
