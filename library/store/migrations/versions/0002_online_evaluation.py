"""What online evaluation has still to look at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create the two queues, and the index by which the neighbours of a message in its session are found."""
    op.create_table(
        "arrivals",
        Column("number", BIG_ID, nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("trace_ids", JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_arrivals")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_arrivals_prompt"), "arrivals", ["prompt"])
    op.create_table(
        "score_tasks",
        Column("trace_id", Text(), nullable=False),
        Column("task", Text(), nullable=False),
        Column("prompt", Text(), nullable=False),
        Column("ts", MOMENT, nullable=False),
        Column("due_at", MOMENT, nullable=False),
        Column("expires_at", MOMENT),
        Column("tries", sa.Integer(), nullable=False),
        Column("day", Text()),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.id"], name=op.f("fk_score_tasks_trace_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trace_id", "task", name=op.f("pk_score_tasks")),
    )
    op.create_index(op.f("ix_score_tasks_due_at"), "score_tasks", ["due_at"])
    has_session = sa.text("session IS NOT NULL")
    op.create_index(
        "ix_traces_session_ts",
        "traces",
        ["session", "ts"],
        sqlite_where=has_session,
        postgresql_where=has_session,
    )


def downgrade() -> None:
    """Forget what was waiting; scores that were given stay."""
    op.drop_index("ix_traces_session_ts", "traces")
    op.drop_table("score_tasks")
    op.drop_table("arrivals")
