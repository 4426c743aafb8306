"""Alerts by e-mail, over SMTP with TLS."""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate

from modacast.config import AlertSettings
from modacast.errors import InvalidInput, ModacastError
from modacast.pipeline.alerts.channels import Alert, ChannelDown, channel_name

__all__ = ["MailChannel"]

_log = logging.getLogger(__name__)

_LINES = {
    "zh": ("【{project}】趋势提醒：{name}", "证据文本编号：{ids}", "另见：{also}", "预测变化：{growth}"),
    "en": (
        "[{project}] Trend alert: {name}",
        "Evidence: {ids}",
        "Also in these texts: {also}",
        "Forecast: {growth}",
    ),
}

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "wrong user or password"),
    (smtplib.SMTPRecipientsRefused, "it refused every recipient"),
    (smtplib.SMTPSenderRefused, "it refused the sender"),
    (
        smtplib.SMTPNotSupportedError,
        "it does not offer what is asked of it: TLS, a login, or addresses beyond ASCII",
    ),
    (smtplib.SMTPServerDisconnected, "it hung up; is alerts.smtp_security right for the port?"),
    (smtplib.SMTPResponseException, "it refused"),
    (ssl.SSLCertVerificationError, "its certificate is not trusted"),
    (ssl.SSLError, "no TLS; is alerts.smtp_security right for the port?"),
    (ConnectionRefusedError, "connection refused"),
    (TimeoutError, "no answer in time"),
    (socket.gaierror, "there is no such host"),
    (UnicodeError, "alerts.smtp_host, smtp_user and smtp_password may hold ASCII alone"),
)
_MANY, _ENDLESS = 2.0, 50


@dataclass(frozen=True, slots=True)
class MailChannel:
    """Writes one message an alert, to all recipients.

    Attributes:
        settings: `email_to`, `email_from`, `smtp_host`, `smtp_port`, `smtp_security`, `smtp_user`,
            `smtp_password`, `timeout`.

    Raises:
        InvalidInput: there is no host or sender, or a password would travel without TLS.
    """

    settings: AlertSettings

    def __post_init__(self) -> None:
        for address in (self.settings.email_from or "", *self.settings.email_to):
            if any(character in address for character in "\r\n"):
                raise InvalidInput("alerts.email_from and alerts.email_to: an address has no line breaks")
        for setting in ("smtp_host", "email_from"):
            if not getattr(self.settings, setting):
                raise InvalidInput(f"alerts.email_to is set, so alerts.{setting} has to be set too")
        if self.settings.smtp_user and self.settings.smtp_security == "none":
            raise InvalidInput(
                'alerts.smtp_user is set, so alerts.smtp_security must be "starttls" or "tls": a password is '
                "not sent in the clear"
            )

    @property
    def name(self) -> str:
        """Its kind and a fingerprint of the recipients."""
        return channel_name("email", *sorted(self.settings.email_to))

    def send(self, alert: Alert) -> None:
        """Send the message.

        Raises:
            ChannelDown: the server could not be reached, or does not let us in.
            ModacastError: it refuses this message.
        """
        host = self.settings.smtp_host or ""
        problem = f"the mail server {host} did not take the alert: "
        try:
            smtp = self._enter(host)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise ChannelDown(problem + _reason(error)) from None
        try:
            refused = smtp.send_message(self._message(alert))
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise ModacastError(problem + _reason(error)) from None
        finally:
            _leave(smtp)
        if refused:  # the others have it: sending again would reach them twice
            _log.warning(
                "the mail server %s took the alert, but not for %s", host, ", ".join(sorted(refused))
            )

    def _enter(self, host: str) -> smtplib.SMTP:
        smtp = self._connect(host)
        try:
            if self.settings.smtp_user:
                password = self.settings.smtp_password
                smtp.login(self.settings.smtp_user, password.get_secret_value() if password else "")
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _connect(self, host: str) -> smtplib.SMTP:
        port, timeout, context = self.settings.smtp_port, self.settings.timeout, ssl.create_default_context()
        if self.settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        smtp = smtplib.SMTP(host, port, timeout=timeout)
        if self.settings.smtp_security == "starttls":
            try:
                smtp.starttls(context=context)
            except BaseException:
                smtp.close()
                raise
        return smtp

    def _message(self, alert: Alert) -> EmailMessage:
        subject, ids, also, growth = _LINES[alert.lang]
        fields = alert.fields
        lines = [alert.why, ""]
        if fields["evidence_ids"]:
            lines.append(ids.format(ids=", ".join(fields["evidence_ids"])))
        if fields["also"]:
            lines.append(also.format(also=", ".join(fields["also"])))
        if fields["forecast_growth"] is not None:
            lines.append(growth.format(growth=_growth(fields["forecast_growth"])))
        message = EmailMessage()
        # a line break in a name would be a header of its own
        message["Subject"] = " ".join(subject.format(project=alert.project, name=alert.name).split())
        message["From"] = self.settings.email_from
        message["To"] = ", ".join(self.settings.email_to)
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = f"<{alert.id}@alerts.modacast.invalid>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n".join(lines) + "\n", cte="base64")
        return message


def _leave(smtp: smtplib.SMTP) -> None:
    """Say goodbye; what was sent is sent, whatever the server says to that."""
    try:
        smtp.quit()
    except (smtplib.SMTPException, OSError):
        smtp.close()


def _growth(value: float) -> str:
    return f"{value:+.0%}" if value < _MANY else f"×{1 + value:.1f}" if value < _ENDLESS else f"×{_ENDLESS}+"


def _reason(error: Exception) -> str:
    """Say what went wrong without what was said: a server's answer may repeat a login."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and "timed out" in str(error):
        return "no answer in time"
    for kind, words in _REASONS:
        if isinstance(error, kind):
            code = f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
            return f"{words}{code}"
    return type(error).__name__
