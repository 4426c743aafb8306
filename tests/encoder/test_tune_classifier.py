from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_bert import make_tiny_bert

from modacast.encoder import Encoder, TextClassifier
from modacast.encoder.checks import Gate
from modacast.encoder.tune_classifier import ACCURACY, ClassifierSettings, finetune_classifier
from modacast.errors import InvalidInput, StorageError

pytestmark = pytest.mark.usefixtures("torch")

SETTINGS = ClassifierSettings(
    epochs=15,
    batch_size=16,
    frozen_layers=1,
    learning_rate=3e-3,
    dropout=0.0,
    n_keep=0,
    validation=0.2,
    threads=1,
)


def _reviews(n=240, seed=0):
    """The label is which of two colours comes first: word order, which a mean of words lacks."""
    rng = np.random.default_rng(seed)
    filler = list("裙子马面新中式长短连衣风")
    texts, labels = [], []
    for _ in range(n):
        words = [filler[i] for i in rng.integers(len(filler), size=4)]
        first = rng.random() < 0.5
        a, b = sorted(rng.choice(6, size=2, replace=False))
        words.insert(a, "红" if first else "黑")
        words.insert(b, "黑" if first else "红")
        texts.append("".join(words))
        labels.append("red first" if first else "black first")
    return texts, labels


@pytest.mark.slow
def test_upper_layers_learn_what_a_frozen_encoder_does_not_say(tmp_path):
    bert = make_tiny_bert(tmp_path / "bert")
    texts, labels = _reviews(400)
    result = finetune_classifier(texts, labels, tmp_path / "out", base=bert.folder, settings=SETTINGS)
    assert result.accepted, result.reasons
    assert result.after[ACCURACY] > result.before[ACCURACY] + 0.05
    encoder = Encoder.from_pretrained(tmp_path / "out", cache_dir=tmp_path / "cache", threads=1)
    classifier = TextClassifier.from_pretrained(tmp_path / "out", encoder)
    fresh, truth = _reviews(seed=1)
    assert classifier.score(fresh, truth) > 0.8
    assert classifier.report_.accuracy == result.after[ACCURACY]
    assert classifier.report_.n_texts == result.n_validation
    facts = json.loads((tmp_path / "out" / "training.json").read_text())
    assert facts["kind"] == "classifier"


def test_same_seed_same_curve(tmp_path):
    bert = make_tiny_bert(tmp_path / "bert")
    curves = []
    for i in range(2):
        result = finetune_classifier(
            *_reviews(80),
            tmp_path / f"out{i}",
            base=bert.folder,
            settings=ClassifierSettings(epochs=2, frozen_layers=1, minutes=None),
        )
        curves.append([point.values for point in result.curve])
    assert curves[0] == curves[1]


@pytest.mark.slow
def test_the_gate_keeps_a_worse_one_out(tmp_path):
    bert = make_tiny_bert(tmp_path / "bert")
    settings = ClassifierSettings(epochs=1, frozen_layers=1, gate=Gate(min_gain=1.1))
    result = finetune_classifier(*_reviews(80), tmp_path / "out", base=bert.folder, settings=settings)
    assert not result.accepted
    assert result.folder is None
    assert ACCURACY in result.reasons[0]
    assert not (tmp_path / "out").exists()


def test_bad_input(tmp_path):
    texts, labels = _reviews(60)
    with pytest.raises(InvalidInput, match="40 or more"):
        finetune_classifier(texts[:10], labels[:10], tmp_path / "out")
    with pytest.raises(InvalidInput, match="two classes"):
        finetune_classifier(texts, ["same"] * 60, tmp_path / "out")
    bert = make_tiny_bert(tmp_path / "bert")
    with pytest.raises(InvalidInput, match="hold out"):
        finetune_classifier(
            texts, labels, tmp_path / "out", base=bert.folder,
            settings=ClassifierSettings(validation=0.9, frozen_layers=1),
        )  # fmt: skip
    (tmp_path / "there").mkdir()
    with pytest.raises(StorageError, match="exists"):
        finetune_classifier(texts, labels, tmp_path / "there")
