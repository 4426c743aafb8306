"""Create the log of what was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_deliveries"
down_revision = "0001"


def upgrade() -> None:
    """Create deliveries."""
    op.create_table(
        "deliveries",
        sa.Column("alarm_id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("element_id", sa.Text, nullable=False),
        sa.Column("ds", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("at", sa.DateTime, nullable=False),
    )
