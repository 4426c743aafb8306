"""Evidence, partners, mood, and the board that holds them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from made_panels import MONDAY, make_corpus

from modacast.errors import InvalidInput
from modacast.trends import EnsembleForecaster, evidence, goes_with, mood, trend_board, weekly_series
from modacast.types import PANEL, STAGES, TRENDS

DAY = timedelta(days=1)


def _with_texts(documents, texts, engagement=None):
    columns = {name: documents[name] for name in documents.column_names}
    columns["text"] = pa.array(texts, pa.string())
    if engagement:
        columns["engagement"] = pa.array(engagement, pa.float64())
    return pa.table(columns, schema=documents.schema)


def _trend(unique_id="a|all", since=MONDAY, as_of=MONDAY):
    return pa.table(
        {
            "unique_id": [unique_id],
            "as_of": pa.array([as_of], pa.date32()),
            "rising_since": pa.array([since], pa.date32()),
        }
    )


def test_evidence_is_of_the_rise_distinct_and_central():
    texts = [
        "新中式穿搭来了",
        "新中式穿搭来了！",
        "新中式穿搭来了",
        "她的新中式裙子",
        "新中式发型火了",
        "无关",
        "旧文新中式",
    ]
    days = [MONDAY] * 6 + [MONDAY - 300 * DAY]
    documents, mentions = make_corpus(
        [(day, None if "无关" in t else "a", "s", "zh", None) for day, t in zip(days, texts, strict=True)]
    )
    documents = _with_texts(documents, texts)
    got = evidence(mentions, documents, _trend(), k=5)
    chosen = [texts[int(i[1:])] for i in got["doc_id"].to_pylist()]
    assert got["rank"].to_pylist() == list(range(1, len(chosen) + 1))
    assert sorted(chosen)[0] == "她的新中式裙子"
    assert "新中式发型火了" in chosen
    assert sum(t.startswith("新中式穿搭来了") for t in chosen) == 1
    assert "旧文新中式" not in chosen
    assert len(chosen) == 3


def test_evidence_by_vectors_segment_and_descendants():
    documents, mentions = make_corpus(
        [
            (MONDAY, "a", "s", "zh", None),
            (MONDAY, "a", "s", "en", None),
            (MONDAY, "below", "s", "zh", None),
        ]
    )
    seen = []

    def vectors(texts):
        seen.extend(texts)
        return np.eye(len(texts), 4, dtype=np.float32)

    got = evidence(mentions, documents, _trend("a|lang=zh"), vectors=vectors, descendants={"a": ["below"]})
    assert sorted(got["doc_id"].to_pylist()) == ["d000000", "d000002"]
    assert len(seen) == 2


def test_evidence_without_documents_and_without_sense():
    documents, mentions = make_corpus([(MONDAY, "a", "s", "zh", None)])
    assert evidence(mentions, documents, _trend("gone|all")).num_rows == 0
    with pytest.raises(InvalidInput, match="k must"):
        evidence(mentions, documents, _trend(), k=0)
    with pytest.raises(InvalidInput, match="'text'"):
        evidence(mentions, documents.drop_columns(["text"]), _trend())


def test_goes_with_ranks_by_lift_not_by_size():
    posts = [(MONDAY, ["lace", "ribbon", "dress"], "s", "zh", None)] * 10
    posts += [(MONDAY, "dress", "s", "zh", None)] * 60 + [(MONDAY, "boots", "s", "zh", None)] * 30
    posts += [(MONDAY, ["lace", "boots"], "s", "zh", None)]
    _, mentions = make_corpus(posts)
    found = goes_with(mentions)
    assert found["lace"] == ["ribbon", "dress"]
    assert "boots" not in found  # one shared text is no bond
    assert goes_with(mentions.slice(0, 0)) == {}


def test_mood_week_by_week():
    documents, mentions = make_corpus([(MONDAY + 7 * i * DAY, "a", "s", "zh", None) for i in (0, 0, 1)])
    feelings = pa.array([1.0, -0.5, 0.25], pa.float32())
    mentions = mentions.set_column(
        mentions.column_names.index("polarity"), mentions.schema.field("polarity"), feelings
    )
    got = mood(mentions, documents, _trend(as_of=MONDAY + 7 * DAY)).to_pylist()
    assert [(row["ds"], row["mood"], row["n_mentions"]) for row in got] == [
        (MONDAY, 0.25, 2),
        (MONDAY + 7 * DAY, 0.25, 1),
    ]


def test_a_text_that_names_two_kinds_counts_once_for_what_stands_above_them():
    documents, mentions = make_corpus([(MONDAY, ("b", "c"), "s", "zh", None), (MONDAY, "b", "s", "zh", None)])
    feelings = dict(
        zip([("d000000", "b"), ("d000000", "c"), ("d000001", "b")], (1.0, 0.5, -0.25), strict=True)
    )
    told = [feelings[row["doc_id"], row["element_id"]] for row in mentions.to_pylist()]
    place = mentions.column_names.index("polarity")
    mentions = mentions.set_column(place, mentions.schema.field("polarity"), pa.array(told, pa.float32()))
    (row,) = mood(mentions, documents, _trend(), descendants={"a": ["b", "c"]}).to_pylist()
    assert (row["mood"], row["n_mentions"]) == ((0.75 - 0.25) / 2, 2)


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(5)
    posts = []
    for week in range(60):
        for name, rate in (("old", 6.0), ("new", 0.0 if week < 50 else 7.0)):
            day = MONDAY + 7 * week * DAY
            posts += [(day, name, "xy"[i % 2], "zh", None) for i in range(rng.poisson(rate))]
        posts += [(MONDAY + (7 * week + 6) * DAY, None, "xy"[i % 2], "zh", None) for i in range(40)]
    return make_corpus(posts)


def test_the_board_holds_it_all(corpus):
    documents, mentions = corpus
    series = weekly_series(mentions, documents, PANEL.empty_table(), lexicon_parents={"new": "top"})
    model = EnsembleForecaster(n_origins=2, upper=1.0).fit(series)
    board = trend_board(
        series,
        model.predict(13),
        mentions,
        documents,
        backtests=model.backtest_.scores(),
        lexicon_parents={"new": "top"},
        n_evidence=2,
    )
    assert board.schema.equals(TRENDS, check_metadata=True)
    rows = {(row["element_id"], row["segment"]): row for row in board.to_pylist()}
    assert set(rows) == {(e, s) for e in ("new", "old", "top") for s in ("all", "source=x", "source=y")}
    new = rows["new", "all"]
    assert new["stage"] == "emerging"
    assert abs(new["rising_since"] - date(2020, 12, 21)) <= timedelta(weeks=1)
    assert new["mood"] == pytest.approx(0.5)
    assert len(new["evidence_ids"]) == 2
    assert rows["top", "all"]["evidence_ids"]
    assert rows["old", "all"]["stage"] == "steady"
    assert rows["old", "all"]["backtest_mase"] > 0
    assert 0 <= rows["old", "all"]["backtest_coverage_80"] <= 1
    assert set(board["stage"].to_pylist()) <= set(STAGES)


def test_the_board_lives_without_forecasts_of_some(corpus):
    documents, mentions = corpus
    series = weekly_series(mentions, documents, PANEL.empty_table(), segments=("all",))
    kept = series.filter(pa.compute.equal(series["unique_id"], "old|all"))
    board = trend_board(series, EnsembleForecaster(n_origins=1).fit(kept).predict(4), mentions, documents)
    growth = {row["element_id"]: row["forecast_growth"] for row in board.to_pylist()}
    assert growth["new"] is None
    assert growth["old"] is not None
    assert board["backtest_mase"].null_count == 2


def test_the_board_names_the_partners_of_the_last_year():
    posts = []
    for week in range(70):
        day = MONDAY + 7 * week * DAY
        posts += [(day, ("a", "then" if week < 10 else "now"), "s", "zh", None), (day, "b", "s", "zh", None)]
    documents, mentions = make_corpus(posts * 2)
    series = weekly_series(mentions, documents, PANEL.empty_table(), segments=("all",))
    board = trend_board(series, EnsembleForecaster(n_origins=1).fit(series).predict(4), mentions, documents)
    partners = {row["element_id"]: row["goes_with"] for row in board.to_pylist()}
    assert (partners["a"], partners["then"]) == (["now"], [])
