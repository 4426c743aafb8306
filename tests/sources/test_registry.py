from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modacast.errors import InvalidInput, ModacastError
from modacast.sources import FeedSource, FileSource, open_source
from modacast.sources.registry import source_kinds

PLUGIN = """
class Forum:
    def __init__(self, name, path, *, board, pages=1):
        self.name, self.path, self.board, self.pages = name, path, board, pages

    def read(self):
        yield from ()


class Mute:
    def __init__(self, name, path):
        self.label = name
"""

POINTS = """[modacast.sources]
forum = forum_plugin:Forum
mute = forum_plugin:Mute
gone = forum_plugin:Gone
lost = no_such_module:Thing
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "forum_plugin.py").write_text(PLUGIN)
    info = tmp_path / "forum_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: forum-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "forum_plugin", raising=False)


def test_files_and_feeds_are_there() -> None:
    assert {"files", "feed"} <= set(source_kinds())
    assert isinstance(open_source("files", "posts", "a.csv", lang="zh"), FileSource)
    feed = open_source("feed", "blog", "https://example.com/feed.xml")
    assert isinstance(feed, FeedSource)
    assert feed.name == "blog"


@pytest.mark.usefixtures("plugin")
def test_a_plug_in_is_opened_like_the_others() -> None:
    source = open_source("forum", "bbs", "https://example.com", board="fashion", pages=3)
    assert (source.name, vars(source)["board"], vars(source)["pages"]) == ("bbs", "fashion", 3)
    assert list(source.read()) == []


def test_an_unknown_kind_or_option_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"source 'posts': there is no kind 'file'; did you mean 'files'"):
        open_source("file", "posts", "a.csv")
    with pytest.raises(InvalidInput, match=r"kind 'files' has no option 'encodng'; did you mean 'encoding'"):
        open_source("files", "posts", "a.csv", encodng="utf-8")


@pytest.mark.usefixtures("plugin")
def test_a_broken_plug_in_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"'bbs' of kind 'forum'.*board.*its options are board, pages"):
        open_source("forum", "bbs", "x")
    for kind in ("gone", "lost"):
        with pytest.raises(ModacastError, match=f"plug-in '{kind}' .* cannot be loaded"):
            open_source(kind, "bbs", "x")
    with pytest.raises(ModacastError, match=r"has no name and read\(\)"):
        open_source("mute", "bbs", "x")
