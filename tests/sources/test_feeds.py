from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from modacast.errors import InvalidInput, ModacastError, NotFound
from modacast.sources import FeedSource
from modacast.sources.fetching import Fetcher
from modacast.types import RAW_DOCUMENTS, Source

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>穿搭日记</title><link>https://example.com/</link><language>zh-CN</language>
<item><title>新中式来了</title><link>https://example.com/2</link><guid isPermaLink="false">g2</guid>
<pubDate>Fri, 01 Mar 2024 08:00:00 +0800</pubDate><dc:creator>小林</dc:creator>
<description>短</description><content:encoded><![CDATA[<p>马面裙<b>很火</b></p>]]></content:encoded></item>
<item><title>更早的一篇</title><link>https://example.com/1</link><pubDate>Thu, 01 Feb 2024 08:00:00 +0800</pubDate></item>
<item><title>没有日期</title><link>https://example.com/3</link></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><id>urn:blog</id><updated>2024-03-01T00:00:00Z</updated>
<entry><title>Barrel jeans</title><id>urn:1</id><link href="http://example.com/a"/><updated>2024-03-01T00:00:00Z</updated>
<summary>wide again</summary></entry></feed>"""


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append({name.lower(): value for name, value in self.headers.items()})
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/feed.xml"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


def rss(**headers: str) -> Answer:
    return Answer(200, RSS.encode(), {"Content-Type": "application/rss+xml", **headers})


def test_a_feed_gives_its_entries_oldest_first(server: Server) -> None:
    server.answers = [rss()]
    source = FeedSource("blog", server.url, now=datetime(2024, 6, 1, tzinfo=UTC))
    assert isinstance(source, Source)
    [batch] = source.read()
    assert batch.table.schema.equals(RAW_DOCUMENTS)
    rows = batch.table.to_pylist()
    assert [row["published_at"] for row in rows] == [
        datetime(2024, 2, 1, tzinfo=UTC),
        datetime(2024, 3, 1, tzinfo=UTC),
    ]
    assert rows[1]["text"] == "新中式来了\n<p>马面裙<b>很火</b></p>"
    assert rows[1]["id"] == "g2"
    assert rows[1]["author"] == "小林"
    assert rows[1]["lang"] == "zh"
    assert rows[1]["url"] == "https://example.com/2"
    assert [reject["reason"] for reject in batch.rejects.to_pylist()] == ["empty published_at"]


def test_an_atom_feed_and_constants(server: Server) -> None:
    server.answers = [Answer(200, gzip.compress(ATOM.encode()), {"Content-Encoding": "gzip"})]
    [batch] = FeedSource("blog", server.url, lang="en", constants={"region": "us"}).read()
    [row] = batch.table.to_pylist()
    assert (row["text"], row["lang"], row["region"]) == ("Barrel jeans\nwide again", "en", "us")


def test_an_unchanged_feed_is_not_read_again(server: Server) -> None:
    server.answers = [rss(ETag='"v1"', **{"Last-Modified": "Fri, 01 Mar 2024 00:00:00 GMT"}), Answer(304)]
    state: dict[str, object] = {}
    assert len(list(FeedSource("blog", server.url, state=state).read())) == 1
    assert state == {server.url: {"etag": '"v1"', "last_modified": "Fri, 01 Mar 2024 00:00:00 GMT"}}
    assert list(FeedSource("blog", server.url, state=state).read()) == []
    assert server.requests[1]["if-none-match"] == '"v1"'
    assert server.requests[1]["if-modified-since"] == "Fri, 01 Mar 2024 00:00:00 GMT"


def test_the_state_waits_until_the_batch_was_taken(server: Server) -> None:
    server.answers = [rss(ETag='"v1"')]
    source = FeedSource("blog", server.url)
    batches = source.read()
    next(batches)
    assert source.state == {}
    assert list(batches) == []
    assert source.state != {}


def test_a_busy_server_is_asked_again(server: Server) -> None:
    waits: list[float] = []
    server.answers = [Answer(503), Answer(429, headers={"Retry-After": "7"}), rss()]
    fetcher = Fetcher(sleep=waits.append)
    [batch] = FeedSource("blog", server.url, fetcher=fetcher).read()
    assert batch.table.num_rows == 2
    assert waits == [0.5, 7.0]


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        ([Answer(404)], NotFound, "not there"),
        ([Answer(403)], ModacastError, "HTTP 403"),
        ([Answer(500)], ModacastError, "HTTP 500"),
        ([Answer(429, headers={"Retry-After": "3600"})], ModacastError, "asks to wait 3600 s"),
        (
            [Answer(200, b"<html><body>hello</body></html>", {"Content-Type": "text/html"})],
            InvalidInput,
            "no RSS or Atom",
        ),
        ([Answer(200, b"x" * 5_000)], InvalidInput, "larger than 1,000 bytes"),
        ([Answer(302, headers={"Location": "/feed.xml"})], ModacastError, "cannot read"),
        ([Answer(200, b"no gzip", {"Content-Encoding": "gzip"})], ModacastError, "cannot read"),
    ],
)
def test_each_failure_has_its_message(
    server: Server, answers: list[Answer], error: type[Exception], message: str
) -> None:
    server.answers = answers
    fetcher = Fetcher(sleep=lambda _: None, max_bytes=1_000, retries=1)
    with pytest.raises(error, match=message):
        list(FeedSource("blog", server.url, fetcher=fetcher).read())


def test_offline_is_said_to_be_offline() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    waits: list[float] = []
    fetcher = Fetcher(sleep=waits.append, retries=2)
    with pytest.raises(ModacastError, match=r"cannot reach 127\.0\.0\.1 .* offline"):
        list(FeedSource("blog", f"http://127.0.0.1:{port}/", fetcher=fetcher).read())
    assert waits == [0.5, 1.0]


def test_a_path_is_no_feed() -> None:
    with pytest.raises(InvalidInput, match="use kind 'files'"):
        list(FeedSource("blog", "posts/feed.xml").read())
