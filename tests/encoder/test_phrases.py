from __future__ import annotations

import pytest

from modacast.encoder.phrases import compose_phrases, phrase_pairs
from modacast.errors import InvalidInput

LABELS = {
    "color/red": {"zh": ["红色", "大红"], "en": ["red"], "fr": ["rouge"]},
    "color/blue": {"zh": ["蓝色"], "en": ["blue"], "fr": ["bleu"]},
    "fabric/silk": {"zh": ["真丝"], "en": ["silk"], "fr": ["soie"]},
    "pattern/dots": {"zh": ["波点"], "en": ["polka dot"], "fr": ["pois"]},
    "style/preppy": {"zh": ["学院风"], "en": ["preppy"]},
    "garment/dress": {"zh": ["连衣裙"], "en": ["dress"], "fr": ["robe"]},
    "footwear/boots": {"zh": ["靴子"], "en": ["boots"], "fr": ["bottes"]},
    "brand/zara": {"zh": ["飒拉"], "en": ["Zara"], "fr": ["Zara"]},
    "garment/qipao": {"zh": ["旗袍"], "ja": ["チャイナドレス"]},
}


def test_titles_name_the_same_elements_in_each_language():
    phrases = compose_phrases(LABELS, 8, seed=1)
    assert len(phrases) == 8
    for phrase in phrases:
        assert len(phrase.element_ids) in (3, 4)
        for lang, title in phrase.titles.items():
            for key in phrase.element_ids:
                assert any(name in title for name in LABELS[key][lang]), (title, key)
    assert all(" " not in phrase.titles["zh"] for phrase in phrases)


def test_the_thing_comes_where_its_language_puts_it():
    phrase = compose_phrases(LABELS, 1, langs=("zh", "en", "fr"))[0]
    thing = LABELS[phrase.element_ids[-1]]
    assert phrase.titles["zh"].endswith(thing["zh"][0])
    assert phrase.titles["en"].endswith(thing["en"][0])
    assert phrase.titles["fr"].startswith(thing["fr"][0])


def test_no_two_products_are_of_the_same_elements():
    phrases = compose_phrases(LABELS, 500)
    made_of = [frozenset(phrase.element_ids) for phrase in phrases]
    assert len(set(made_of)) == len(made_of)
    # 2 colours, 2 of fabric or pattern, style or none, 2 things
    assert len(made_of) == 2 * 2 * 2 * 2


def test_what_lacks_a_language_and_brands_are_left_out():
    used = {key for phrase in compose_phrases(LABELS, 500) for key in phrase.element_ids}
    assert "brand/zara" not in used
    assert "garment/qipao" not in used


def test_same_seed_same_titles():
    assert compose_phrases(LABELS, 5, seed=3) == compose_phrases(dict(reversed(LABELS.items())), 5, seed=3)


def test_pairs_go_both_ways_and_each_direction_is_a_task():
    phrase = compose_phrases(LABELS, 1)[0]
    there, back = phrase_pairs([phrase])
    assert (there.query, there.document) == (back.document, back.query)
    assert {there.task, back.task} == {"title zh-en", "title en-zh"}


def test_labels_without_things_are_refused():
    with pytest.raises(InvalidInput, match="got 0 things"):
        compose_phrases({"color/red": LABELS["color/red"]}, 5)
