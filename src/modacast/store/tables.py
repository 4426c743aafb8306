"""The database's tables, as SQLAlchemy sees them; Alembic's migrations create and change them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

__all__ = ["METADATA", "consent", "deliveries", "events", "imports", "items", "models", "profiles", "state"]

METADATA = MetaData()

items = Table(
    "items",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("element_ids", Text),  # JSON list
    Column("price", Float),
    Column("currency", Text),
    Column("available", Boolean, nullable=False),
    Column("created_at", DateTime),  # UTC
    Column("group_id", Text),
)

events = Table(
    "events",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("user_key", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", DateTime, nullable=False),  # UTC
    Column("value", Float),
    Column("text", Text),
    Column("slate_id", Text),
    Column("position", Integer),
    Column("propensity", Float),
    Index("events_user", "user_key", "at"),
    Index("events_at", "at"),
)

profiles = Table(
    "profiles",
    METADATA,
    Column("user_key", Text, primary_key=True),
    Column("long_vector", LargeBinary),  # little-endian float32
    Column("session_vector", LargeBinary),
    Column("affinities", Text),  # JSON list of pairs
    Column("price_low", Float),
    Column("price_high", Float),
    Column("values", Text),  # JSON list
    Column("consent", Text, nullable=False),
    Column("n_events", Integer, nullable=False),
    Column("updated_at", DateTime, nullable=False),
)

consent = Table(
    "consent",
    METADATA,
    Column("user_key", Text, primary_key=True),
    Column("status", Text, nullable=False),  # "granted", "anonymous" (no personalisation) or "denied"
    Column("at", DateTime, nullable=False),
)

models = Table(
    "models",
    METADATA,
    Column("kind", Text, primary_key=True),  # "ranker", ...
    Column("version", Integer, primary_key=True),
    Column("made_at", DateTime, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("metrics", Text, nullable=False),  # JSON
    Column("payload", Text, nullable=False),  # JSON
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("alarm_id", Text, primary_key=True),
    Column("channel", Text, primary_key=True),  # kind and a fingerprint of where it leads
    Column("element_id", Text, nullable=False),
    Column("ds", Date, nullable=False),
    Column("status", Text, nullable=False),  # "sent" or "failed"
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("at", DateTime, nullable=False),
)

imports = Table(
    "imports",
    METADATA,
    Column("key", Text, primary_key=True),  # what was imported, for example "events/shop/000001"
    Column("fingerprint", Text, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("at", DateTime, nullable=False),
)

state = Table(
    "state",
    METADATA,
    Column("key", Text, primary_key=True),  # small things to remember, such as a feed's ETag
    Column("value", Text, nullable=False),  # JSON
)
