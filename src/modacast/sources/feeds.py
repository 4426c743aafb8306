"""Texts from RSS and Atom feeds."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modacast.errors import InvalidInput
from modacast.privacy import scrub_url
from modacast.sources.columns import Naming
from modacast.sources.fetching import Fetched, Fetcher
from modacast.sources.records import chunk_of_objects
from modacast.sources.rejects import Rejects
from modacast.sources.tables import Checks, RowChecker
from modacast.types import RAW_DOCUMENTS, Batch

__all__ = ["FeedSource"]

_COLUMNS = ("id", "text", "lang", "url", "published_at", "author")


@dataclass(slots=True)
class FeedSource:
    """Raw documents from one RSS or Atom feed; title and content of an entry make one text, HTML and all.

    Attributes:
        name: of the source.
        url: of the feed.
        state: what the server said last, by URL; filled here, to be kept by the caller once the batches are stored,
            so that an unchanged feed is not sent again.
        constants: column of `RAW_DOCUMENTS` to a value for all entries.
        lang: language of all texts; by default what the feed says.
        fetcher: timeouts, sizes, retries.
        now: entries more than a day later are set aside; by default the clock.
    """

    name: str
    url: str
    state: MutableMapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    lang: str | None = None
    fetcher: Fetcher = field(default_factory=Fetcher)
    now: datetime | None = None

    def read(self) -> Iterator[Batch]:
        """Yield one batch of `RAW_DOCUMENTS`, oldest entry first; none where the feed has not changed.

        Entries without a date are set aside.

        Raises:
            InvalidInput: the URL is wrong, or what lies there is no feed.
            NotFound: nothing lies there.
            ModacastError: the server cannot be reached or refuses.
        """
        fetched = self.fetcher.fetch(self.url, known=self.state.get(self.url, {}))
        if fetched is None:
            return
        yield self._batch(fetched)
        # only now, after the caller took the batch: a run that is killed before must fetch it again
        seen = {"etag": fetched.etag, "last_modified": fetched.last_modified}
        self.state[self.url] = {name: value for name, value in seen.items() if value}

    def _batch(self, fetched: Fetched) -> Batch:
        import feedparser

        headers = {"content-type": fetched.content_type, "content-location": fetched.url}
        feed = feedparser.parse(fetched.content, response_headers=headers)
        shown = scrub_url(self.url)
        if not feed.version and not feed.entries:
            raise InvalidInput(
                f"{shown} is no RSS or Atom feed ({fetched.content_type or 'no content type'}); check the URL"
            )
        lang = self.lang or _language(feed.feed.get("language"))
        rows = sorted(
            (_entry(entry, lang) for entry in feed.entries), key=lambda row: row["published_at"] or 0
        )
        rejects = Rejects(self.name, shown)
        constants = {name: value for name, value in self.constants.items() if value is not None}
        columns = {name: name for name in _COLUMNS if name not in constants}
        checker = RowChecker(
            RAW_DOCUMENTS, Naming(columns, constants), Checks(self.name, now=self.now), rejects
        )
        if not rows:
            return Batch(RAW_DOCUMENTS.empty_table(), rejects.take())
        table = checker(chunk_of_objects(range(1, len(rows) + 1), rows))
        return Batch(table, rejects.take())


def _entry(entry: Mapping[str, Any], lang: str | None) -> dict[str, Any]:
    contents = [part.get("value", "") for part in entry.get("content", [])]
    body = max([*contents, entry.get("summary", "")], key=len)
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    return {
        "id": entry.get("id") or entry.get("link"),
        "text": "\n".join(part for part in (entry.get("title", ""), body) if part),
        "lang": lang,
        "url": entry.get("link"),
        "published_at": calendar.timegm(moment) if moment else None,
        "author": entry.get("author"),
    }


def _language(named: str | None) -> str | None:
    """Get the two letters of a feed's language, for example "zh" of "zh-CN"."""
    code = (named or "").strip().lower()[:2]
    return code if code.isascii() and code.isalpha() and len(code) == 2 else None
