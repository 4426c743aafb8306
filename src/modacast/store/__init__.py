"""Where results live: the lake (Parquet, read by DuckDB) and the database (SQLAlchemy)."""

from __future__ import annotations

from modacast.store.database import Database
from modacast.store.deliveries import Delivery, DeliveryLog
from modacast.store.lake import Commit, Lake

__all__ = ["Commit", "Database", "Delivery", "DeliveryLog", "Lake"]
