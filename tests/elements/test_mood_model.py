from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from modacast.elements.mood_features import FEATURES
from modacast.elements.mood_model import MoodModel, calibration_error
from modacast.errors import InvalidInput, NotFound

DIM = 6
LABELS = ["negative", "neutral", "positive"] * 20


def made(seed: int = 0, *, letters: bool = False, langs: tuple[str, ...] = ("zh", "en")) -> MoodModel:
    """Learn from vectors in which the mood is one coordinate."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 0.3, (60, DIM)).astype(np.float32)
    vectors[:, 0] += np.tile([-1, 0, 1], 20)
    codes = [langs[i % len(langs)] for i in range(60)]
    texts = [f"{label} {i}" for i, label in enumerate(LABELS)]
    features = np.zeros((60, len(FEATURES)), np.float32)
    return MoodModel.fit(
        texts, codes, LABELS, vectors=vectors, features=features, model_id="made", letters=letters
    )


def shares(model: MoodModel, lang: str = "zh", text: str = "") -> np.ndarray:
    vectors = np.zeros((3, DIM), np.float32)
    vectors[:, 0] = [-1, 0, 1]
    scores = model.scores(
        [text] * 3, [lang] * 3, vectors=vectors, features=np.zeros((3, len(FEATURES)), np.float32)
    )
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


def test_it_learns_and_knows_how_well() -> None:
    model = made()
    assert shares(model).argmax(axis=1).tolist() == [0, 1, 2]
    assert model.report.n_texts == 60
    assert model.report.accuracy > 0.7


def test_the_same_texts_give_the_same_model() -> None:
    assert made().version == made().version
    assert made().version != made(1).version


@pytest.mark.parametrize("letters", [False, True])
def test_a_saved_model_reads_the_same(tmp_path: Path, letters: bool) -> None:
    model = made(letters=letters)
    model.save(tmp_path / "model")
    again = MoodModel.load(tmp_path / "model")
    np.testing.assert_allclose(shares(again, text="positive"), shares(model, text="positive"), atol=1e-3)
    assert again.version == model.version
    assert bool(again.grams) == letters


def test_it_is_less_sure_of_languages_that_it_has_not_learned() -> None:
    model = made(langs=("zh",))
    assert shares(model, "xx").max(axis=1).mean() < shares(model, "zh").max(axis=1).mean()


@pytest.mark.parametrize("labels", [["positive"] * 12, ["positive"] * 9 + ["negative"] * 3])
def test_too_little_to_learn_from(labels: list[str]) -> None:
    rows = np.zeros((12, DIM), np.float32)
    with pytest.raises(InvalidInput, match="two moods with 5 texts"):
        MoodModel.fit([""] * 12, ["zh"] * 12, labels, vectors=rows, features=rows, model_id="", letters=False)


def test_broken_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        MoodModel.load(tmp_path)
    made().save(tmp_path)
    facts = json.loads((tmp_path / "sentiment.json").read_text())
    (tmp_path / "sentiment.json").write_text(json.dumps(facts | {"format": 9}))
    with pytest.raises(InvalidInput, match="another version"):
        MoodModel.load(tmp_path)
    (tmp_path / "sentiment.json").write_text(json.dumps(facts | {"moods": ["negative", "positive"]}))
    with pytest.raises(InvalidInput, match="shape"):
        MoodModel.load(tmp_path)
    (tmp_path / "sentiment.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InvalidInput, match="not a whole sentiment model"):
        MoodModel.load(tmp_path)


def test_calibration_error() -> None:
    sure = np.array([[0.1, 0.9]] * 10)
    assert calibration_error(sure, np.array([1] * 9 + [0])) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(sure, np.zeros(10, np.int64)) == pytest.approx(0.9)
