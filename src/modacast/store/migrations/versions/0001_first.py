"""Create the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create items, events, profiles, consent, models, imports and state."""
    op.create_table(
        "items",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("element_ids", sa.Text),
        sa.Column("price", sa.Float),
        sa.Column("currency", sa.Text),
        sa.Column("available", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime),
        sa.Column("group_id", sa.Text),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user_key", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("text", sa.Text),
        sa.Column("slate_id", sa.Text),
        sa.Column("position", sa.Integer),
        sa.Column("propensity", sa.Float),
    )
    op.create_index("events_user", "events", ["user_key", "at"])
    op.create_index("events_at", "events", ["at"])
    op.create_table(
        "profiles",
        sa.Column("user_key", sa.Text, primary_key=True),
        sa.Column("long_vector", sa.LargeBinary),
        sa.Column("session_vector", sa.LargeBinary),
        sa.Column("affinities", sa.Text),
        sa.Column("price_low", sa.Float),
        sa.Column("price_high", sa.Float),
        sa.Column("values", sa.Text),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("n_events", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "consent",
        sa.Column("user_key", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "models",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_table(
        "imports",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("n_rows", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "state",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
