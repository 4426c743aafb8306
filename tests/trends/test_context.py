from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from trends.made_panels import make_corpus, make_series

from modacast.errors import InvalidInput
from modacast.trends.carriers import CARRIERS, carriers
from modacast.trends.context import AGAINST, BONDS, SPLIT, WORN, bonds, moves_against, who_and_where, worn
from modacast.trends.evidence import evidence
from modacast.trends.lookalikes import LOOKALIKES, look_alikes
from modacast.types import ATTACHMENTS, EVENTS, ITEMS

WEEKS = 156
NOW = datetime(2024, 3, 4, tzinfo=UTC)


def taken_over(seed=0):
    """`new` rises by taking from `old` in fits and starts; ten others swing together with the facet."""
    rng = np.random.default_rng(seed)
    common = np.repeat(rng.normal(0, 0.004, WEEKS // 4), 4)
    moved = np.repeat(np.cumsum(np.abs(rng.normal(0, 0.004, WEEKS // 4)) * (rng.random(WEEKS // 4) < 0.5)), 4)
    moved *= 0.04 / moved[-1]
    made = {f"style/s{i}|all": 0.04 + common + rng.normal(0, 0.001, WEEKS) for i in range(10)}
    made["style/new|all"] = 0.01 + moved + common + rng.normal(0, 0.0005, WEEKS)
    made["style/old|all"] = 0.08 - moved + common + rng.normal(0, 0.0005, WEEKS)
    return {name: np.maximum(values, 0.0005) for name, values in made.items()}


# -- moves against ----------------------------------------------------------------------------------------


def test_what_it_takes_from_moves_against_it_and_what_swings_alike_does_not():
    made = taken_over()
    others = [name.partition("|")[0] for name in made]
    found = moves_against(make_series(made), "style/new", others)
    assert found.schema == AGAINST
    rows = found.to_pylist()
    assert [row["other_id"] for row in rows] == ["style/old"]
    assert rows[0]["r"] < -0.5
    assert rows[0]["q"] <= 0.1
    assert rows[0]["change"] > 0 > rows[0]["other_change"]


def test_independent_walks_are_seldom_called_rivals():
    called = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        walks = {f"style/w{i}|all": 0.05 + np.cumsum(rng.normal(0, 0.0008, WEEKS)) for i in range(12)}
        walks = {name: np.maximum(values, 0.001) for name, values in walks.items()}
        walks["style/w0|all"] = np.linspace(0.01, 0.05, WEEKS) + rng.normal(0, 0.001, WEEKS)
        names = [name.partition("|")[0] for name in walks]
        called += moves_against(make_series(walks), "style/w0", names).num_rows
    assert called <= 3


def test_what_does_not_rise_or_is_too_short_has_none():
    made = taken_over()
    others = [name.partition("|")[0] for name in made]
    assert moves_against(make_series(made), "style/old", others).num_rows == 0
    assert moves_against(make_series(made), "style/none", others).num_rows == 0
    short = {name: values[-30:] for name, values in made.items()}
    assert moves_against(make_series(short), "style/new", others).num_rows == 0
    with pytest.raises(InvalidInput, match="there is no column 'y'"):
        moves_against(make_series(made).drop_columns(["y"]), "style/new", others)


# -- bonds ------------------------------------------------------------------------------------------------


def posts(pairs):
    return [
        (date(2024, 1, 1) + timedelta(days=i % 60), names, "s", "zh", f"a{i}")
        for i, names in enumerate(pairs)
    ]


def test_what_is_worn_follows_who_belongs_to_whom():
    def row(doc: int, modifier: str, head: str) -> dict[str, object]:
        return {"doc_id": f"d{doc}", "element_id": modifier, "start": 0, "end": 1, "head_id": head,
                "head_start": 2, "head_end": 3}  # fmt: skip

    rows = [row(i, "color/pink", "garment/dress") for i in range(6)]
    rows += [row(i, "color/white", "footwear/shoes") for i in range(6)]
    rows += [row(10 + i, "color/pink", "accessory/bag") for i in range(3)]
    rows += [row(20 + i, "color/pink", "garment/coat") for i in range(2)]
    rows += [row(0, "color/pink", "garment/dress")]
    attachments = pa.Table.from_pylist(rows, schema=ATTACHMENTS)
    pink = worn(attachments, ["color/pink"])
    assert pink.schema == WORN
    found = [(r["other_id"], r["n"], r["share"]) for r in pink.to_pylist()]
    assert found == [("garment/dress", 6, pytest.approx(6 / 11)), ("accessory/bag", 3, pytest.approx(3 / 11))]
    dress = worn(attachments, ["garment/dress"])
    assert dress.to_pylist() == [{"other_id": "color/pink", "n": 6, "share": 1.0}]
    assert worn(ATTACHMENTS.empty_table(), ["color/pink"]).num_rows == 0


def test_bonds_need_more_than_chance():
    pairs = (
        [["a", "b"]] * 30
        + [["a"]] * 20
        + [["b"]] * 10
        + [["c"]] * 200
        + [["a", "c"]] * 5
        + [["a", "up"]] * 25
    )
    _, mentions = make_corpus(posts(pairs))
    found = bonds(mentions, ["a", "c", "none"], relatives={"a": {"up"}})
    assert found.schema == BONDS
    rows = [(row["element_id"], row["other_id"]) for row in found.to_pylist()]
    assert rows == [("a", "b")]
    row = found.to_pylist()[0]
    assert row["n"] == 30
    assert row["lift"] > 1.5
    assert row["q"] < 1e-6


def test_what_stands_below_speaks_for_it():
    _, mentions = make_corpus(posts([["below", "b"]] * 20 + [["c"]] * 80))
    found = bonds(mentions, ["a"], descendants={"a": ["below"]})
    assert [row["other_id"] for row in found.to_pylist()] == ["b"]


# -- who and where ----------------------------------------------------------------------------------------


def test_where_it_is_spoken_of_against_everything():
    rows = [(date(2024, 3, 1), "x", "weibo", "zh", None)] * 8 + [
        (date(2024, 3, 1), "y", "blog", "en", None)
    ] * 8
    rows += [(date(2024, 3, 1), "x", "blog", "en", None)] * 2 + [
        (date(2020, 1, 1), "x", "old", "ja", None)
    ] * 50
    documents, mentions = make_corpus(rows)
    found = who_and_where(mentions, documents, ["x"], until=date(2024, 3, 3))
    assert found.schema == SPLIT
    by = {(row["kind"], row["value"]): row for row in found.to_pylist()}
    assert by["lang", "zh"]["share"] == pytest.approx(0.8)
    assert by["lang", "zh"]["index"] == pytest.approx(0.8 / (8 / 18))
    assert ("source", "old") not in by
    assert not any(kind in {"region", "audience"} for kind, _ in by)
    at = documents.column_names.index("audience")
    known = documents.set_column(at, "audience", pa.array(["men"] * 8 + ["women"] * (len(documents) - 8)))
    of = [
        row
        for row in who_and_where(mentions, known, ["x"], until=date(2024, 3, 3)).to_pylist()
        if row["kind"] == "audience"
    ]
    assert [(row["value"], row["n"]) for row in of] == [("men", 8), ("women", 2)]


# -- look-alikes ------------------------------------------------------------------------------------------


def rise_and_fall(start, peak=20, half=10, n=WEEKS):
    t = np.arange(n) - start
    rise = np.where(t < 0, 0.0, np.minimum(t / peak, 1.0))
    return 0.004 + 0.05 * np.where(t > peak, 0.5 ** ((t - peak) / half), rise)


def test_a_past_trend_that_went_like_it_is_found_with_its_end():
    made = {
        "a|all": rise_and_fall(WEEKS - 14),
        "past|all": rise_and_fall(40),
        "flat|all": np.full(WEEKS, 0.02),
    }
    found = look_alikes(make_series(made), "a", weeks=20)
    assert found.schema == LOOKALIKES
    row = found.to_pylist()[0]
    assert [r["element_id"] for r in found.to_pylist()] == ["past"]
    assert row["likeness"] > 0.95
    assert 4 <= row["weeks_to_peak"] <= 12
    assert 8 <= row["half_life"] <= 16
    assert row["rise_to_peak"] > 0.1
    assert row["after_26"] < row["rise_to_peak"]


def test_flat_short_and_missing_courses_have_no_look_alikes():
    made = {
        "flat|all": np.full(WEEKS, 0.02),
        "past|all": rise_and_fall(40),
        "gap|all": rise_and_fall(WEEKS - 14),
    }
    made["gap|all"][-20:] = np.nan
    for name in ("flat", "none", "gap"):
        assert look_alikes(make_series(made), name).num_rows == 0
    short = {"a|all": rise_and_fall(5, n=7)}
    assert look_alikes(make_series(short), "a").num_rows == 0
    assert look_alikes(make_series(made), "past", skip={"flat", "gap"}).num_rows == 0
    with pytest.raises(InvalidInput, match="weeks >= 8"):
        look_alikes(make_series(made), "past", weeks=3)


# -- carriers ---------------------------------------------------------------------------------------------


def test_products_with_what_they_sold():
    items = pa.Table.from_pylist(
        [
            {"id": f"i{i}", "title": f"t{i}", "text": "", "element_ids": [["x"], ["x", "y"], ["y"]][i],
             "price": 10.0, "currency": "CNY", "available": True, "created_at": None, "group_id": None}
            for i in range(3)
        ],
        schema=ITEMS,
    )  # fmt: skip
    rows = [("i0", "purchase", 3), ("i0", "purchase", 40), ("i1", "view", 2), ("i1", "view", 3), ("i1", "purchase", 2),
            ("i1", "purchase", 5), ("i1", "view", 4), ("i1", "view", 5), ("i2", "purchase", 1), ("i0", "purchase", 90)]  # fmt: skip
    events = pa.Table.from_pylist(
        [
            {"id": str(n), "user_key": "u", "item_id": item, "kind": kind, "at": NOW - timedelta(days=days)}
            for n, (item, kind, days) in enumerate(rows)
        ],
        schema=EVENTS,
    )
    found = carriers(items, events, {"x"}, now=NOW)
    assert found.schema == CARRIERS
    first, second = found.to_pylist()
    assert (first["item_id"], first["units"], first["views"], first["bought_of_views"]) == ("i1", 2, 4, 0.5)
    assert (second["item_id"], second["units"], second["units_before"]) == ("i0", 1, 1)
    assert second["bought_of_views"] is None
    assert carriers(items, EVENTS.empty_table(), {"y"}, now=NOW)["units"].to_pylist() == [0, 0]
    with pytest.raises(InvalidInput, match="items: there is no column"):
        carriers(items.drop_columns(["title"]), events, {"x"}, now=NOW)


# -- evidence ---------------------------------------------------------------------------------------------


def test_evidence_is_of_several_authors_and_sources():
    rows = [(date(2024, 3, 1), "x", "loud", "zh", "one")] * 12 + [
        (date(2024, 3, 1), "x", "calm", "zh", f"w{i}") for i in range(3)
    ]
    documents, mentions = make_corpus(rows)
    texts = [f"{'ab' if i % 2 else 'cd'}{i} {i * 7919} {'xyz'[i % 3]}" for i in range(len(rows))]
    documents = documents.set_column(1, "text", pa.array(texts))
    trend = pa.table({"unique_id": ["x|all"], "as_of": pa.array([date(2024, 2, 26)]),
                      "rising_since": pa.array([None], pa.date32())})  # fmt: skip
    chosen = evidence(mentions, documents, trend, k=4)["doc_id"].to_pylist()
    authors = dict(zip(documents["id"].to_pylist(), documents["author_key"].to_pylist(), strict=True))
    assert len({authors[doc_id] for doc_id in chosen}) == 4


def test_a_name_within_another_name_is_no_bond():
    rows = []
    for i in range(40):
        rows += [(f"d{i}", "style/qipao", 0, 5), (f"d{i}", "garment/qipao-dress", 0, 11)]
        rows += [(f"d{i}", "color/red", 20, 23)] if i < 30 else []
    rows += [(f"e{i}", "garment/jeans", 0, 5) for i in range(200)]
    rows += [("d1", "garment/qipao-dress", 40, 51)]
    names = ("doc_id", "element_id", "start", "end")
    mentions = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    found = bonds(mentions, ["style/qipao"]).to_pylist()
    assert [(row["other_id"], row["n"]) for row in found] == [("color/red", 30)]
    expected = 30 * 40 / 240
    assert found[0]["expected"] == pytest.approx(expected)
    assert found[0]["lift"] == pytest.approx((30 + 3) / (expected + 3))
