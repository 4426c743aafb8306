"""Which alarms were sent where, so that each goes out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import sqlalchemy as sa

from modacast.store import tables as t
from modacast.store.database import Database

__all__ = ["Delivery", "DeliveryLog"]

Status = Literal["sent", "failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alarm on one channel.

    Attributes:
        alarm_id: of the alarm.
        channel: `"file"`, `"webhook"` or `"email"`, with a fingerprint of where it leads.
        element_id: what it is about.
        ds: its week.
        status: how the last attempt ended.
        attempts: how many there were.
        error: why it failed, None where it was sent.
        at: instant of the last attempt.
    """

    alarm_id: str
    channel: str
    element_id: str
    ds: date
    status: Status
    attempts: int
    error: str | None
    at: datetime


class DeliveryLog:
    """The table `deliveries` of a database.

    Args:
        database: where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Delivery]:
        """Get all deliveries, oldest first."""
        query = sa.select(t.deliveries).order_by(t.deliveries.c.at, t.deliveries.c.alarm_id)
        with self._database.reading() as connection:
            return [
                Delivery(
                    row.alarm_id, row.channel, row.element_id, row.ds, row.status, row.attempts, row.error,
                    row.at.replace(tzinfo=UTC),
                )
                for row in connection.execute(query)
            ]  # fmt: skip

    def record(
        self,
        alarm_id: str,
        channel: str,
        *,
        element_id: str,
        ds: date,
        error: str | None = None,
        was_tried: bool = True,
    ) -> None:
        """Write down one attempt; without an error, the alarm counts as sent.

        Args:
            alarm_id: of the alarm.
            channel: its name.
            element_id: what it is about.
            ds: its week.
            error: why it was not sent.
            was_tried: False where the channel was known to be down.

        Raises:
            StorageError: the database cannot be written.
        """
        key = sa.and_(t.deliveries.c.alarm_id == alarm_id, t.deliveries.c.channel == channel)
        with self._database.writing() as connection:
            before = connection.scalar(sa.select(t.deliveries.c.attempts).where(key)) or 0
            connection.execute(sa.delete(t.deliveries).where(key))
            connection.execute(
                sa.insert(t.deliveries).values(
                    alarm_id=alarm_id,
                    channel=channel,
                    element_id=element_id,
                    ds=ds,
                    status="failed" if error else "sent",
                    attempts=before + was_tried,
                    error=error,
                    at=datetime.now(UTC).replace(tzinfo=None),
                )
            )
