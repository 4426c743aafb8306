"""Who counts, and how much."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from made_panels import MONDAY, make_corpus

from modacast.errors import InvalidInput
from modacast.trends.counting import READ, SPOKEN, Weighing, count_weeks, with_days
from modacast.types import DOCUMENTS, PANEL

NO_PANEL = PANEL.empty_table()


def _count(posts, texts=None, engagement=None, **kwargs):
    documents, mentions = make_corpus(posts)
    if texts is not None:
        documents = documents.set_column(1, DOCUMENTS.field("text"), pa.array(texts))
    if engagement is not None:
        at = documents.column_names.index("engagement")
        documents = documents.set_column(
            at, DOCUMENTS.field("engagement"), pa.array(engagement, pa.float64())
        )
    counts = count_weeks(mentions, with_days(documents), NO_PANEL, **kwargs)
    assert counts.spoken.schema.equals(SPOKEN)
    assert counts.read.schema.equals(READ)
    return {
        (row["element_id"], (row["ds"] - MONDAY).days // 7): (row["n"], row["n_authors"])
        for row in counts.spoken.to_pylist()
    }


def _post(week, element, author=None):
    return (MONDAY + timedelta(weeks=week), element, "blog", "zh", author)


def test_each_further_text_of_an_author_counts_half_and_the_fourth_nothing():
    posts = [_post(0, "a", "loud")] * 10 + [_post(0, "a", "calm")] + [_post(1, "a", "loud")]
    assert _count(posts) == {("a", 0): (2.75, 2), ("a", 1): (1.0, 1)}


def test_a_copied_text_counts_half_whoever_posts_it_and_a_week_later_anew():
    posts = [_post(0, "a"), _post(0, "a"), _post(0, "a"), _post(1, "a")]
    texts = ["新款，好看！", "新款好看", "新款很好看", "新款好看"]
    assert _count(posts, texts) == {("a", 0): (2.5, 3), ("a", 1): (1.0, 1)}


def test_texts_without_words_are_no_copies():
    assert _count([_post(0, "a")] * 3, ["!!", "!!", "?"])[("a", 0)] == (3.0, 3)


def test_engagement_moves_weight_within_a_week_and_not_between_weeks():
    posts = [_post(w, e) for w in range(2) for e in ("a", "b")]
    loud = _count(posts, engagement=[99, 0, 9999, 9999], weighing=Weighing(by_engagement=True))
    assert loud[("a", 0)][0] == pytest.approx(2.0)
    assert loud[("b", 0)][0] == pytest.approx(0.0)
    assert loud[("a", 1)][0] == loud[("b", 1)][0] == pytest.approx(1.0)
    unknown = _count(posts, engagement=[None] * 4, weighing=Weighing(by_engagement=True))
    assert {n for n, _ in unknown.values()} == {1.0}


@pytest.mark.parametrize("kwargs", [{"author_cap": 0}, {"repeat_weight": 0.0}, {"repeat_weight": 1.5}])
def test_refuses(kwargs):
    with pytest.raises(InvalidInput, match="weighing"):
        Weighing(**kwargs)
