"""Send each alarm once on each channel, whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from modacast.errors import ModacastError
from modacast.pipeline.alarms import latest_alarms
from modacast.pipeline.alerts.channels import Alert, Channel, ChannelDown, open_channels
from modacast.pipeline.workspace import Workspace
from modacast.store.deliveries import Delivery, DeliveryLog

__all__ = ["Sent", "alert_of", "pending", "send_alerts"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one alert on one channel.

    Attributes:
        alarm_id: of the alarm.
        element_id: what it is about.
        channel: its kind: `"file"`, `"webhook"` or `"email"`.
        error: why it was not sent, None where it was; it is tried again with the next run.
    """

    alarm_id: str
    element_id: str
    channel: str
    error: str | None


def send_alerts(workspace: Workspace, channels: Sequence[Channel] | None = None) -> list[Sent]:
    """Send what has not been sent yet; what fails is written down, reported, and tried again next time.

    Once a channel is down (nobody there, no answer, a login refused), what is left for it waits for the next time:
    each alert would only take as long to fail again.

    Args:
        workspace: whose alarms.
        channels: where to; those of the settings where None.

    Returns:
        What was tried now, channel by channel, oldest alarm first.

    Raises:
        InvalidInput: a channel is not set up rightly.
        StorageError: what was sent cannot be written down.
    """
    channels = open_channels(workspace.settings.alerts) if channels is None else channels
    if not channels:
        return []
    log = DeliveryLog(workspace.database)
    found = []
    for channel in channels:
        kind = channel.name.partition(":")[0]
        down: str | None = None
        for alert in pending(workspace, channel):
            was_down = down is not None
            error = down
            if not was_down:
                try:
                    channel.send(alert)
                except ChannelDown as problem:
                    error = down = str(problem)
                except ModacastError as problem:
                    error = str(problem)
            fields = alert.fields
            log.record(
                alert.id,
                channel.name,
                element_id=fields["element_id"],
                ds=fields["ds"],
                error=error,
                was_tried=not was_down,
            )
            found.append(Sent(alert.id, str(fields["element_id"]), kind, error))
    return found


def pending(workspace: Workspace, channel: Channel) -> list[Alert]:
    """Get the recent alarms that a channel has not sent, oldest first, and older ones that it failed to send.

    Texts that come in late may move the week of a rise; an element that was sent for a week near by is the same
    rise, and is not sent again.
    """
    settings = workspace.settings.alerts
    table = latest_alarms(workspace)
    if table.num_rows == 0:
        return []
    rows = table.sort_by([("ds", "ascending"), ("p_value", "ascending")]).to_pylist()
    as_of = table.schema.metadata[b"as_of"].decode() if table.schema.metadata else ""
    newest = max(as_of, max(row["ds"] for row in rows).isoformat())
    mine = [d for d in DeliveryLog(workspace.database).all() if d.channel == channel.name]
    sent = [d for d in mine if d.status == "sent"]
    failed = [d for d in mine if d.status == "failed"]
    kept = []
    for row in rows:
        age = pa.scalar(newest).cast(pa.date32()).as_py() - row["ds"]
        is_due = age < timedelta(weeks=settings.max_age_weeks) or _is_told(row, failed, settings.silent_weeks)
        if is_due and not _is_told(row, sent, settings.silent_weeks):
            kept.append(alert_of(workspace, row))
    return kept


def alert_of(workspace: Workspace, row: dict[str, object]) -> Alert:
    """Get an alarm's row as it is sent."""
    lang, element_id = workspace.settings.project.lang, str(row["element_id"])
    lexicon = workspace.wider_lexicon
    name = lexicon.label(element_id, lang) if element_id in lexicon else element_id
    return Alert(workspace.settings.project.title, lang, name, row)


def _is_told(row: dict[str, object], sent: Sequence[Delivery], silent_weeks: int) -> bool:
    near = timedelta(weeks=silent_weeks)
    return any(
        d.alarm_id == row["id"] or (d.element_id == row["element_id"] and abs(d.ds - row["ds"]) <= near)  # type: ignore[operator]
        for d in sent
    )
