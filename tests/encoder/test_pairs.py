from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.encoder.pairs import Pair, attribute_pairs, label_pairs, name_pairs, split_pairs, title_pairs
from modacast.errors import InvalidInput


def test_titles():
    items = pa.table({"title": ["裙", "裤", "", None], "text": ["好看的裙子", "裤", "x", "y"]})
    assert title_pairs(items) == [Pair("裙", "好看的裙子", "title")]
    with pytest.raises(InvalidInput, match="did you mean 'title'"):
        title_pairs(items, title="titel")


def test_labels_go_both_ways():
    labels = {
        "garment/dress": {"zh": ["连衣裙", "裙装"], "en": ["dress", "frock"]},
        "style/y2k": {"zh": ["Y2K"], "en": ["y2k"]},
        "garment/vest": {"zh": ["马甲"]},
    }
    assert set(label_pairs(labels)) == {
        Pair("连衣裙", "dress", "zh-en"),
        Pair("裙装", "dress", "zh-en"),
        Pair("dress", "连衣裙", "en-zh"),
        Pair("frock", "连衣裙", "en-zh"),
    }


def test_attributes():
    rows = [({"颜色": ["粉色", "白色"], "裙型": ["百褶"]}, "粉白百褶裙"), ({}, "x")]
    assert attribute_pairs(rows) == [Pair("粉色 白色 百褶", "粉白百褶裙", "attributes")]


@given(
    pairs=st.lists(st.builds(Pair, st.sampled_from("abcdefgh"), st.sampled_from("abcdxyzuvw")), max_size=40),
    share=st.floats(0, 0.9),
)
def test_the_parts_share_no_text(pairs, share):
    split = split_pairs(pairs, share, seed=0)
    assert sorted(map(repr, split.train + split.held_out)) == sorted(map(repr, pairs))
    texts = [{t for p in part for t in (p.query, p.document)} for part in (split.train, split.held_out)]
    assert not texts[0] & texts[1]
    assert len(split.held_out) <= round(share * len(pairs))


def test_a_share_is_held_out():
    pairs = [Pair(f"q{i}", f"d{i}") for i in range(100)]
    assert len(split_pairs(pairs, 0.2, seed=0).held_out) == 20
    assert len(split_pairs(pairs, 0.2, seed=0, at_most=5).held_out) == 5
    assert split_pairs(pairs, 0.2, seed=0) == split_pairs(pairs, 0.2, seed=0)
    assert split_pairs(pairs, 0.2, seed=0) != split_pairs(pairs, 0.2, seed=1)


def test_names_and_synonyms_of_the_same_element():
    labels = {
        "garment/dress": {"zh": ["连衣裙", "洋装"], "en": ["dress"], "ja": ["ワンピース"], "fr": ["robe"]},
        "brand/zara": {"zh": ["Zara"], "en": ["ZARA"]},
    }
    pairs = name_pairs(labels, langs=("zh", "en", "ja", "fr"))
    assert Pair("洋装", "dress", "zh-en") in pairs
    assert Pair("ワンピース", "dress", "ja-en") in pairs
    assert {pair.query for pair in pairs if pair.task == "en-zh"} == {"dress"}
    assert not any("ara" in pair.query for pair in pairs), "written alike"
    assert not any(pair.task in ("ja-fr", "fr-ja") for pair in pairs), "no pivot among them"
    fewer = name_pairs(labels, langs=("zh", "en", "ja", "fr"), at_most=4)
    assert len(fewer) == 4
    assert {pair.task for pair in fewer} >= {"zh-en", "en-zh"}
    assert fewer == name_pairs(labels, langs=("zh", "en", "ja", "fr"), at_most=4)
