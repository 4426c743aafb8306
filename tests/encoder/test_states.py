"""Token states and their places."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from modacast.encoder.states import traced
from modacast.errors import InvalidInput

TEXTS = [
    "宽松的阔腿裤  这两年",
    "",
    "A-line dress, é café ＡＢ 裙",
    "한글 치마 👗👗",
    "<mask> 裙<s>",
    "x\ud83d裙",
    "   ",
]


def pieces(text, states):
    return [text[a:b] for a, b in zip(states.start, states.end, strict=True)]


@pytest.mark.slow
def test_places_of_the_bundled_model_cover_every_letter(bundled):
    for text, states in zip(TEXTS, bundled.states(TEXTS), strict=True):
        assert states.states.shape == (len(states.start), bundled.dim)
        assert (states.end > states.start).all()
        assert (states.start[1:] >= states.end[:-1]).all()
        told = "".join(pieces(text, states))
        letters = text.replace("<mask>", "").replace("<s>", "").replace("\ud83d", "")  # it means nothing
        assert [c for c in told if not c.isspace()] == [c for c in letters if not c.isspace()]


@pytest.mark.slow
def test_the_bundled_model_reads_the_same_tokens_as_for_vectors(bundled):
    text = "宽松的阔腿裤 A-line dress"
    ids = [token.id for token in bundled._tokens(text)]
    assert ids == bundled._ids([text])[0]


def test_states_average_to_the_vector(tiny_encoder):
    text = "red dress red"
    hidden = tiny_encoder._hidden([[token.id for token in tiny_encoder._tokens(text)]])[0]
    states = tiny_encoder.states(["a", text, ""])[1]
    np.testing.assert_allclose(states.states, hidden[1:-1], atol=2e-3)
    assert pieces(text, states) == [p for p in pieces(text, states) if p.strip()]


def test_a_prefix_is_read_and_left_out(tiny_encoder):
    texts = ["red dress"]
    plain, asked = tiny_encoder.states(texts)[0], tiny_encoder.states(texts, kind="query")[0]
    assert pieces(texts[0], plain) == pieces(texts[0], asked)
    with pytest.raises(InvalidInput, match="kind must be one of"):
        tiny_encoder.states(texts, kind="other")
    with pytest.raises(InvalidInput, match="list of strings"):
        tiny_encoder.states("red dress")


def test_batches_do_not_change_the_order(tiny_encoder):
    texts = ["red", "red dress red dress", "", "dress red"]
    alone = [tiny_encoder.states([text])[0] for text in texts]
    for one, other in zip(alone, tiny_encoder.states(texts, batch_tokens=1), strict=True):
        np.testing.assert_allclose(one.states, other.states, atol=2e-3)
        assert one.start.tolist() == other.start.tolist()


def test_normal_forms_know_where_they_came_from():
    normal, origin = traced("e\u0301ﬁ  x", lambda piece: unicodedata.normalize("NFKC", piece))
    assert normal == "éfi x"
    assert origin == [0, 2, 2, 3, 5]
