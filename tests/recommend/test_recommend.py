from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from shop import event, events, items, recommender, trends

from modacast.errors import InvalidInput, NotFitted
from modacast.recommend import LightGBMRanker, LinearRanker, ranker_from_dict
from modacast.recommend.diversify import diversify
from modacast.recommend.explain import Reason
from modacast.recommend.features import FEATURES
from modacast.types import ITEMS, RECOMMENDATIONS, TRENDS


def lists(table):
    found = {}
    for row in table.to_pylist():
        found.setdefault(row["user_key"], []).append(row["item_id"])
    return found


def test_each_shopper_gets_what_they_take_to():
    table = recommender().recommend(["anna", "bo"], k=8)
    titles = dict(zip(items()["id"].to_pylist(), items()["title"].to_pylist(), strict=True))
    found = lists(table)
    assert sum("dress" in titles[i] or "pink" in titles[i] for i in found["anna"]) >= 6
    assert sum("sneaker" in titles[i] or "black" in titles[i] for i in found["bo"]) >= 6
    assert table.schema.equals(RECOMMENDATIONS)
    assert table.filter(np.array(table["user_key"].to_pylist()) == "anna")["rank"].to_pylist() == list(
        range(1, 9)
    )


def test_without_personalisation_everyone_gets_the_same():
    found = lists(
        recommender(trends=trends(color_white=0.8)).recommend(["anna", "bo", "nobody"], k=6, personal=False)
    )
    assert found["anna"] == found["bo"] == found["nobody"]
    assert len(found["anna"]) == 6


def test_impersonal_reasons_say_nothing_of_the_shopper():
    table = recommender(trends=trends(color_white=0.8)).recommend(["anna"], k=6, personal=False)
    said = " ".join(reason for reasons in table["reasons"].to_pylist() for reason in reasons)
    assert "你" not in said
    personal_parts = {
        "similar",
        "session",
        "bought_together",
        "again",
        "trend_for_you",
        "affinity",
        "value",
        "price",
    }
    assert not personal_parts & {name for parts in table["contributions"].to_pylist() for name, _ in parts}


def test_what_is_not_available_is_not_shown():
    rows = events(*[event(f"u{n}", "i007") for n in range(30)])
    found = lists(recommender(rows=rows).recommend(["u1", "nobody"], k=48))
    assert all("i007" not in shown for shown in found.values())


def test_a_stranger_gets_what_sells_and_rises():
    found = lists(recommender().recommend(["nobody"], k=2))
    assert set(found["nobody"]) == {"i003", "i015"}


def test_the_purchased_may_be_left_out():
    assert not {"i000", "i012", "i024"} & set(
        lists(recommender().recommend(["anna"], exclude_purchased=True))["anna"]
    )


def test_a_rising_element_lifts_its_items():
    calm = recommender().recommend(["anna"], k=12)
    hot = recommender(trends=trends(color_white=2.0)).recommend(["anna"], k=12)
    elements = dict(zip(items()["id"].to_pylist(), items()["element_ids"].to_pylist(), strict=True))

    def white(table):
        return sum("color/white" in elements[i] for i in table["item_id"].to_pylist())

    assert white(hot) > white(calm)


def test_what_rises_from_nothing_lifts_no_less_than_what_grows():
    board = trends(color_pink=0.4, color_white=9.0).to_pylist()
    for row in board:
        row["growth"] = None if row["element_id"] == "color/white" else row["growth"]
    lift = recommender(trends=pa.Table.from_pylist(board, schema=TRENDS)).lift_
    assert lift["color/white"] > lift["color/pink"]


def test_reasons_are_true_and_in_the_language_asked_for():
    found = recommender(trends=trends(color_pink=0.4))
    rows = found.recommend(["anna"], k=5, lang="en").to_pylist()
    titles = set(items()["title"].to_pylist())
    bought = {"pink dress 0", "pink dress 12", "pink dress 24"}
    quoted = [part for row in rows for reason in row["reasons"] for part in reason.split("“")[1:]]
    named = {part.split("”")[0] for part in quoted}
    assert named
    assert named <= titles & bought
    assert any("+40%" in reason for row in rows for reason in row["reasons"])
    assert all(1 <= len(row["reasons"]) <= 3 for row in rows)
    chinese = found.recommend(["anna"], k=5, lang="zh").to_pylist()
    assert any("偏爱" in reason for row in chinese for reason in row["reasons"])


def test_contributions_add_up_to_the_score():
    for row in recommender().recommend(["anna", "nobody"], k=12).to_pylist():
        assert sum(part for _, part in row["contributions"]) == pytest.approx(row["score"], abs=1e-4)


def test_the_same_input_gives_the_same_lists():
    assert recommender().recommend(["anna", "bo"]).equals(recommender().recommend(["anna", "bo"]))


def test_blocks_do_not_matter():
    keys = [f"c{n}" for n in range(20)] * 8
    found = recommender()
    whole = lists(found.recommend(keys[:100], k=4))
    for key in ("c0", "c7", "c19"):
        assert whole[key][:4] == lists(found.recommend([key], k=4))[key]


def test_it_works_without_vectors_without_events_and_without_items():
    assert recommender(with_vectors=False).recommend(["anna"], k=5).num_rows == 5
    assert recommender(rows=events()).recommend(["anna"], k=5).num_rows == 5
    assert recommender(table=ITEMS.empty_table(), rows=events()).recommend(["anna"], k=5).num_rows == 0


def test_a_list_is_not_twelve_colours_of_one_product():
    scores = np.linspace(1, 0.5, 20).astype(np.float32)
    groups = np.array([1] * 10 + list(range(2, 12)))
    chosen = diversify(scores, None, groups, k=8, per_group=2)
    assert (groups[chosen] == 1).sum() == 2
    assert chosen[0] == 0
    assert len(set(chosen.tolist())) == 8


def test_variety_prefers_the_unlike():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    scores = np.array([1.0, 0.99, 0.9], np.float32)
    assert diversify(scores, vectors, np.arange(3), k=2, variety=5).tolist() == [0, 2]
    assert diversify(scores, vectors, np.arange(3), k=2, variety=0).tolist() == [0, 1]
    assert diversify(scores[:0], None, np.arange(0), k=2).size == 0


def taught(n: int = 60):
    rng = np.random.default_rng(1)
    features = rng.random((n * 20, len(FEATURES))).astype(np.float32)
    worth = features[:, FEATURES.index("affinity")] + 0.05 * rng.random(n * 20)
    labels = np.zeros(n * 20, np.float32)
    for g in range(n):
        labels[20 * g + np.argsort(-worth[20 * g : 20 * g + 20])[:3]] = 1.0
    return features, labels, np.full(n, 20)


@pytest.mark.parametrize("make", [LinearRanker, lambda: LightGBMRanker(n_trees=30)])
def test_every_ranker_learns_explains_and_comes_back(make):
    features, labels, groups = taught()
    ranker = make()
    assert ranker.fit(features, labels, groups) is ranker
    scores = ranker.predict(features)
    assert scores[labels > 0].mean() > scores[labels == 0].mean() + 0.1
    parts = ranker.contributions(features)
    rest = scores - parts.sum(axis=1)
    assert np.allclose(rest, rest[0], atol=1e-3)
    assert np.abs(parts).mean(axis=0).argmax() == FEATURES.index("affinity")
    again = ranker_from_dict(ranker.to_dict())
    assert np.allclose(again.predict(features), scores, atol=1e-5)
    assert np.allclose(make().fit(features, labels, groups).predict(features), scores)


def test_linear_weights_stay_at_or_above_zero():
    features, labels, groups = taught()
    assert (LinearRanker().fit(-features, labels, groups).weights_ >= 0).all()


def test_rankers_name_their_troubles():
    with pytest.raises(NotFitted, match="fit first"):
        LightGBMRanker().predict(np.zeros((1, len(FEATURES)), np.float32))
    with pytest.raises(InvalidInput, match="unknown feature"):
        LinearRanker({"charm": 1.0})
    with pytest.raises(InvalidInput, match="unknown kind"):
        ranker_from_dict({"kind": "oracle"})
    with pytest.raises(InvalidInput, match="k is at least 1"):
        recommender().recommend(["anna"], k=0)


@pytest.mark.parametrize(
    ("growth", "said"), [(0.5, "s is rising (+50%)"), (17_000.0, "s is rising"), (None, "s is rising")]
)
def test_tells_no_growth_from_next_to_nothing(growth, said):
    reason = Reason("trend", 0.1, element_ids=("s",), growth=growth)
    assert reason.text("en", lambda element, lang: element, str) == said
