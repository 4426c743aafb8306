from __future__ import annotations

import numpy as np
import pytest

from modacast.encoder.check_texts import DESCRIBED, GENERAL_TEXTS, OPINIONS, TRANSLATED, TRIPLES
from modacast.encoder.checks import Gate, battery, battery_scores
from modacast.encoder.replay import replay_texts


def _vectors(rows):
    rows = np.asarray(rows, np.float32)
    return dict(zip(GENERAL_TEXTS, rows / np.linalg.norm(rows, axis=1, keepdims=True), strict=True))


def _perfect():
    """What belongs together has one direction; opinions have one more that says how they feel."""
    rng = np.random.default_rng(0)
    rows = dict(zip(GENERAL_TEXTS, rng.normal(size=(len(GENERAL_TEXTS), 64)), strict=True))
    for text, same, _ in TRIPLES:
        rows[same] = rows[text] + 0.01 * rows[same]
    for chinese, english in TRANSLATED:
        rows[english] = rows[chinese] + 0.01 * rows[english]
    for description, element in DESCRIBED:
        rows[description] = rows[element] + 0.01 * rows[description]
    for text, pleased in OPINIONS:
        rows[text][0] += 20 if pleased else -20
    return _vectors([rows[text] for text in GENERAL_TEXTS])


def test_a_perfect_model_has_full_marks():
    perfect = _perfect()
    scores = battery_scores(perfect, perfect)
    assert set(scores.values()) == {1.0}
    assert set(scores) == {"paraphrases", "languages", "elements", "opinions", "spread"}


def test_a_model_that_says_the_same_of_all_has_none():
    same = _vectors(np.ones((len(GENERAL_TEXTS), 8)))
    scores = battery_scores(same, same)
    assert set(scores.values()) == {0.0}


@pytest.mark.parametrize(
    ("ability", "texts"),
    [
        ("paraphrases", [row[1] for row in TRIPLES]),
        ("languages", [row[1] for row in TRANSLATED]),
        ("elements", [row[0] for row in DESCRIBED]),
        ("opinions", [text for text, _ in OPINIONS]),
    ],
)
def test_the_gate_refuses_a_model_that_lost_one_ability(ability, texts):
    vectors = _perfect()
    before = battery_scores(vectors, vectors) | {"task": 0.5}
    rng = np.random.default_rng(1)
    for text in texts:
        noise = rng.normal(size=64).astype(np.float32)
        vectors[text] = noise / np.linalg.norm(noise)
    verdict = Gate().judge(before, battery_scores(vectors, vectors) | {"task": 0.9}, "task")
    assert not verdict.accepted
    assert any(reason.startswith(ability) for reason in verdict.reasons)


def test_the_gate_refuses_what_is_not_a_number():
    vectors = {text: np.full(8, np.nan, np.float32) for text in GENERAL_TEXTS}
    perfect = _perfect()
    before = battery_scores(perfect, perfect) | {"task": 0.5}
    assert not Gate().judge(before, battery_scores(vectors, vectors) | {"task": 0.9}, "task").accepted


def test_no_check_text_is_there_twice():
    texts = [*(text for row in TRIPLES for text in row), *(text for text, _ in OPINIONS)]
    assert len(set(texts)) == len(texts)


def test_replay_texts_come_from_the_vocabulary(tiny_encoder):
    texts = replay_texts(tiny_encoder.tokenizer, 20)
    assert texts
    assert {word for text in texts for word in text.split()} <= {"dress", "red"}
    assert texts == replay_texts(tiny_encoder.tokenizer, 20)


@pytest.mark.slow
def test_the_shipped_model_and_one_ruined_on_purpose(bundled):
    before = battery(bundled) | {"task": 0.5}
    assert before["paraphrases"] > 0.7
    assert before["opinions"] > 0.9

    class Ruined:
        """Reads every text backwards."""

        model_id, dim = "ruined@1", bundled.dim

        def encode_document(self, texts):
            return bundled.encode_document([text[::-1][: len(text) // 2] for text in texts])

        encode_query = encode_document

    verdict = Gate().judge(before, battery(Ruined()) | {"task": 0.9}, "task")
    assert not verdict.accepted
    replayed = replay_texts(bundled.tokenizer)
    assert len(replayed) > 900
    assert not set(replayed) & set(GENERAL_TEXTS)
    assert sum(any("一" <= c <= "鿿" for c in text) for text in replayed) > 100
