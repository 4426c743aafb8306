"""What the settings of `[trends]` change on the board."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from modacast.config import ProjectSettings, Settings, TrendSettings
from modacast.errors import InvalidInput
from modacast.pipeline.board import latest_board, make_board
from modacast.pipeline.progress import Silent
from modacast.pipeline.workspace import Workspace
from modacast.types import DOCUMENTS, MENTIONS, PANEL

WEEKS = 12
START = date(2024, 1, 1)


@pytest.fixture
def board(tmp_path):
    """Make the board of twelve weeks of ten texts each: two of skirts by women, much liked, eight of jeans by men."""

    def make(**settings):
        posts = [
            (week, i, "garment/skirt", "women", 99.0) if i < 2 else (week, i, "garment/jeans", "men", 1.0)
            for week in range(WEEKS)
            for i in range(10)
        ]
        documents = [
            {"id": f"{week}-{i}", "text": f"{element} {week} {i}", "lang": "en", "source": "blog", "author_key": f"a{week}-{i}",
             "published_at": datetime.combine(START + timedelta(weeks=week, days=i % 7), time(12), UTC),
             "engagement": liked, "region": "north" if i % 2 else "south", "audience": audience, "relevance": 1.0, "tokens": []}
            for week, i, element, audience, liked in posts
        ]  # fmt: skip
        mentions = [
            {"doc_id": f"{week}-{i}", "element_id": element, "start": 0, "end": 1, "surface": "x", "polarity": 0.0,
             "confidence": 1.0}
            for week, i, element, _, _ in posts
        ]  # fmt: skip
        panel = [
            {"ds": START + timedelta(weeks=w), "source": "blog", "lang": "en", "n_documents": 10, "n_relevant": 10}
            for w in range(WEEKS)
        ]  # fmt: skip
        made = Workspace(
            Settings(project=ProjectSettings(home=tmp_path / "home"), trends=TrendSettings(**settings))
        )
        tables = {
            "documents": pa.Table.from_pylist(documents, schema=DOCUMENTS),
            "panel": pa.Table.from_pylist(panel, schema=PANEL),
        }
        made.lake.commit("clean/blog/0", tables, fingerprint="x")
        made.lake.commit(
            "tag/clean/blog/0", {"mentions": pa.Table.from_pylist(mentions, schema=MENTIONS)}, fingerprint="x"
        )
        make_board(made, Silent())
        return latest_board(made)

    return make


def _shares(board, unique_id):
    return board["series"].filter(pc.equal(board["series"]["unique_id"], unique_id))["y"].to_pylist()


def test_texts_may_be_weighed_by_how_much_they_were_noticed(board):
    assert _shares(board(), "garment/skirt|all") == pytest.approx([0.2] * WEEKS)
    noticed = _shares(board(by_engagement=True), "garment/skirt|all")
    assert min(noticed) > 0.5  # ln 100 twice against ln 2 eight times


def test_an_audience_has_series_of_its_own(board):
    made = board(segments=["all", "audience"])
    assert set(made["trends"]["segment"].to_pylist()) == {"all", "audience=men", "audience=women"}
    assert _shares(made, "garment/skirt|audience=women") == pytest.approx([1.0] * WEEKS)


def test_a_region_has_series_and_evidence_of_its_own(board):
    made = board(segments=["all", "region"])["trends"].to_pylist()
    north = next(r for r in made if (r["element_id"], r["segment"]) == ("garment/jeans", "region=north"))
    assert north["evidence_ids"]
    assert all(int(doc_id.partition("-")[2]) % 2 for doc_id in north["evidence_ids"])


def test_evidence_may_be_left_out(board):
    assert not any(board(evidence=0)["trends"]["evidence_ids"].to_pylist())


def test_a_segment_that_is_none_is_refused_with_the_settings(tmp_path):
    from modacast.config import load_settings

    (tmp_path / "modacast.toml").write_text('[trends]\nsegments = ["all", "age"]\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match="segments"):
        load_settings(tmp_path)
