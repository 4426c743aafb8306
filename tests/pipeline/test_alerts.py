"""Alerts: sent once, on every channel, whatever happens in between."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import hmac
import json
import socket
import ssl
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from modacast.config import AlertSettings, ProjectSettings, Settings
from modacast.errors import InvalidInput, ModacastError, StorageError
from modacast.pipeline.alarms import alarms_of_week, latest_alarms
from modacast.pipeline.alerts import Alert, open_channels, pending, send_alerts
from modacast.pipeline.alerts.channels import ChannelDown
from modacast.pipeline.alerts.file import FileChannel
from modacast.pipeline.alerts.mail import MailChannel
from modacast.pipeline.alerts.webhook import WebhookChannel
from modacast.pipeline.workspace import Workspace
from modacast.store import DeliveryLog
from modacast.trends import ALARMS
from modacast.trends.alarms import alarm_id

WEEK = date(2024, 3, 18)
SECRET = "not-a-real-secret"


def row(element_id="style/neo-chinese", ds=WEEK, **fields):
    given = {
        "id": alarm_id(element_id, ds), "element_id": element_id, "ds": ds, "kind": "new", "weeks": 4,
        "count": 7.0, "n_texts": 8, "expected": 0.1, "ratio": 70.0, "season_count": 0.0, "p_value": 1e-6,
        "q_value": 1e-4, "since": ds, "first_seen": ds, "n_authors": 8, "n_stories": 6, "sources": ["weibo"],
        "evidence_ids": ["d1", "d2"], "also": ["garment/mamian-skirt"], "forecast_growth": 0.4,
        "why_zh": "新中式初次兴起：……", "why_en": "neo-Chinese is new: ...",
    }  # fmt: skip
    return given | fields


def alert(**fields):
    return Alert("项目", "zh", "新中式", row(**fields))


def workspace(tmp_path, *rows, **alerts):
    import pyarrow as pa

    settings = Settings(
        project=ProjectSettings(title="项目", home=tmp_path / "home"), alerts=AlertSettings(**alerts)
    )
    made = Workspace(settings)
    table = pa.Table.from_pylist(list(rows), schema=ALARMS)
    facts = {"as_of": WEEK.isoformat()}
    made.lake.commit("alarms/latest", {"alarms": table}, fingerprint="x", facts=facts)
    return made


class Hook(ThreadingHTTPServer):
    """Remembers what was posted, and answers what it is told to."""

    def __init__(self, *answers):
        self.answers, self.got = list(answers), []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hooks/token-in-the-path"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    made = []

    def make(*answers):
        made.append(Hook(*answers))
        return made[-1]

    yield make
    for server in made:
        server.shutdown()
        server.server_close()


def webhook(server, **settings):
    waits = []
    channel = WebhookChannel(AlertSettings(webhook=server.url, timeout=2, **settings), sleep=waits.append)
    return channel, waits


def test_nothing_is_sent_unless_it_is_set_up(tmp_path):
    assert open_channels(AlertSettings()) == []
    assert send_alerts(workspace(tmp_path, row())) == []


def test_a_post_is_json_signed_and_names_its_alarm(hook):
    server = hook()
    channel, _ = webhook(server, webhook_secret=SECRET)
    channel.send(alert())
    headers, body = server.got[0]
    said = json.loads(body)
    assert said["name"] == "新中式"
    assert said["ds"] == "2024-03-18"
    assert set(said) == {"version", "project", "name", *ALARMS.names}
    assert headers["Idempotency-Key"] == said["id"]
    stamp = headers["X-Modacast-Timestamp"]
    wanted = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Modacast-Signature"] == f"sha256={wanted}"
    plain, _ = webhook(server)
    plain.send(alert())
    assert "X-Modacast-Signature" not in server.got[1][0]


def test_a_busy_server_is_tried_again_with_growing_pauses(hook):
    channel, waits = webhook(hook(503, 429, 200))
    channel.send(alert())
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(("answers", "n"), [((400,), 1), ((404,), 1), ((302,), 1), ((500,) * 9, 4)])
def test_a_server_that_refuses_is_told_without_its_address(hook, answers, n):
    server = hook(*answers)
    channel, _ = webhook(server)
    with pytest.raises(ModacastError, match=str(answers[0])) as caught:
        channel.send(alert())
    assert len(server.got) == n
    assert "token-in-the-path" not in str(caught.value)


def test_a_server_that_is_not_there(hook):
    server = hook()
    url = server.url
    server.shutdown()
    server.server_close()
    channel = WebhookChannel(AlertSettings(webhook=url, retries=1, timeout=1), sleep=lambda _: None)
    with pytest.raises(ModacastError, match="could not be reached"):
        channel.send(alert())


@pytest.mark.parametrize("name", ["alerts.jsonl", "deep/er/alerts.csv"])
def test_a_file_grows_by_a_line_an_alarm_and_heals_half_a_line(tmp_path, name):
    channel = FileChannel(tmp_path / name)
    for _ in range(2):
        channel.send(alert())
    with (tmp_path / name).open("ab") as file:
        file.write(b'{"half a li')
    channel.send(alert(element_id="style/y2k", why_zh="=1+1"))
    text = (tmp_path / name).read_text(encoding="utf-8")
    if name.endswith("csv"):
        rows = list(csv.DictReader(text.splitlines()))
        assert rows[1]["why_zh"] == "'=1+1"
        assert rows[0]["evidence_ids"] == "d1|d2"
    else:
        rows = [json.loads(line) for line in text.splitlines()]
        assert rows[0]["evidence_ids"] == ["d1", "d2"]
    assert [r["element_id"] for r in rows] == ["style/neo-chinese", "style/y2k"]


def test_a_file_that_cannot_be_written_and_a_wrong_name(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(StorageError, match="folder"):
        FileChannel(tmp_path / "folder.csv").send(alert())
    with pytest.raises(InvalidInput, match=r"\.jsonl or \.csv"):
        open_channels(AlertSettings(file=tmp_path / "alerts.txt"))


class Box:
    """Keeps messages."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(envelope)
        return "250 OK"


@pytest.fixture
def mailbox():
    box = Box()
    box.port = _free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def mail(port, **settings):
    given = {
        "email_to": ["a@example.com", "b@example.com"], "email_from": "modacast@example.com",
        "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "timeout": 3,
    }  # fmt: skip
    return MailChannel(AlertSettings(**given | settings))


def test_a_mail_says_what_and_why_to_all(mailbox):
    import email
    from email import policy

    mail(mailbox.port).send(alert())
    envelope = mailbox.messages[0]
    assert envelope.rcpt_tos == ["a@example.com", "b@example.com"]
    message = email.message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"] == "【项目】趋势提醒：新中式"
    assert message["Message-ID"] == f"<{row()['id']}@alerts.modacast.invalid>"
    body = message.get_content()
    assert "新中式初次兴起" in body
    assert "d1, d2" in body
    assert "+40%" in body


def test_a_name_cannot_add_a_header(mailbox):
    alert_ = Alert("项目\r\nBcc: eve@example.com", "zh", "新\n中式", row())
    mail(mailbox.port).send(alert_)
    assert mailbox.messages[0].rcpt_tos == ["a@example.com", "b@example.com"]
    assert b"\nBcc" not in mailbox.messages[0].content


def test_a_password_goes_out_under_tls_alone_and_never_into_words(mailbox):
    with pytest.raises(InvalidInput, match="clear"):
        mail(mailbox.port, smtp_user="me", smtp_password=SECRET)
    with pytest.raises(ModacastError, match="127.0.0.1") as caught:
        mail(mailbox.port, smtp_user="me", smtp_password=SECRET, smtp_security="starttls").send(alert())
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(AlertSettings(smtp_password=SECRET))
    assert SECRET not in str(AlertSettings(webhook=f"https://example.com/{SECRET}").model_dump())
    assert mailbox.messages == []


def test_login_under_tls(tmp_path, monkeypatch):
    certificate = _certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    box, seen = Box(), []

    def check(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == SECRET.encode(), handled=False)

    port = _free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, tls_context=context, authenticator=check,
                            auth_required=True)  # fmt: skip
    controller.start()
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: trusting)
    try:
        secured = {"smtp_user": "me", "smtp_security": "starttls"}
        mail(port, smtp_password=SECRET, **secured).send(alert())
        assert len(box.messages) == 1
        with pytest.raises(ModacastError, match="535") as caught:
            mail(port, smtp_password="wrong-one", **secured).send(alert())
        assert "wrong-one" not in str(caught.value)
    finally:
        controller.stop()
    assert seen[0] == (b"me", SECRET.encode())


def _certificate(folder):
    import ipaddress
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return paths


def test_a_mail_server_needs_a_host_and_a_sender():
    with pytest.raises(InvalidInput, match="smtp_host"):
        open_channels(AlertSettings(email_to=["a@example.com"]))


def test_each_alarm_goes_out_once_on_each_channel(tmp_path, hook):
    server = hook()
    made = workspace(tmp_path, row(), file=tmp_path / "a.jsonl", webhook=server.url)
    first = send_alerts(made)
    assert [(s.channel, s.error) for s in first] == [("file", None), ("webhook", None)]
    made.database.close()
    again = Workspace(made.settings)  # another run
    assert send_alerts(again) == []
    assert len(server.got) == 1
    moved = workspace(tmp_path, row(ds=WEEK - timedelta(weeks=1)), file=tmp_path / "a.jsonl")
    assert send_alerts(moved) == []  # late texts moved the rise by a week


def test_a_failure_stops_nothing_and_is_tried_again(tmp_path, hook):
    server = hook(500)
    made = workspace(tmp_path, row(), file=tmp_path / "a.jsonl", webhook=server.url, retries=0)
    first = send_alerts(made)
    assert [bool(s.error) for s in first] == [False, True]
    second = send_alerts(made)
    assert [(s.channel, s.error) for s in second] == [("webhook", None)]
    log = {d.channel.partition(":")[0]: d for d in DeliveryLog(made.database).all()}
    assert (log["webhook"].status, log["webhook"].attempts) == ("sent", 2)
    assert (log["file"].status, log["file"].attempts) == ("sent", 1)


def test_a_kill_between_sending_and_writing_down_repeats_the_same_key_and_no_line(
    tmp_path, hook, monkeypatch
):
    server = hook()
    made = workspace(tmp_path, row(), file=tmp_path / "a.jsonl", webhook=server.url)
    with monkeypatch.context() as patch:
        patch.setattr(DeliveryLog, "record", _killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                send_alerts(made, open_channels(made.settings.alerts)[:1])
            with pytest.raises(KeyboardInterrupt):
                send_alerts(made, open_channels(made.settings.alerts)[1:])
    send_alerts(made)
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1
    assert len({headers["Idempotency-Key"] for headers, _ in server.got}) == 1


def _killed(*_, **__):
    raise KeyboardInterrupt


def test_old_alarms_are_not_sent_and_another_address_is_another_channel(tmp_path):
    old = row("style/y2k", WEEK - timedelta(weeks=4))
    made = workspace(tmp_path, old, row(), file=tmp_path / "a.jsonl")
    assert [s.element_id for s in send_alerts(made)] == ["style/neo-chinese"]
    other = FileChannel(tmp_path / "b.jsonl")
    assert [a.name for a in pending(made, other)] == ["新中式"]
    assert [r["element_id"] for r in alarms_of_week(made)] == ["style/neo-chinese"]
    assert len(alarms_of_week(made, weeks=5)) == 2


def test_a_home_without_alarms(tmp_path):
    made = Workspace(Settings(project=ProjectSettings(home=tmp_path / "home")))
    assert latest_alarms(made).num_rows == 0
    assert alarms_of_week(made) == []
    assert send_alerts(made, [FileChannel(tmp_path / "a.jsonl")]) == []
    assert latest_alarms(workspace(tmp_path)).schema.equals(ALARMS)


class Picky(Box):
    """Takes mail for one of the recipients."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("b@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def test_a_recipient_that_is_refused_is_told_and_the_others_get_it_once(tmp_path, caplog):
    box, port = Picky(), _free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    given = {
        "email_from": "m@example.com",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
    }
    try:
        made = workspace(tmp_path, row(), email_to=["a@example.com", "b@example.com"], **given)
        assert [sent.error for sent in send_alerts(made)] == [None]
        assert send_alerts(made) == []
        assert "not for b@example.com" in caplog.text
        none = workspace(tmp_path / "none", row(), email_to=["b@example.com"], **given)
        assert "it refused every recipient" in str(send_alerts(none)[0].error)
    finally:
        controller.stop()
    assert len(box.messages) == 1


def test_what_went_wrong_with_the_mail_is_said_in_words():
    with pytest.raises(ModacastError, match=r"did not take the alert: connection refused$"):
        mail(_free_port()).send(alert())


@pytest.mark.parametrize(("growth", "said"), [(0.4, "+40%"), (4.2, "×5.2"), (3082.7, "×50+")])
def test_a_mail_says_growth_as_people_do(mailbox, growth, said):
    import email
    from email import policy

    mail(mailbox.port).send(alert(forecast_growth=growth))
    content = email.message_from_bytes(mailbox.messages[0].content, policy=policy.default).get_content()
    assert content.rstrip().endswith(f"预测变化：{said}")


def test_newer_reviews_do_not_age_alarms(tmp_path):
    import pyarrow as pa

    from modacast.pipeline.alarms import _last_week
    from modacast.types import FORECASTS, SERIES, TRENDS

    made = workspace(tmp_path)
    rows = [
        {"element_id": "style/y2k", "segment": segment, "as_of": ds, "stage": "steady", "level": 0.1,
         "confidence": 0.5, "n_mentions": 3, "first_seen": WEEK, "peak": WEEK, "why": "", "evidence_ids": [],
         "goes_with": []}
        for segment, ds in (("all", WEEK), ("source=reviews", WEEK + timedelta(weeks=2)))
    ]  # fmt: skip
    from modacast.trends import SCORECARDS
    from modacast.trends.second_signals import SIGNALS

    empty = {"series": SERIES, "forecasts": FORECASTS, "scorecards": SCORECARDS, "signals": SIGNALS}
    tables = {name: schema.empty_table() for name, schema in empty.items()}
    made.lake.commit(
        "board/latest", {**tables, "trends": pa.Table.from_pylist(rows, schema=TRENDS)}, fingerprint="x"
    )
    assert _last_week(made) == WEEK.isoformat()


def _server(talk):
    """A port at which every connection is given to `talk`."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with server:
            connection, _ = server.accept()
            with connection:
                talk(connection)

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]


def _mail_server(*, after_data=b"250 taken\r\n", at_quit=b"221 bye\r\n"):
    def talk(connection):
        file = connection.makefile("rwb", buffering=0)
        file.write(b"220 here\r\n")
        while line := file.readline():
            answer = b"250 fine\r\n"
            if line.upper().startswith(b"DATA"):
                file.write(b"354 go on\r\n")
                while file.readline() != b".\r\n":
                    pass
                answer = after_data
            elif line.upper().startswith(b"QUIT"):
                answer = at_quit
            if answer is None:
                threading.Event().wait(5)
                return
            file.write(answer)

    return _server(talk)


def test_a_server_that_is_rude_at_the_end_has_the_mail():
    mail(_mail_server(at_quit=b"500 what?\r\n")).send(alert())
    mail(_mail_server(at_quit=None), timeout=0.3).send(alert())


def test_a_mail_server_that_falls_silent_is_no_matter_of_security():
    with pytest.raises(ModacastError, match="no answer in time"):
        mail(_mail_server(after_data=None), timeout=0.3).send(alert())


def test_an_answer_without_end_is_not_waited_for():
    def talk(connection):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Event().wait(5)

    settings = AlertSettings(webhook=f"http://127.0.0.1:{_server(talk)}/", timeout=0.5, retries=0)
    WebhookChannel(settings).send(alert())


def test_what_is_set_wrong_ends_in_words_and_not_in_a_traceback():
    for url in ("http://[::1", "http://", "http://..", "ftp://example.com"):
        with pytest.raises(InvalidInput, match="http or https URL"):
            WebhookChannel(AlertSettings(webhook=url))
    with pytest.raises(ChannelDown, match="its host is no name"):
        WebhookChannel(AlertSettings(webhook="http://a..b/", retries=0)).send(alert())
    with pytest.raises(InvalidInput, match="line breaks"):
        mail(25, email_from="a@example.com\r\nBcc: eve@example.com")
    with pytest.raises(ChannelDown, match="ASCII"):
        mail(25, smtp_host="例" * 70 + ".cn").send(alert())


def test_a_certificate_that_is_not_trusted_is_said_so(tmp_path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*_certificate(tmp_path))

    def talk(connection):
        with contextlib.suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    settings = AlertSettings(webhook=f"https://127.0.0.1:{_server(talk)}/", timeout=2, retries=0)
    with pytest.raises(ChannelDown, match="not trusted"):
        WebhookChannel(settings).send(alert())


def test_a_channel_that_is_down_is_tried_once_and_one_that_refuses_each_time(tmp_path, hook):
    rows = [row(f"style/{name}") for name in ("a", "b", "c")]
    server = hook(503, 200)
    made = workspace(tmp_path, *rows, webhook=server.url, retries=0)
    assert ["503" in (s.error or "") for s in send_alerts(made)] == [True] * 3
    assert len(server.got) == 1
    assert sorted(d.attempts for d in DeliveryLog(made.database).all()) == [0, 0, 1]
    assert [s.error for s in send_alerts(made)] == [None] * 3
    picky = hook(422, 500, 200)
    other = workspace(tmp_path, *rows, webhook=picky.url, retries=0)
    assert [bool(s.error) for s in send_alerts(other)] == [True, True, False]


def test_what_could_not_be_sent_does_not_grow_too_old(tmp_path, hook):
    rows = row("style/old", WEEK - timedelta(weeks=3)), row("style/older", WEEK - timedelta(weeks=5))
    server = hook(503)
    made = workspace(tmp_path, *rows, webhook=server.url, retries=0)
    assert [bool(s.error) for s in send_alerts(made)] == [True]
    later = workspace(tmp_path, *rows, row(ds=WEEK + timedelta(weeks=3)), webhook=server.url, retries=0)
    assert [(s.element_id, s.error) for s in send_alerts(later)] == [
        ("style/old", None),
        ("style/neo-chinese", None),
    ]
    assert send_alerts(later) == []


def test_what_is_no_number_is_null_to_a_receiver(hook):
    server = hook()
    channel, _ = webhook(server)
    channel.send(alert(forecast_growth=float("nan")))
    assert json.loads(server.got[0][1], parse_constant=pytest.fail)["forecast_growth"] is None
