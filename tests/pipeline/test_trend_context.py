"""What surrounds a trend is of the same weeks as the board, and of no later day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pytest

from modacast.config import ProjectSettings, Settings, TrendSettings
from modacast.pipeline.board import REVIEWS, make_board
from modacast.pipeline.context import ContextReader
from modacast.pipeline.progress import Silent
from modacast.pipeline.workspace import Workspace
from modacast.serve.report.assemble import _panel
from modacast.types import DOCUMENTS, EVENTS, ITEMS, MENTIONS, PANEL

WEEKS, START = 12, date(2024, 1, 1)


def _texts(
    source: str, weeks: range, n: int, named: tuple[str, ...] = ("garment/skirt",)
) -> tuple[list[dict], list[dict]]:
    documents = [
        {"id": f"{source}-{week}-{i}", "text": f"skirt {source} {week} {i}", "lang": "en", "source": source,
         "author_key": f"{source}{week}-{i}", "region": None, "engagement": None, "audience": None, "relevance": 1.0, "tokens": [],
         "published_at": datetime.combine(START + timedelta(weeks=week, days=i % 7), time(12), UTC)}
        for week in weeks
        for i in range(n)
    ]  # fmt: skip
    mentions = [
        {"doc_id": row["id"], "element_id": element_id, "start": 10 * place, "end": 10 * place + 5, "surface": "skirt",
         "polarity": 0.5, "confidence": 1.0}
        for row in documents
        for place, element_id in enumerate(named)
    ]  # fmt: skip
    return documents, mentions


@pytest.fixture
def workspace(tmp_path):
    """Make a home of twelve weeks of a blog, reviews of three weeks more, and a shop that sells a skirt a day
    and many on the 71st."""

    def make(**settings):
        made = Workspace(
            Settings(
                project=ProjectSettings(home=tmp_path / "home"), trends=TrendSettings(signals=[], **settings)
            )
        )
        for source, weeks, n in (("blog", range(WEEKS), 10), (REVIEWS, range(WEEKS + 3), 7)):
            documents, mentions = _texts(source, weeks, n)
            panel = [
                {
                    "ds": START + timedelta(weeks=w),
                    "source": source,
                    "lang": "en",
                    "n_documents": n,
                    "n_relevant": n,
                }
                for w in weeks
            ]
            made.lake.commit(
                f"clean/{source}/0",
                {
                    "documents": pa.Table.from_pylist(documents, schema=DOCUMENTS),
                    "panel": pa.Table.from_pylist(panel, schema=PANEL),
                },
                fingerprint=source,
            )
            made.lake.commit(
                f"tag/clean/{source}/0",
                {"mentions": pa.Table.from_pylist(mentions, schema=MENTIONS)},
                fingerprint=source,
            )
        item = {"id": "s", "title": "skirt", "text": "", "element_ids": ["garment/skirt"], "available": True}
        made.database.write_items(pa.Table.from_pylist([item], schema=ITEMS))
        made.database.write_events(pa.Table.from_pylist([
            {"id": f"e{day}", "user_key": "u", "item_id": "s", "kind": "purchase",
             "at": datetime.combine(START + timedelta(days=min(day, 70)), time(), UTC)}
            for day in range(7 * WEEKS)
        ], schema=EVENTS))  # fmt: skip
        make_board(made, Silent())
        return made

    return make


def test_who_and_mood_end_with_the_board_though_reviews_go_on(workspace):
    found = ContextReader(workspace()).read("garment/skirt")
    last = START + timedelta(weeks=WEEKS - 1)
    assert max(found.mood["ds"].to_pylist()) == last
    counts = {row["value"]: row["n"] for row in found.split.to_pylist() if row["kind"] == "source"}
    assert counts == {"blog": 10 * WEEKS, REVIEWS: 7 * WEEKS}


def test_goes_with_what_the_last_year_named_it_with(workspace):
    home = workspace()
    said = {
        "past": (range(-99, -90), ("garment/skirt", "color/red")),
        "now": (range(WEEKS), ("garment/skirt", "color/blue")),
        "else": (range(-99, WEEKS), ("fabric/silk",)),
    }
    for source, (weeks, named) in said.items():
        documents, mentions = _texts(source, weeks, 4, named)
        tables = {
            "documents": pa.Table.from_pylist(documents, schema=DOCUMENTS),
            "mentions": pa.Table.from_pylist(mentions, schema=MENTIONS),
        }
        home.lake.commit(f"said/{source}", tables, fingerprint=source)
    bonds = ContextReader(home).read("garment/skirt").bonds
    assert bonds.select(["other_id", "n"]).to_pylist() == [{"other_id": "color/blue", "n": 4 * WEEKS}]


def test_the_report_of_a_past_day_counts_no_text_of_a_week_that_went_on(workspace):
    wednesday = START + timedelta(weeks=10, days=2)
    panel = _panel(workspace(as_of=wednesday))
    assert max(panel["ds"].to_pylist()) == START + timedelta(weeks=9)


def test_a_board_of_the_past_knows_no_sale_of_the_next_day(workspace):
    day = START + timedelta(days=69)  # sales are dated by the day, at midnight
    (row,) = ContextReader(workspace(as_of=day)).read("garment/skirt").carriers.to_pylist()
    assert (row["units"], row["units_before"]) == (28, 28)
