from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.encoder.bundled import UnigramPieces
from modacast.encoder.tokenizer import folder_tokenizer, sound, tokenizer_files, unigram_tokenizer
from modacast.errors import InvalidInput

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "红", "红色", "裙", "～", "99", "9", "a", "▁a", "é", "<mask>"]


@pytest.fixture(scope="module")
def unigram():
    scores = [0.0] * 4 + [-3.0] * 10 + [0.0]
    return unigram_tokenizer(UnigramPieces(PIECES, scores, bos_id=0, eos_id=2, pad_id=1, unk_id=3))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("红色裙", ["▁", "红色", "裙"]),
        ("９９～红", ["▁", "99", "～", "红"]),
        ("a  a", ["▁a", "▁a"]),
        ("a\u3000a\ta", ["▁a", "▁a", "▁a"]),
        ("e\u0301", ["▁", "é"]),
        ("a\u200ba\u0002", ["▁a", "▁a"]),
        ("", []),
    ],
)
def test_normalisation_and_pieces(unigram, text, tokens):
    encoding = unigram.encode(text)
    assert encoding.tokens == ["<s>", *tokens, "</s>"]
    assert encoding.ids == [PIECES.index(token) for token in encoding.tokens]


def test_what_no_piece_covers_is_unknown(unigram):
    assert unigram.encode("红x").ids == [0, 4, 5, 3, 2]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_has_ids_that_the_model_knows(unigram, text):
    ids = unigram.encode(text).ids
    assert ids[0] == 0
    assert ids[-1] == 2
    assert all(0 <= i < len(PIECES) for i in ids)


@given(st.text(max_size=50))
def test_short_texts_are_left_alone(text):
    assert sound(text, 512) == text


@given(st.text(st.characters(), max_size=50))
def test_sound_texts_can_be_written(text):
    clean = sound(text, 512)
    clean.encode("utf-8")
    halves = sum(unicodedata.category(c) == "Cs" for c in text)
    assert len(text) - halves <= len(clean) <= len(text)


def test_pairs_of_surrogates_are_joined():
    assert sound("\ud83d\udc57 红 \udc57", 512) == "👗 红 \ufffd"


def test_far_too_long_texts_are_cut_after_folding():
    assert sound("红" + " \n" * 400 + "裙" * 10_000, 4) == "红 " + "裙" * 126


def wordpiece_folder(tmp_path, **settings):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "红", "dress", "##es", "Dress"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    if settings:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    return tmp_path


def test_wordpiece_from_a_vocabulary(tmp_path):
    tokenizer = folder_tokenizer(wordpiece_folder(tmp_path))
    assert tokenizer.encode("Dresses红x[MASK]").tokens == [
        "[CLS]",
        "dress",
        "##es",
        "红",
        "[UNK]",
        "[MASK]",
        "[SEP]",
    ]


def test_wordpiece_keeps_case_where_the_folder_says_so(tmp_path):
    tokenizer = folder_tokenizer(wordpiece_folder(tmp_path, do_lower_case=False))
    assert tokenizer.encode("Dress dress").tokens == ["[CLS]", "Dress", "dress", "[SEP]"]


def test_a_ready_made_tokenizer_comes_first(tmp_path, unigram):
    wordpiece_folder(tmp_path)
    unigram.save(str(tmp_path / "tokenizer.json"))
    assert tokenizer_files(tmp_path) == [tmp_path / "tokenizer.json"]
    assert folder_tokenizer(tmp_path).encode("红色").ids == unigram.encode("红色").ids


def test_an_unreadable_vocabulary(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(b"\xff\xfe[UNK]")
    with pytest.raises(InvalidInput, match=r"vocab\.txt"):
        folder_tokenizer(tmp_path)
