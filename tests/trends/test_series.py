"""Share of voice: who counts, what it is divided by, and what must not make a trend."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from made_panels import MONDAY, make_corpus, make_panel

from modacast.errors import InvalidInput
from modacast.trends.counting import Weighing
from modacast.trends.series import split_unique_id, weekly_series
from modacast.types import PANEL, SERIES

NO_PANEL = PANEL.empty_table()
END = MONDAY + timedelta(weeks=500)


def _by_week(series, unique_id, column="y"):
    rows = [row for row in series.to_pylist() if row["unique_id"] == unique_id]
    return {(row["ds"] - MONDAY).days // 7: row[column] for row in rows}


def _post(week, element, source="blog", lang="zh", author=None, day=0):
    return (MONDAY + timedelta(days=7 * week + day), element, source, lang, author)


def test_counts_documents_once_and_for_ancestors():
    posts = [_post(0, ["shirt", "shirt", "blouse"]), _post(0, "blouse"), _post(0, None), _post(0, None)]
    documents, mentions = make_corpus(posts)
    parents = {"blouse": "shirt", "shirt": "top", "top": None}
    got = weekly_series(
        mentions, documents, NO_PANEL, lexicon_parents=parents, min_mentions=1, read_until=END
    )
    assert got.schema.equals(SERIES, check_metadata=True)
    counted = {row["unique_id"]: (row["n_mentions"], row["n_documents"], row["y"]) for row in got.to_pylist()}
    assert counted == {"blouse|all": (2, 4, 0.5), "shirt|all": (2, 4, 0.5), "top|all": (2, 4, 0.5)}


def test_weeks_start_on_monday_and_unread_ones_are_null():
    posts = [_post(0, "a", day=6), _post(1, "a", day=0), _post(3, None), _post(4, "a")]
    documents, mentions = make_corpus(posts)
    got = weekly_series(mentions, documents, NO_PANEL, min_mentions=1, read_until=END)
    assert _by_week(got, "a|all") == {0: 1.0, 1: 1.0, 2: None, 3: 0.0, 4: 1.0}
    assert all(row["ds"].weekday() == 0 for row in got.to_pylist())


def test_panel_is_the_denominator_but_never_below_what_is_there():
    documents, mentions = make_corpus([_post(0, "a"), _post(1, "a"), _post(1, "a")])
    panel = make_panel(
        [(MONDAY, "blog", "zh", 60), (MONDAY, "blog", "zh", 40), (MONDAY + timedelta(7), "blog", "zh", 1)]
    )
    got = weekly_series(mentions, documents, panel, min_mentions=1, read_until=END)
    assert _by_week(got, "a|all") == {0: 0.01, 1: 1.0}


def test_one_author_is_no_trend():
    posts = [_post(0, "a", author="loud") for _ in range(50)] + [
        _post(0, "a", author=f"u{i}") for i in range(5)
    ]
    documents, mentions = make_corpus(posts)
    got = weekly_series(mentions, documents, NO_PANEL, min_mentions=1, read_until=END)
    assert _by_week(got, "a|all", "n_mentions") == {0: 7}


def test_what_was_hardly_noticed_was_named_all_the_same():
    documents, mentions = make_corpus([_post(0, "a"), *(_post(0, None) for _ in range(9)), _post(1, "a")])
    liked = pa.array([1.0, *[9e5] * 9, 5.0])
    documents = documents.set_column(
        documents.column_names.index("engagement"), documents.schema.field("engagement"), liked
    )
    noticed = Weighing(by_engagement=True)
    got = weekly_series(mentions, documents, NO_PANEL, min_mentions=1, read_until=END, weighing=noticed)
    assert _by_week(got, "a|all", "n_mentions") == {0: 1, 1: 1}
    assert _by_week(got, "a|all")[0] < 0.01


def _two_sources(n_quiet, n_chatty):
    """Share 1 % in the quiet source and 10 % in the chatty one, whose volume changes."""
    posts, panel = [], []
    for week, n in enumerate(n_chatty):
        posts += [_post(week, "a", source="quiet") for _ in range(n_quiet // 100)]
        posts += [_post(week, "a", source="chatty") for _ in range(n // 10)]
        panel.append((MONDAY + timedelta(weeks=week), "quiet", "zh", n_quiet))
        if n:
            panel.append((MONDAY + timedelta(weeks=week), "chatty", "zh", n))
    documents, mentions = make_corpus(posts)
    got = weekly_series(mentions, documents, make_panel(panel), weighing=Weighing(99, 1.0), read_until=END)
    return np.array(list(_by_week(got, "a|all").values()))


@pytest.mark.parametrize(
    "n_chatty",
    [[100] * 6 + [200] * 6, [0] * 6 + [100] * 6, [100] * 6 + [0] * 6],
    ids=["doubles its volume", "comes", "goes"],
)
def test_a_changing_panel_makes_no_trend(n_chatty):
    share = _two_sources(300, n_chatty)
    assert share[6:].mean() == pytest.approx(share[:6].mean(), rel=0.02)


def test_a_true_rise_is_kept_when_a_source_comes():
    posts, panel = [], []
    for week in range(12):
        for source, n in (("old", 200), ("new", 100 if week >= 6 else 0)):
            posts += [_post(week, "a", source=source) for _ in range(n * (1 + week) // 100)]
            panel += [(MONDAY + timedelta(weeks=week), source, "zh", n)] if n else []
    documents, mentions = make_corpus(posts)
    got = weekly_series(mentions, documents, make_panel(panel), read_until=END)
    share = np.array(list(_by_week(got, "a|all").values()))
    np.testing.assert_allclose(share, 0.01 * np.arange(1, 13), rtol=0.02)


def test_segments_and_their_own_beginnings():
    posts = [_post(0, "a", "x", "zh"), _post(2, "a", "y", "en"), _post(3, "a", "y", "zh")]
    documents, mentions = make_corpus(posts)
    got = weekly_series(mentions, documents, NO_PANEL, min_mentions=1, read_until=END)
    names = set(got["unique_id"].to_pylist())
    assert names == {"a|all", "a|lang=zh", "a|lang=en", "a|source=x", "a|source=y"}
    assert list(_by_week(got, "a|source=y")) == [2, 3]
    only_one = weekly_series(
        mentions.slice(0, 1), documents.slice(0, 1), NO_PANEL, min_mentions=1, read_until=END
    )
    assert set(only_one["unique_id"].to_pylist()) == {"a|all"}


@pytest.mark.parametrize(("n_last", "last_day", "n_weeks"), [(1, 2, 10), (9, 2, 11), (1, 6, 11)])
def test_unfinished_week_is_dropped(n_last, last_day, n_weeks):
    posts = [_post(week, "a") for week in range(10) for _ in range(10)]
    posts += [_post(10, "a", day=last_day) for _ in range(n_last)]
    documents, mentions = make_corpus(posts)
    assert len(_by_week(weekly_series(mentions, documents, NO_PANEL), "a|all")) == n_weeks


@pytest.mark.parametrize(
    ("day", "last"), [(date(2020, 2, 5), 3), (date(2020, 2, 8), 3), (date(2020, 2, 9), 4), (END, 9)]
)
def test_read_until_decides(day, last):
    posts = [_post(week, "a", day=6) for week in range(10) for _ in range(3)]
    documents, mentions = make_corpus(posts)
    got = weekly_series(mentions, documents, NO_PANEL, min_mentions=1, read_until=day)
    assert max(_by_week(got, "a|all")) == last


def test_rare_elements_and_empty_tables_have_no_series():
    documents, mentions = make_corpus([_post(0, "a")])
    assert weekly_series(mentions, documents, NO_PANEL, min_mentions=2, read_until=END).num_rows == 0
    got = weekly_series(mentions.slice(0, 0), documents.slice(0, 0), NO_PANEL)
    assert got.schema.equals(SERIES)
    assert got.num_rows == 0


@pytest.mark.parametrize(
    ("kwargs", "word"),
    [
        ({"segments": ("all", "langs")}, "did you mean 'lang'"),
        ({"min_mentions": 0}, "min_mentions"),
        ({"lexicon_parents": {"a": "b", "b": "a"}}, "a > b > a"),
    ],
)
def test_refuses(kwargs, word):
    documents, mentions = make_corpus([_post(0, "a")])
    with pytest.raises(InvalidInput, match=word):
        weekly_series(mentions, documents, NO_PANEL, **kwargs)


def test_missing_column_is_named():
    documents, mentions = make_corpus([_post(0, "a")])
    with pytest.raises(InvalidInput, match="documents.*'lang'"):
        weekly_series(mentions, documents.drop_columns(["lang"]), NO_PANEL)


def test_unique_id_comes_apart():
    assert split_unique_id("style/a|b|lang=zh") == ("style/a|b", "lang=zh")
    assert split_unique_id("plain") == ("plain", "all")


def test_regions_are_held_against_what_was_read_there():
    posts = [_post(w, "a" if i < (1 + w % 2) else None) for w in range(4) for i in range(4)]
    documents, mentions = make_corpus(posts)
    regions = ["CN", "CN", "US", None] * 3 + ["CN", "CN", "CN", None]
    at = documents.column_names.index("region")
    documents = documents.set_column(at, documents.schema.field("region"), pa.array(regions))
    got = weekly_series(
        mentions, documents, NO_PANEL, segments=("all", "region"), min_mentions=1, read_until=END
    )
    assert set(got["unique_id"].to_pylist()) == {"a|all", "a|region=CN"}
    assert _by_week(got, "a|region=CN") == {0: 0.5, 1: 1.0, 2: 0.5, 3: pytest.approx(2 / 3)}


def test_an_audience_is_a_segment_where_it_is_known():
    documents, mentions = make_corpus([_post(w, "a") for w in range(4)])
    assert "a|audience=men" not in _ids(documents, mentions)
    at = documents.column_names.index("audience")
    known = documents.set_column(at, "audience", pa.array(["men", "women", "men", "men"]))
    assert _ids(known, mentions) == {"a|all", "a|audience=men", "a|audience=women"}
    got = weekly_series(mentions, known, NO_PANEL, segments=("audience",), min_mentions=1, read_until=END)
    assert _by_week(got, "a|audience=men") == {0: 1.0, 1: None, 2: 1.0, 3: 1.0}


def _ids(documents, mentions):
    got = weekly_series(
        mentions, documents, NO_PANEL, segments=("all", "audience"), min_mentions=1, read_until=END
    )
    return set(got["unique_id"].to_pylist())
