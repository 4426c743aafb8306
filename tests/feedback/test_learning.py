from __future__ import annotations

import numpy as np
import pyarrow as pa

from modacast.feedback import learn_ranker, review_documents, training_table
from modacast.types import EVENTS, RAW_DOCUMENTS


class Column:
    """A ranker that scores by one column, the best one once fitted."""

    def __init__(self, column):
        self.column = column

    def fit(self, features, labels, groups):
        self.column = int(np.argmax([np.corrcoef(c, labels)[0, 1] for c in features.T]))
        return self

    def predict(self, features):
        return features[:, self.column]

    def contributions(self, features):
        return features

    def to_dict(self):
        return {}


def rows(users, item="i0", kind="purchase", text=None):
    from datetime import UTC, datetime

    at = datetime(2024, 3, 1, tzinfo=UTC)
    return pa.Table.from_pylist(
        [{"id": f"{u}-{kind}", "user_key": u, "item_id": item, "kind": kind, "at": at, "value": None, "text": text,
          "slate_id": None, "position": None, "propensity": None} for u in users],
        schema=EVENTS,
    )  # fmt: skip


def table(n=30, seed=0, informative=1):
    rng = np.random.default_rng(seed)
    users = [f"u{i:02d}" for i in range(n)]
    candidates = {}
    for user in users:
        features = rng.random((10, 3)).astype(np.float32)
        features[0, informative] = 2.0
        candidates[user] = ([f"i{j}" for j in range(10)], features)
    return training_table(candidates, rows(users), np.ones(n))


def test_candidates_are_labelled_by_what_came_later():
    made = table(3)
    assert made.groups.tolist() == [10, 10, 10]
    assert made.labels.reshape(3, 10)[:, 0].tolist() == [1, 1, 1]
    assert made.labels.sum() == 3
    nothing = training_table({"x": (["i0"], np.zeros((1, 3), np.float32))}, rows(["y"]), np.ones(1))
    assert nothing.groups.size == 0
    assert nothing.features.shape == (0, 3)


def test_a_better_ranker_takes_over():
    learned = learn_ranker(Column(0), {"column": lambda: Column(2)}, table(seed=1), table(seed=2))
    assert learned.is_kept
    assert learned.name == "column"
    assert learned.after.value > learned.before.value
    assert learned.gain.low > 0
    assert learned.n_lists == (30, 30)


def test_the_guard_keeps_the_one_in_use_where_the_new_is_no_better():
    learned = learn_ranker(
        Column(1), {"column": lambda: Column(0)}, table(seed=1, informative=2), table(seed=2)
    )
    assert not learned.is_kept
    assert learned.name == "in use"
    assert learned.gain.value == 0
    assert learned.tried["column"] < learned.tried["in use"]


def test_too_little_feedback_teaches_nothing():
    assert learn_ranker(Column(0), {}, table(3), table(30)) is None


def test_reviews_become_documents():
    written = pa.concat_tables(
        [rows(["u1"], kind="review", text="版型很好"), rows(["u2"]), rows(["u3"], text="")]
    )
    documents = review_documents(written)
    assert documents.schema.equals(RAW_DOCUMENTS)
    assert documents["text"].to_pylist() == ["版型很好"]
    assert documents["author"].to_pylist() == ["u1"]
