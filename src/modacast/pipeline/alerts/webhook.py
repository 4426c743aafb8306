"""Alerts to a URL: a signed JSON POST."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modacast.config import AlertSettings
from modacast.errors import InvalidInput, ModacastError
from modacast.pipeline.alerts.channels import Alert, ChannelDown, channel_name

if TYPE_CHECKING:
    import httpx

__all__ = ["WebhookChannel", "signature"]

_AGENT = "modacast (+https://pypi.org/project/modacast/)"
_BUSY = frozenset((408, 425, 429, 500, 502, 503, 504))
_DOWN = frozenset((429, 502, 503, 504))
_FIRST_WAIT = 0.5  # seconds, doubled each time


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Get the value of `X-Modacast-Signature`: HMAC-SHA256 (RFC 2104) over timestamp, a full stop and the body.

    >>> signature("secret", "1700000000", b"{}")[:14]
    'sha256=b8569b7'
    """
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Posts each alert, and tries again with growing pauses where the server is busy or not there.

    The header `Idempotency-Key` holds the alarm's id: a receiver that has seen it may drop the second copy
    that comes where a run was killed between sending and writing that down.

    Attributes:
        settings: `webhook`, `webhook_secret`, `timeout`, `retries`.
        sleep: waits so many seconds.

    Raises:
        InvalidInput: the URL is none.
    """

    settings: AlertSettings
    sleep: Callable[[float], None] = field(default=time.sleep)

    def __post_init__(self) -> None:
        import httpx

        try:
            url = httpx.URL(self._url)
        except (httpx.InvalidURL, ValueError):
            url = httpx.URL("")
        if url.scheme not in {"http", "https"} or not url.host.strip(".") or " " in url.host:
            raise InvalidInput("alerts.webhook must be an http or https URL")

    @property
    def _url(self) -> str:
        return self.settings.webhook.get_secret_value().strip() if self.settings.webhook else ""

    @property
    def name(self) -> str:
        """Its kind and a fingerprint of the URL."""
        return channel_name("webhook", self._url)

    def send(self, alert: Alert) -> None:
        """Post the alert.

        Raises:
            ChannelDown: the server could not be reached, or was busy at each attempt.
            ModacastError: it refuses this alert.
        """
        import httpx

        body = json.dumps(alert.to_dict(), ensure_ascii=False).encode()
        problem = "it could not be reached"
        status: int | None = None
        # a redirect is not followed: what was signed for one address must not go to another
        with httpx.Client(timeout=self.settings.timeout, follow_redirects=False) as client:
            for attempt in range(self.settings.retries + 1):
                if attempt:
                    self.sleep(_FIRST_WAIT * 2 ** (attempt - 1))
                try:
                    status = self._post(client, alert, body)
                except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                    problem, status = _reason(error), None
                    continue
                if 200 <= status < 300:
                    return
                problem = f"it answered {status}"
                if status not in _BUSY:
                    break
        host = urlsplit(self._url).hostname  # the rest of the URL may be a secret
        kind = ChannelDown if status is None or status in _DOWN else ModacastError
        raise kind(f"the webhook at {host} did not take the alert: {problem}")

    def _post(self, client: httpx.Client, alert: Alert, body: bytes) -> int:
        """Get the status that a post was answered with; what more the answer says is not waited for."""
        with client.stream("POST", self._url, content=body, headers=self._headers(alert, body)) as answer:
            return answer.status_code

    def _headers(self, alert: Alert, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": _AGENT,
            "Idempotency-Key": alert.id,
        }
        if self.settings.webhook_secret is not None:
            timestamp = str(int(time.time()))
            secret = self.settings.webhook_secret.get_secret_value()
            headers |= {
                "X-Modacast-Timestamp": timestamp,
                "X-Modacast-Signature": signature(secret, timestamp, body),
            }
        return headers


def _reason(error: Exception) -> str:
    """Say what went wrong without the address."""
    import httpx

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted"
        if isinstance(cause, ssl.SSLError):
            return "no TLS; does the address begin rightly with http or https?"
        cause = cause.__cause__ or cause.__context__
    problems: dict[type[Exception], str] = {
        httpx.ConnectError: "it could not be reached",
        httpx.ConnectTimeout: "it could not be reached in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.RemoteProtocolError: "it does not answer as a web server does",
        UnicodeError: "its host is no name",
    }
    return problems.get(type(error), type(error).__name__)
