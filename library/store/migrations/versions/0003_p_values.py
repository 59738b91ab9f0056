"""The p-value of every series, so that a sweep can judge the fleet without reading all states."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; series are filled in when they are swept next."""
    op.add_column("series", sa.Column("p_value", sa.Double(), nullable=True))
    op.create_index(op.f("ix_series_p_value"), "series", ["p_value"])


def downgrade() -> None:
    """Drop the column: sweeps write it again."""
    op.drop_index(op.f("ix_series_p_value"), table_name="series")
    with op.batch_alter_table("series") as batch:
        batch.drop_column("p_value")
