"""What an alert says, and what all channels have in common."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from modacast.config import AlertSettings
from modacast.errors import ModacastError

__all__ = ["Alert", "Channel", "ChannelDown", "channel_name", "open_channels"]

VERSION = 1
"""Of the form of an alert; raised whenever a field changes its meaning."""


class ChannelDown(ModacastError):
    """Nothing can be sent on a channel at the moment, whatever it is."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alarm as it is sent.

    Attributes:
        project: title of the project.
        lang: language that people are written in.
        name: of the element, in that language.
        fields: the row of `ALARMS`.
    """

    project: str
    lang: Literal["zh", "en"]
    name: str
    fields: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The alarm's id; the same alarm has the same one whenever it is sent."""
        return str(self.fields["id"])

    @property
    def why(self) -> str:
        """The reason in words."""
        return str(self.fields[f"why_{self.lang}"])

    def to_dict(self) -> dict[str, Any]:
        """Get what JSON can say: the fields, dates as ISO text, `project`, `name` and `version`."""
        said = {key: _sayable(value) for key, value in self.fields.items()}
        return {"version": VERSION, "project": self.project, "name": self.name, **said}


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str:
        """Its kind, with a fingerprint of where it leads: another address is another channel."""

    def send(self, alert: Alert) -> None:
        """Send one alert.

        Raises:
            ChannelDown: it could not be sent, and no other could; the message holds no secret.
            ModacastError: it could not be sent.
        """


def _sayable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def channel_name(kind: str, *where: str) -> str:
    """Get the name of a channel; the address itself does not show in it."""
    return f"{kind}:{hashlib.sha256('|'.join(where).encode()).hexdigest()[:10]}"


def open_channels(settings: AlertSettings) -> list[Channel]:
    """Get the channels that are set up; none where nothing is."""
    from modacast.pipeline.alerts.file import FileChannel
    from modacast.pipeline.alerts.mail import MailChannel
    from modacast.pipeline.alerts.webhook import WebhookChannel

    found: list[Channel] = []
    if settings.file is not None:
        found.append(FileChannel(settings.file))
    if settings.webhook is not None:
        found.append(WebhookChannel(settings))
    if settings.email_to:
        found.append(MailChannel(settings))
    return found
