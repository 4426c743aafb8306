from __future__ import annotations

import numpy as np
import pytest

from modacast.errors import InvalidInput
from modacast.evaluate.ranking import catalogue_coverage, score_lists


def test_scores_by_hand():
    lists = {"a": ["x", "y", "z"], "b": ["q", "x", "r"]}
    truth = {"a": {"x", "z"}, "b": {"x"}, "c": {"x"}, "d": set()}
    found = score_lists(lists, truth, k=3)
    assert found.users == ("a", "b", "c")
    assert found.average_precision.tolist() == pytest.approx([(1 + 2 / 3) / 2, 1 / 2, 0])
    assert found.ndcg.tolist() == pytest.approx([(1 + 0.5) / (1 + 1 / np.log2(3)), 1 / np.log2(3), 0])
    assert found.recall.tolist() == [1, 1, 0]
    assert found.hit.tolist() == [1, 1, 0]
    assert found.reciprocal_rank.tolist() == [1, 0.5, 0]


def test_only_the_first_k_count_and_recall_may_be_capped():
    found = score_lists({"a": ["q", "x"]}, {"a": {"x", "y"}}, k=1)
    assert found.recall.tolist() == [0]
    assert score_lists({"a": ["x"]}, {"a": {"x", "y"}}, k=1).recall.tolist() == [0.5]
    assert score_lists({"a": ["x"]}, {"a": {"x", "y"}}, k=1, capped=True).recall.tolist() == [1]
    assert score_lists({"a": ["x"]}, {"a": {"x", "y"}}, k=1).average_precision.tolist() == [1]


def test_nothing_to_score_is_an_error():
    with pytest.raises(InvalidInput, match="0 users"):
        score_lists({}, {"a": set()}, k=3)
    with pytest.raises(InvalidInput, match="k=0"):
        score_lists({}, {"a": {"x"}}, k=0)


def test_coverage():
    assert catalogue_coverage({"a": ["x", "y"], "b": ["x"]}, 4) == 0.5
    assert catalogue_coverage({}, 0) == 0
