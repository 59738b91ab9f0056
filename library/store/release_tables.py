"""The tables of staged releases: canaries, and what their two arms scored."""

import sqlalchemy as sa

from library.store.tables import BigId, Json, Real, UtcDateTime, metadata

ACTIVE_STATES = sa.text("state IN ('running', 'paused', 'waiting')")

canaries = sa.Table(
    "canaries",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("prompt", sa.ForeignKey("prompts.name"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("base_version", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("proposal_id", sa.BigInteger, index=True),
    sa.Column("incident_id", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("steps", Json, nullable=False),
    sa.Column("history", Json, nullable=False),
    sa.Column("reading", Json),
    sa.Column("realised", Json),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("ended_by", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    # At most one active canary under a label, whoever starts one at the same time.
    sa.Index(
        "uq_canaries_active",
        "prompt",
        "label",
        unique=True,
        sqlite_where=ACTIVE_STATES,
        postgresql_where=ACTIVE_STATES,
    ),
    sqlite_autoincrement=True,  # a number used again would take over the traces of another canary
)

arm_deltas = sa.Table(
    "arm_deltas",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("canary_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("evaluator", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("segment", sa.Text, nullable=False),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("sum", Real, nullable=False),
    sa.Column("sumsq", Real, nullable=False),
    sa.Column("low", Real, nullable=False),
    sa.Column("high", Real, nullable=False),
)
"""Scores of the arms that no look has seen yet, summed per transaction that brought them and grid step."""

arm_sums = sa.Table(
    "arm_sums",
    metadata,
    sa.Column("canary_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("arm", sa.Text, primary_key=True),
    sa.Column("metric", sa.Text, primary_key=True),
    sa.Column("evaluator", sa.Text, primary_key=True),
    sa.Column("revision", sa.Text, primary_key=True),
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("percent", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("sum", Real, nullable=False),
    sa.Column("sumsq", Real, nullable=False),
    sa.Column("low", Real, nullable=False),
    sa.Column("high", Real, nullable=False),
)
"""The same by stretches of trace time. percent: the share they were drawn at; bucket: first grid step of a stretch."""
