from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.encoder.bundled import UnigramPieces
from modacast.encoder.masking import batches_in_order, masked, masked_one_by_one, tokenized
from modacast.encoder.tokenizer import unigram_tokenizer

PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    "红色",
    "连",
    "衣",
    "裙",
    "▁sum",
    "mer",
    "dress",
    "▁",
    "马面",
    "<mask>",
]
PIECES[12] = "面"
MASK, PAD = 14, 1


@pytest.fixture(scope="module")
def tokenizer():
    return unigram_tokenizer(UnigramPieces(PIECES, [0.0] * 4 + [-3.0] * 10 + [0.0], 0, 2, 1, 3))


def words(texts) -> list[int]:
    return texts.words[0].tolist()


def test_pieces_of_a_spaced_word_go_together(tokenizer):
    assert tokenizer.encode("summer dress").tokens == ["<s>", "▁sum", "mer", "▁", "dress", "</s>"]
    assert words(tokenized(tokenizer, ["summer dress"], max_tokens=20)) == [-1, 0, 0, 1, 1, -1]


def test_chinese_pieces_stand_alone_without_a_segmenter(tokenizer):
    assert tokenizer.encode("红色连衣裙").tokens == ["<s>", "▁", "红色", "连", "衣", "裙", "</s>"]
    groups = words(tokenized(tokenizer, ["红色连衣裙"], max_tokens=20))
    assert len(set(groups[2:6])) == 4


def test_a_segmenter_puts_chinese_words_together(tokenizer):
    texts = tokenized(tokenizer, ["红色连衣裙"], max_tokens=20, segment=lambda text: ["红色", "连衣裙"])
    assert words(texts)[2:] == [0, 1, 1, 1, -1]


def test_long_texts_keep_their_end(tokenizer):
    texts = tokenized(tokenizer, ["连衣裙" * 30], max_tokens=10)
    assert len(texts.ids[0]) == len(texts.words[0]) == 10
    assert texts.ids[0][-1] == 2
    assert texts.words[0][-1] == -1


@given(
    st.lists(st.text(alphabet="红色连衣裙面马sumerd ", min_size=1, max_size=30), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_whole_words_are_masked_and_specials_never(tokenizer, texts, seed):
    corpus = tokenized(tokenizer, texts, max_tokens=24)
    rng = np.random.default_rng(seed)
    batch = masked(corpus, rng, share=0.3, mask_id=MASK, pad_id=PAD, n_ids=15)
    chosen = np.zeros(batch.ids.shape, bool)
    chosen[batch.rows, batch.columns] = True
    for i, (ids, groups) in enumerate(zip(corpus.ids, corpus.words, strict=True)):
        length = len(ids)
        assert batch.attended[i].sum() == length
        assert not chosen[i, length:].any()
        assert (batch.ids[i, :length][~chosen[i, :length]] == ids[~chosen[i, :length]]).all()
        for number in np.unique(groups):
            assert len(set(chosen[i, :length][groups == number])) == 1
        assert not chosen[i, :length][groups < 0].any()
    np.testing.assert_array_equal(
        batch.labels, [corpus.ids[r][c] for r, c in zip(batch.rows, batch.columns, strict=True)]
    )


def test_four_fifths_are_shown_as_masks(tokenizer):
    corpus = tokenized(tokenizer, ["红色连衣裙面" * 3] * 300, max_tokens=64)
    batch = masked(corpus, np.random.default_rng(0), share=0.5, mask_id=MASK, pad_id=PAD, n_ids=15)
    shown = batch.ids[batch.rows, batch.columns]
    assert (shown == MASK).mean() == pytest.approx(0.8, abs=0.03)
    assert (shown == batch.labels).mean() == pytest.approx(0.1, abs=0.03)
    assert len(batch.labels) / batch.attended.sum() == pytest.approx(0.45, abs=0.05)


def test_one_by_one(tokenizer):
    corpus = tokenized(tokenizer, ["红色连衣裙"], max_tokens=20)
    batch = masked_one_by_one(corpus.ids[0], corpus.words[0], mask_id=MASK, pad_id=PAD)
    assert (batch.ids == MASK).sum(axis=1).tolist() == [1] * len(batch.labels)
    assert batch.labels.tolist() == corpus.ids[0][corpus.words[0] >= 0].tolist()


def test_batches_cover_everything_each_time_through():
    batches = batches_in_order(10, 4, seed=0)
    first, second = ([next(batches) for _ in range(3)] for _ in range(2))
    assert sorted(np.concatenate(first).tolist()) == list(range(10))
    assert np.concatenate(first).tolist() != np.concatenate(second).tolist()
