from __future__ import annotations

import numpy as np
import pytest

from modacast.encoder import Centring
from modacast.errors import InvalidInput, NotFitted, StorageError


@pytest.fixture
def things():
    """Twenty things, each told in two languages that lie far apart."""
    rng = np.random.default_rng(0)
    meaning = rng.normal(0, 0.3, (20, 16)).astype(np.float32)
    shift = {"zh": rng.normal(0, 1, 16), "en": rng.normal(0, 1, 16)}
    vectors = np.concatenate([meaning + shift[lang] for lang in ("zh", "en")]).astype(np.float32)
    vectors += rng.normal(0, 0.05, vectors.shape).astype(np.float32)
    return vectors, ["zh"] * 20 + ["en"] * 20


def nearest_is_the_translation(vectors) -> float:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return float((scores.argmax(axis=1) == np.roll(np.arange(40), 20)).mean())


def test_languages_come_together(things):
    vectors, langs = things
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centred = Centring().fit(vectors, langs).transform(vectors, langs)
    assert nearest_is_the_translation(unit) < 0.2
    assert nearest_is_the_translation(centred) > 0.9
    assert centred.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(centred, axis=1), 1, atol=1e-6)


def test_what_comes_in_is_left_alone(things):
    vectors, langs = things
    before = vectors.copy()
    Centring().fit(vectors, langs).transform(vectors, langs)
    assert np.array_equal(vectors, before)


def test_an_unseen_language_gets_the_mean_of_means(things):
    vectors, langs = things
    centring = Centring().fit(vectors, langs)
    other = vectors[:1] - (vectors[:20].mean(0) + vectors[20:].mean(0)) / 2
    wanted = other / np.linalg.norm(other)
    np.testing.assert_allclose(centring.transform(vectors[:1], ["ja"]), wanted, atol=1e-5)


def test_saved_and_loaded_it_is_the_same(things, tmp_path):
    vectors, langs = things
    centring = Centring().fit(vectors, langs)
    centring.save(tmp_path / "means.safetensors")
    loaded = Centring.load(tmp_path / "means.safetensors")
    assert np.array_equal(loaded.transform(vectors, langs), centring.transform(vectors, langs))


def test_misuse_is_told(things, tmp_path):
    vectors, langs = things
    for call in (lambda: Centring().transform(vectors, langs), lambda: Centring().save(tmp_path / "x")):
        with pytest.raises(NotFitted, match="fit"):
            call()
    fitted = Centring().fit(vectors, langs)
    for call in (
        lambda: Centring().fit(vectors, langs[:3]),
        lambda: Centring().fit(vectors[:0], []),
        lambda: fitted.transform(vectors[:, :5], langs),
        lambda: Centring.load(tmp_path / "none"),
    ):
        with pytest.raises(InvalidInput):
            call()
    with pytest.raises(StorageError):
        fitted.save(tmp_path / "no" / "such" / "folder")
    assert fitted.transform(vectors[:0], []).shape == (0, 16)
