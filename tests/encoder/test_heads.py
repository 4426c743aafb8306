from __future__ import annotations

import json

import numpy as np
import pytest

from modacast.encoder import LinearHead, TextClassifier
from modacast.errors import InvalidInput, NotFitted, StorageError


def _cloud(n: int, *, apart: float, seed: int = 0, k: int = 2):
    """`k` clouds of points with overlapping edges, around an offset far from the origin."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    centres = rng.normal(size=(k, 16)) * apart
    return (centres[truth] + rng.normal(size=(n, 16)) + 5).astype(np.float32), [f"c{i}" for i in truth]


class WordEncoder:
    """One direction a known word, so that what a head should find is known."""

    model_id, dim = "words@0001", 8
    words = ("good", "bad", "dress", "shoe", "very", "not", "red", "blue")

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def _vectors(self, texts):
        counts = [[text.split().count(word) for word in self.words] for text in texts]
        rows = np.asarray(counts, np.float32).reshape(-1, self.dim)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)

    def encode_query(self, texts):
        self.kinds.append("query")
        return self._vectors(texts)

    def encode_document(self, texts):
        self.kinds.append("document")
        return self._vectors(texts)


TEXTS = [f"{x} {y} {z}" for x in ("good", "bad") for y in ("dress", "shoe") for z in ("red", "blue", "very")]
LABELS = ["praise" if text.startswith("good") else "blame" for text in TEXTS]


def test_fit_returns_self_and_finds_separate_clouds():
    vectors, labels = _cloud(300, apart=1.5, k=3)
    head = LinearHead()
    assert head.fit(vectors, labels) is head
    fresh, truth = _cloud(300, apart=1.5, k=3)
    assert (head.predict(fresh) == truth).mean() > 0.95
    assert head.classes_.tolist() == ["c0", "c1", "c2"]


def test_probabilities_are_as_often_right_as_they_say():
    vectors, labels = _cloud(4000, apart=0.25)
    head = LinearHead().fit(vectors[:1500], labels[:1500])
    shares = head.predict_proba(vectors[1500:])
    right = head.classes_[shares.argmax(axis=1)] == labels[1500:]
    assert 0.55 < right.mean() < 0.95, "the clouds should overlap"
    assert abs(shares.max(axis=1).mean() - right.mean()) < 0.03
    assert abs(head.report_.accuracy - right.mean()) < 0.05


def test_labels_that_mean_nothing_get_no_confidence():
    vectors, labels = _cloud(400, apart=1.0)
    shuffled = list(np.random.default_rng(1).permutation(labels))
    head = LinearHead().fit(vectors, shuffled)
    assert head.predict_proba(vectors).max() < 0.8
    assert head.report_.log_loss > 0.65


def test_same_input_gives_same_head():
    vectors, labels = _cloud(200, apart=0.5)
    first, second = LinearHead().fit(vectors, labels), LinearHead().fit(vectors, labels)
    assert np.array_equal(first.coef_, second.coef_)


def test_refit_forgets_the_first_fit():
    vectors, labels = _cloud(200, apart=1.0)
    head = LinearHead().fit(vectors[::-1], labels).fit(vectors, labels)
    assert np.allclose(head.coef_, LinearHead().fit(vectors, labels).coef_)


def test_equal_texts_stay_on_one_side_of_the_cross_validation():
    # each text ten times with a label by chance: whoever sees a copy knows the answer
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(40, 64)).astype(np.float32), 10, axis=0)
    labels = np.repeat(rng.integers(0, 2, 40), 10).tolist()
    assert LinearHead().fit(vectors, labels).report_.accuracy < 0.75
    apart = LinearHead().fit(vectors, labels, groups=range(len(vectors)))
    assert apart.report_.accuracy > 0.95


def test_balanced_gives_rare_classes_their_due():
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(0, 1, (950, 4)), rng.normal(1, 1, (50, 4))]).astype(np.float32)
    labels = [0] * 950 + [1] * 50
    found = [
        (LinearHead(balanced=balanced).fit(vectors, labels).predict(vectors)[950:] == 1).mean()
        for balanced in (False, True)
    ]
    assert found[0] + 0.2 < found[1]


def test_text_classifier_learns_and_generalises():
    encoder = WordEncoder()
    classifier = TextClassifier(encoder).fit(TEXTS, LABELS)
    assert classifier.predict(["good shoe", "not bad bad"]).tolist() == ["praise", "blame"]
    assert classifier.score(TEXTS, LABELS) == 1.0
    assert np.allclose(classifier.predict_proba(TEXTS).sum(axis=1), 1)
    assert classifier.predict_proba([]).shape == (0, 2)
    assert set(encoder.kinds) == {"query"}


def test_save_and_open_give_the_same_probabilities(tmp_path):
    encoder = WordEncoder()
    classifier = TextClassifier(encoder, kind="document", seed=3).fit(TEXTS, LABELS)
    folder = classifier.save_pretrained(tmp_path / "head")
    opened = TextClassifier.from_pretrained(folder, WordEncoder())
    assert np.array_equal(opened.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert opened.report_ == classifier.report_
    assert opened.get_params() | {"encoder": encoder} == classifier.get_params()
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}


def test_whole_numbers_stay_whole_numbers(tmp_path):
    labels = [int(label == "praise") for label in LABELS]
    folder = TextClassifier(WordEncoder()).fit(TEXTS, labels).save_pretrained(tmp_path / "head")
    assert TextClassifier.from_pretrained(folder, WordEncoder()).predict(["good dress"]).tolist() == [1]


def test_a_head_of_another_encoder_is_refused(tmp_path):
    folder = TextClassifier(WordEncoder()).fit(TEXTS, LABELS).save_pretrained(tmp_path / "head")
    other = WordEncoder()
    other.model_id = "words@0002"
    with pytest.raises(InvalidInput, match="words@0001.*words@0002"):
        TextClassifier.from_pretrained(folder, other)
    renamed = WordEncoder()
    renamed.model_id = "moved@0001"
    assert TextClassifier.from_pretrained(folder, renamed).predict(["bad shoe"]).tolist() == ["blame"]


def test_broken_heads_are_named(tmp_path):
    classifier = TextClassifier(WordEncoder()).fit(TEXTS, LABELS)
    with pytest.raises(InvalidInput, match=r"head\.json"):
        TextClassifier.from_pretrained(tmp_path, WordEncoder())
    folder = classifier.save_pretrained(tmp_path / "head")
    with pytest.raises(StorageError, match="holds a head already"):
        classifier.save_pretrained(folder)
    (folder / "head.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InvalidInput, match="no classification head"):
        TextClassifier.from_pretrained(folder, WordEncoder())
    body = json.loads((folder / "head.json").read_text())
    (folder / "head.json").write_text(json.dumps(body | {"format": 99}))
    with pytest.raises(InvalidInput, match="format 1"):
        TextClassifier.from_pretrained(folder, WordEncoder())


def test_weights_of_another_number_of_classes_are_refused(tmp_path):
    folder = TextClassifier(WordEncoder()).fit(TEXTS, LABELS).save_pretrained(tmp_path / "head")
    body = json.loads((folder / "head.json").read_text())
    (folder / "head.json").write_text(json.dumps(body | {"classes": ["a", "b", "c"]}))
    with pytest.raises(InvalidInput, match="3 classes"):
        TextClassifier.from_pretrained(folder, WordEncoder())


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 12, "two classes"),
        (["a"] * 11 + ["b"], "two distinct texts"),
        (["a", "b"], "12 texts"),
        (["a", 1] * 6, "all strings"),
        ([0.5, 1.5] * 6, "whole numbers"),
    ],
)
def test_impossible_labels(labels, message):
    with pytest.raises(InvalidInput, match=message):
        TextClassifier(WordEncoder()).fit(TEXTS, labels)


def test_bad_vectors_and_settings():
    vectors, labels = _cloud(20, apart=1.0)
    with pytest.raises(InvalidInput, match="finite"):
        LinearHead().fit(np.full_like(vectors, np.nan), labels)
    with pytest.raises(InvalidInput, match="n_folds"):
        LinearHead(n_folds=1).fit(vectors, labels)
    with pytest.raises(InvalidInput, match=r"\(n, 16\)"):
        LinearHead().fit(vectors, labels).predict(vectors[:, :3])
    with pytest.raises(InvalidInput, match="kind"):
        TextClassifier(WordEncoder(), kind="passage")


def test_not_fitted(tmp_path):
    for call in (
        lambda: LinearHead().predict(np.zeros((1, 2), np.float32)),
        lambda: LinearHead().save(tmp_path),
        lambda: TextClassifier(WordEncoder()).predict(["a"]),
        lambda: TextClassifier(WordEncoder()).save_pretrained(tmp_path / "x"),
        lambda: TextClassifier(WordEncoder()).classes_,
    ):
        with pytest.raises(NotFitted):
            call()


@pytest.mark.slow
def test_bundled_encoder_tells_praise_from_blame(bundled):
    praise = [
        "质量很好，很喜欢",
        "面料舒服，版型也好",
        "颜色漂亮，物流快",
        "very soft, love it",
        "fits perfectly",
    ]
    blame = [
        "质量太差，不喜欢",
        "面料扎人，版型难看",
        "颜色难看，物流慢",
        "itchy, hate it",
        "does not fit at all",
    ]
    classifier = TextClassifier(bundled).fit(praise + blame, [1] * 5 + [0] * 5)
    assert classifier.predict(["这件衣服非常满意", "太失望了，要退货"]).tolist() == [1, 0]
