"""Alarms out of the house: to a file, a webhook, by e-mail. Nothing is sent unless it is set up."""

from __future__ import annotations

from modacast.pipeline.alerts.channels import Alert, Channel, open_channels
from modacast.pipeline.alerts.sending import Sent, pending, send_alerts

__all__ = ["Alert", "Channel", "Sent", "open_channels", "pending", "send_alerts"]
