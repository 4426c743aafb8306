from __future__ import annotations

import numpy as np
import pytest

from modacast.elements.discovery.facets import ContextFacets, WordFacets, likely_facets
from modacast.types import FACETS

COLOR, STYLE, FABRIC = (FACETS.index(name) for name in ("color", "style", "fabric"))


def learned_contexts() -> tuple[ContextFacets, np.ndarray]:
    """Texts whose vectors say nothing, so that what stands beside the word has to tell."""
    texts = [
        ("她的〇色长裙",),
        ("一件〇色外套",),
        ("今年的〇色",),
        ("〇风穿搭",),
        ("全身〇风",),
        ("学〇风的人",),
    ]
    vectors = np.ones((len(texts), 3), np.float32)
    facets = np.array([COLOR] * 3 + [STYLE] * 3)
    return ContextFacets().fit(vectors, np.arange(len(texts)), facets, texts), vectors


def test_what_stands_beside_a_word_tells_its_facet() -> None:
    model, vectors = learned_contexts()
    logs = model.logs(vectors[:2], np.array([0, 1]), [("这种〇色",), ("这种〇风",)])
    assert logs.argmax(axis=1).tolist() == [COLOR, STYLE]


def test_words_without_texts_and_models_without_facets_say_nothing() -> None:
    model, vectors = learned_contexts()
    assert not model.logs(vectors[:1], np.array([1]), [(), ("〇色",)])[0].any()
    empty = ContextFacets().fit(vectors, np.arange(6), np.full(6, -1), [("〇",)] * 6)
    assert not empty.logs(vectors[:1], np.array([0]), [("〇色",)]).any()
    one = ContextFacets().fit(vectors[:1], np.array([0]), np.array([COLOR]), [("甲〇乙",)])
    assert not one.logs(vectors[:1], np.array([0]), [("〇色",)]).any()


def test_letters_tell_what_vectors_do_not() -> None:
    words = ["红色", "蓝色", "绿色", "棉布", "麻布", "绒布"]
    facets = np.array([COLOR] * 3 + [FABRIC] * 3)
    model = WordFacets().fit(np.ones((6, 2), np.float32), facets, words, facets)
    logs = model.logs(["橙色", "纱布"], np.ones((2, 2), np.float32))
    assert logs.argmax(axis=1).tolist() == [COLOR, FABRIC]


def test_pooled_probabilities_add_up_and_agree_with_both() -> None:
    logs = np.log(np.full((1, len(FACETS)), 0.01))
    one, other = logs.copy(), logs.copy()
    one[0, [COLOR, STYLE]] = np.log(0.5)
    other[0, COLOR] = np.log(0.9)
    pooled = likely_facets(one, other)
    assert pooled.sum() == pytest.approx(1)
    assert pooled.argmax() == COLOR
    assert likely_facets(np.zeros((1, len(FACETS)))).std() == 0
