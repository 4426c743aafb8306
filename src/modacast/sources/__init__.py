"""Where raw texts, events and products come from: files, feeds and plug-ins."""

from __future__ import annotations

from modacast.sources.feeds import FeedSource
from modacast.sources.files import FileSource
from modacast.sources.registry import open_source
from modacast.sources.tables import Checks, read_rows

__all__ = ["Checks", "FeedSource", "FileSource", "open_source", "read_rows"]
