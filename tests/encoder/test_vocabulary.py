from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.encoder.bundled import UnigramPieces
from modacast.encoder.tokenizer import folder_tokenizer, unigram_tokenizer
from modacast.encoder.vocabulary import Pruning, prune
from modacast.errors import InvalidInput

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "红", "色", "连", "衣", "裙", "新", "a", "b", "▁query", ":"]
PIECES += ["红色", "连衣裙", "新中式", "▁红色", "ab", "马面裙", "é", "zzz", "<mask>"]
SCORES = [0.0] * 4 + [-3.0 - i / 10 for i in range(len(PIECES) - 6)] + [-20.0, 0.0]


@pytest.fixture(scope="module")
def tokenizer():
    return unigram_tokenizer(UnigramPieces(PIECES, SCORES, 0, 2, 1, 3))


def surfaces(tokenizer, text):
    return tokenizer.encode(text).tokens


def test_used_pieces_stay_and_others_go(tokenizer):
    pruning = prune(tokenizer, ["红色连衣裙"], n_base=0)
    kept = [PIECES[i] for i in pruning.original_ids]
    assert "连衣裙" in kept
    assert "新中式" not in kept
    assert "新中式" in pruning.report.dropped
    assert pruning.report.n_before == len(PIECES)
    assert pruning.report.n_after == len(kept) == pruning.tokenizer.get_vocab_size(with_added_tokens=True)
    # the piece of the lowest score prices unknown characters
    assert "zzz" in kept


def test_ids_lead_back_to_the_original_pieces(tokenizer):
    pruning = prune(tokenizer, ["红色连衣裙"], n_base=0)
    text = "红色连衣裙 ab"
    pruned = pruning.tokenizer.encode(text)
    assert [PIECES[i] for i in pruning.original_ids[pruned.ids]] == pruned.tokens
    assert pruned.tokens[0] == "<s>"
    assert pruned.tokens[-1] == "</s>"


def test_what_the_texts_lack_is_spelled_by_characters(tokenizer):
    pruning = prune(tokenizer, ["红色"], n_base=0)
    assert surfaces(tokenizer, "连衣裙")[-2] == "连衣裙"
    assert surfaces(pruning.tokenizer, "连衣裙")[-4:-1] == ["连", "衣", "裙"]


def test_prefixes_count(tokenizer):
    assert "▁query" not in surfaces(prune(tokenizer, ["红"], n_base=0).tokenizer, "query:")
    pruning = prune(tokenizer, ["红"], n_base=0, prefixes=("query: ",))
    assert surfaces(pruning.tokenizer, "query: 红") == surfaces(tokenizer, "query: 红")


def test_the_base_list_and_rare_pieces(tokenizer):
    everything = prune(tokenizer, [], n_base=10_000)
    assert everything.original_ids.tolist() == list(range(len(PIECES)))
    rare = prune(tokenizer, ["新中式"], n_base=0, min_count=2)
    assert "新中式" not in [PIECES[i] for i in rare.original_ids]
    assert rare.report.n_rare >= 1


@given(text=st.text(alphabet="红色连衣裙新中式马面ab: 　é～x", max_size=40))
def test_a_text_that_was_counted_is_cut_as_before(tokenizer, text):
    pruning = prune(tokenizer, [text], n_base=0)
    before, after = tokenizer.encode(text), pruning.tokenizer.encode(text)
    assert pruning.original_ids[after.ids].tolist() == before.ids


def test_wordpiece(tiny):
    tokenizer = folder_tokenizer(tiny.folder)
    pruning = prune(tokenizer, ["red 裙"], n_base=0)
    before, after = tokenizer.encode("red 裙"), pruning.tokenizer.encode("red 裙")
    assert pruning.original_ids[after.ids].tolist() == before.ids
    assert "dress" in pruning.report.dropped
    assert pruning.tokenizer.encode("dress").tokens == ["[CLS]", "[UNK]", "[SEP]"]


def test_the_tokenizer_that_came_in_is_left_alone(tokenizer):
    before = tokenizer.to_str()
    prune(tokenizer, ["红"], n_base=0)
    assert tokenizer.to_str() == before


def test_the_map_is_written_and_read(tokenizer, tmp_path):
    pruning = prune(tokenizer, ["红"], n_base=0)
    pruning.write(tmp_path)
    np.testing.assert_array_equal(Pruning.read_ids(tmp_path), pruning.original_ids)
    (tmp_path / "vocabulary.json").write_text("{}")
    with pytest.raises(InvalidInput, match="no map"):
        Pruning.read_ids(tmp_path)


def test_other_kinds_are_refused():
    from tokenizers import Tokenizer, models

    with pytest.raises(InvalidInput, match="BPE"):
        prune(Tokenizer(models.BPE()), ["a"])
