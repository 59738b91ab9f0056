"""Staged release: canaries, what their arms scored, and the arm that a trace belongs to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Create the three tables and the column; traces from before belong to no arm."""
    op.create_table(
        "canaries",
        Column("id", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("label", Text(), nullable=False),
        Column("base_version", sa.Integer(), nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("content_hash", Text(), nullable=False),
        Column("proposal_id", sa.BigInteger()),
        Column("incident_id", sa.BigInteger()),
        Column("state", Text(), nullable=False),
        Column("steps", JSON, nullable=False),
        Column("history", JSON, nullable=False),
        Column("reading", JSON),
        Column("realised", JSON),
        Column("started_at", MOMENT, nullable=False),
        Column("started_by", Text(), nullable=False),
        Column("updated_at", MOMENT, nullable=False),
        Column("ended_at", MOMENT),
        Column("ended_by", Text()),
        Column("reason", Text(), nullable=False),
        sa.ForeignKeyConstraint(["prompt"], ["prompts.name"], name=op.f("fk_canaries_prompt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canaries")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_canaries_prompt"), "canaries", ["prompt"])
    op.create_index(op.f("ix_canaries_proposal_id"), "canaries", ["proposal_id"])
    active = sa.text("state IN ('running', 'paused', 'waiting')")
    op.create_index(
        "uq_canaries_active",
        "canaries",
        ["prompt", "label"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
    op.create_table(
        "arm_deltas",
        Column("id", BIG_ID, nullable=False),
        Column("canary_id", sa.BigInteger(), nullable=False),
        *_series(),
        Column("percent", sa.Integer(), nullable=False),
        Column("step", sa.BigInteger(), nullable=False),
        *_sums(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arm_deltas")),
    )
    op.create_index(op.f("ix_arm_deltas_canary_id"), "arm_deltas", ["canary_id"])
    op.create_table(
        "arm_sums",
        Column("canary_id", sa.BigInteger(), nullable=False, autoincrement=False),
        *_series(),
        Column("percent", sa.Integer(), nullable=False, autoincrement=False),
        Column("bucket", sa.BigInteger(), nullable=False, autoincrement=False),
        *_sums(),
        sa.PrimaryKeyConstraint(
            *("canary_id", "arm", "metric", "evaluator", "revision", "segment", "percent", "bucket"),
            name=op.f("pk_arm_sums"),
        ),
    )
    op.add_column("traces", Column("arm", Text(), nullable=True))


def _series() -> list[Column[str]]:
    return [Column(name, Text(), nullable=False) for name in ("arm", "metric", "evaluator", "revision", "segment")]


def _sums() -> list[Column[float]]:
    parts: list[Column[float]] = [Column(name, sa.Double(), nullable=False) for name in ("sum", "sumsq", "low", "high")]
    return [Column("n", sa.Integer(), nullable=False), *parts]


def downgrade() -> None:
    """Drop them: labels stand on their base versions, so every release in steps is off."""
    with op.batch_alter_table("traces") as batch:
        batch.drop_column("arm")
    for name in ("arm_sums", "arm_deltas", "canaries"):
        op.drop_table(name)
