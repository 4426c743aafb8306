"""Second signals, on made people and shops whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from made_panels import MONDAY, make_corpus

from modacast.errors import InvalidInput
from modacast.trends.second_signals import (
    EARLY,
    SHOP_SIGNALS,
    SIGNALS,
    early_adopters,
    shop_signals,
    signal_levels,
)
from modacast.types import DOCUMENTS, EVENTS, ITEMS, MENTIONS


def _scouts_lead(n_elements=6, lead=5):
    """Three scouts name each element `lead` weeks before forty others do; all write something each week."""
    posts = []
    for week in range(n_elements * 12):
        for who in [f"scout{i}" for i in range(3)] + [f"u{i}" for i in range(40)]:
            current = week // 12
            is_scout = who.startswith("scout")
            names = (is_scout and week % 12 >= 2) or (not is_scout and week % 12 >= 2 + lead)
            element = f"e{current}" if names else None
            posts.append((MONDAY + timedelta(weeks=week), element, "blog", "zh", who))
    return make_corpus(posts)


def test_who_was_early_before_speaks_first():
    documents, mentions = _scouts_lead()
    got = early_adopters(mentions, documents)
    assert got.schema.equals(EARLY)
    rows = {(r["unique_id"], (r["ds"] - MONDAY).days // 7): r["early"] for r in got.to_pylist()}
    last = 5 * 12
    assert rows[("e5|all", last + 2)] == 1.0  # all scouts, five weeks before the others
    assert rows[("e0|all", 3)] is None  # nobody was early yet
    assert rows[("e0|all", last + 2)] == 0.0


def test_a_week_knows_nothing_of_later_ones():
    documents, mentions = _scouts_lead()
    full = early_adopters(mentions, documents)
    for weeks in (20, 40, 55):
        end = pa.scalar(
            datetime.combine(MONDAY + timedelta(weeks=weeks), time(), UTC), pa.timestamp("us", "UTC")
        )
        early = documents.filter(pc.less(documents["published_at"], end))
        then = early_adopters(
            mentions.filter(pc.is_in(mentions["doc_id"], early["id"].combine_chunks())), early
        )
        assert (
            then.to_pylist()
            == full.filter(pc.less(full["ds"], pa.scalar(MONDAY + timedelta(weeks=weeks)))).to_pylist()
        )


def test_who_was_first_does_not_depend_on_pseudonyms():
    crowd = [f"u{i:02d}" for i in range(20)]
    posts = [
        (MONDAY + timedelta(weeks=10 * e), f"e{e}", "blog", "zh", who) for e in range(3) for who in crowd
    ]
    posts += [
        (MONDAY + timedelta(weeks=10 * e + 5), f"e{e}", "blog", "zh", f"later{i}")
        for e in range(3)
        for i in range(20)
    ]
    last = MONDAY + timedelta(weeks=30)
    posts += [(last, "e3" if who in {"u02", "u03"} else None, "blog", "zh", who) for who in crowd]
    documents, mentions = make_corpus(posts)
    told = {
        (row["unique_id"], row["ds"]): row["early"] for row in early_adopters(mentions, documents).to_pylist()
    }
    assert told["e3|all", last] == 1.0  # the third and fourth of forty, three times over
    place = documents.column_names.index("author_key")
    names = sorted(set(documents["author_key"].to_pylist()))
    other = dict(zip(names, reversed(names), strict=True))
    renamed = pa.array([other[name] for name in documents["author_key"].to_pylist()], pa.string())
    again = documents.set_column(place, documents.schema.field(place), renamed)
    assert early_adopters(mentions, again).equals(early_adopters(mentions, documents))


def test_people_without_a_lead_are_no_adopters():
    rng = np.random.default_rng(0)
    posts = [
        (MONDAY + timedelta(weeks=int(w)), f"e{e}", "blog", "zh", f"u{a}")
        for w, e, a in zip(
            rng.integers(0, 60, 3000), rng.integers(0, 10, 3000), rng.integers(0, 200, 3000), strict=True
        )
    ]
    documents, mentions = make_corpus(posts)
    values = [v for v in early_adopters(mentions, documents)["early"].to_pylist() if v is not None]
    assert np.mean(values) < 0.4


def test_buyers_and_viewers_are_counted_once_and_no_week_is_zero_for_lack_of_people():
    items = pa.Table.from_pylist(
        [
            {"id": i, "title": i, "text": "", "element_ids": e, "available": True}
            for i, e in (("p", ["skirt"]), ("q", ["hat"]))
        ],
        schema=ITEMS,
    )

    def event(n, user, item, kind, week):
        at = datetime.combine(MONDAY + timedelta(weeks=week), time(1), UTC)
        return {"id": str(n), "user_key": user, "item_id": item, "kind": kind, "at": at}

    told = [("a", "p", "purchase", 0), ("a", "p", "purchase", 0), ("b", "q", "purchase", 0), ("a", "q", "view", 0),
            ("a", "q", "purchase", 2)]  # fmt: skip
    events = pa.Table.from_pylist([event(n, *row) for n, row in enumerate(told)], schema=EVENTS)
    got = shop_signals(events, items, parents={"skirt": "bottoms"})
    assert got.schema.equals(SHOP_SIGNALS)
    rows = {(r["unique_id"], (r["ds"] - MONDAY).days // 7): (r["sales"], r["views"]) for r in got.to_pylist()}
    assert rows[("bottoms|all", 0)] == rows[("skirt|all", 0)] == (0.5, 0.0)
    assert rows[("hat|all", 0)] == (0.5, 1.0)
    assert rows[("hat|all", 2)] == (1.0, None)
    assert ("hat|all", 1) not in rows


def test_empty_and_incomplete():
    assert early_adopters(MENTIONS.empty_table(), DOCUMENTS.empty_table()).schema.equals(EARLY)
    assert shop_signals(EVENTS.empty_table(), ITEMS.empty_table()).num_rows == 0
    with pytest.raises(InvalidInput, match="author_key"):
        early_adopters(MENTIONS.empty_table(), DOCUMENTS.empty_table().drop_columns(["author_key"]))


def test_a_signals_level_is_told_against_the_half_year_before():
    weeks = [MONDAY + timedelta(weeks=i) for i in range(40)]
    table = pa.table({
        "unique_id": ["e|all"] * 40,
        "ds": pa.array(weeks, pa.date32()),
        "early": [0.1] * 35 + [None] + [0.5] * 4,
        "views": [None] * 40,
        "sales": [0.2] * 38 + [None, None],
    }, schema=SIGNALS)  # fmt: skip
    rows = {r["signal"]: r for r in signal_levels(table, "e", until=weeks[-1]).to_pylist()}
    assert rows["early"] == pytest.approx({"signal": "early", "now": 0.5, "before": 0.1, "n_weeks": 4})
    assert rows["sales"]["n_weeks"] == 2
    assert "views" not in rows  # nothing was known
    assert signal_levels(table, "another", until=weeks[-1]).num_rows == 0
