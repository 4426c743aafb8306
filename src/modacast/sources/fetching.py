"""One polite HTTP request: conditional, bounded, retried."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modacast.errors import InvalidInput, ModacastError, NotFound
from modacast.privacy import scrub_url

if TYPE_CHECKING:
    import httpx

__all__ = ["Fetched", "Fetcher"]

_BUSY = frozenset((429, 500, 502, 503, 504))
_AGENT = "modacast (+https://pypi.org/project/modacast/)"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered.

    Attributes:
        content: the body, unpacked.
        url: after redirects.
        content_type: as the server named it.
        etag: to be sent along next time.
        last_modified: to be sent along next time.
    """

    content: bytes
    url: str
    content_type: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches one URL at a time.

    Attributes:
        timeout: seconds for connecting and for each read.
        max_bytes: of an unpacked body.
        retries: further attempts when the server is busy or cannot be reached.
        max_wait: longest wait in seconds that a server may ask for.
        sleep: waits so many seconds.
    """

    timeout: float = 20.0
    max_bytes: int = 20_000_000
    retries: int = 3
    max_wait: float = 60.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def fetch(self, url: str, *, known: Mapping[str, str]) -> Fetched | None:
        """Get what lies at a URL, None where it has not changed.

        Args:
            url: http or https.
            known: `etag` and `last_modified` of the last time, where there was one.

        Raises:
            InvalidInput: the URL is wrong, or the body is larger than `max_bytes`.
            NotFound: the server says that nothing is there.
            ModacastError: it cannot be reached, or refuses.
        """
        import httpx

        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise InvalidInput(
                f"a feed is read from an http or https URL, got {scrub_url(url)!r}; use kind 'files' for files"
            )
        headers = {
            "User-Agent": _AGENT,
            "Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
        }
        if known.get("etag"):
            headers["If-None-Match"] = known["etag"]
        if known.get("last_modified"):
            headers["If-Modified-Since"] = known["last_modified"]
        with httpx.Client(follow_redirects=True, timeout=self.timeout, headers=headers) as client:
            for attempt in range(self.retries + 1):
                wait = 0.5 * 2**attempt
                try:
                    with client.stream("GET", url) as response:
                        if response.status_code not in _BUSY or attempt == self.retries:
                            return self._answer(response)
                        wait = self._wait(response, wait)
                except (httpx.TimeoutException, httpx.TransportError) as error:
                    if attempt == self.retries:
                        raise ModacastError(_unreachable(url, error)) from error
                except (httpx.TooManyRedirects, httpx.DecodingError, httpx.InvalidURL) as error:
                    raise ModacastError(f"cannot read {scrub_url(url)}: {error}") from error
                self.sleep(wait)
        return None

    def _answer(self, response: httpx.Response) -> Fetched | None:
        status, shown = response.status_code, scrub_url(str(response.url))
        if status == HTTPStatus.NOT_MODIFIED:
            return None
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise NotFound(f"{shown} is not there (HTTP {status}); check the URL")
        if not response.is_success:
            raise ModacastError(f"{shown} answered HTTP {status} {response.reason_phrase}; try again later")
        headers = response.headers
        content = self._body(response, shown)
        return Fetched(
            content,
            str(response.url),
            headers.get("content-type", ""),
            headers.get("etag"),
            headers.get("last-modified"),
        )

    def _body(self, response: httpx.Response, shown: str) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > self.max_bytes:
                raise InvalidInput(
                    f"{shown} is larger than {self.max_bytes:,} bytes; raise max_bytes if that is right"
                )
        return bytes(body)

    def _wait(self, response: httpx.Response, otherwise: float) -> float:
        asked = _seconds(response.headers.get("retry-after", ""))
        if asked is None:
            return otherwise
        if asked > self.max_wait:
            shown = scrub_url(str(response.url))
            raise ModacastError(
                f"{shown} asks to wait {asked:.0f} s (HTTP {response.status_code}); try again later"
            )
        return asked


def _seconds(retry_after: str) -> float | None:
    """Get the seconds that a Retry-After header stands for: a number, or a date (RFC 9110, 10.2.3)."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _unreachable(url: str, error: Exception) -> str:
    host = urlsplit(url).hostname
    return f"cannot reach {host} ({type(error).__name__}: {error}); is this machine offline? All but feeds works without a network"
