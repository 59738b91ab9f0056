"""The tables of notifications: notices on their way, and how far each channel has read the audit log."""

import sqlalchemy as sa

from library.store.tables import BigId, Json, UtcDateTime, metadata

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("telling", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("next_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("error", sa.Text, nullable=False),
    # One line of the audit log reaches a channel once, whatever two collectors do at the same time.
    sa.UniqueConstraint("channel", "line"),
    sa.Index("ix_notices_state_next_at", "state", "next_at"),
    sqlite_autoincrement=True,  # the number of a notice that was let go must not name another one
)

notice_channels = sa.Table(
    "notice_channels",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)
"""line: number of the last audit line that the channel has read; since: when it was seen in the settings first."""
