from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.documents import SEEN, Deduplicator
from modacast.documents.duplicates import hash_texts
from modacast.documents.shingles import shingle
from modacast.errors import InvalidInput

START = datetime(2024, 1, 1, tzinfo=UTC)


def ids(*numbers: int) -> list[str]:
    return [f"{number:032x}" for number in numbers]


def days(*numbers: float) -> pa.Array:
    return pa.array([START + timedelta(days=number) for number in numbers], pa.timestamp("us", tz="UTC"))


def test_case_and_punctuation_make_no_other_text() -> None:
    same = hash_texts(["New 中式 穿搭！！", "new中式，穿搭", "[user] NEW 中式穿搭"])
    assert len(set(same.tolist())) == 1
    assert len(set(hash_texts(["!!!", "???", "", "[user]"]).tolist())) == 4


def test_the_hash_is_the_same_for_ever() -> None:
    assert hash_texts(["新中式"]).tolist() == [-4486494149879860422]


def test_a_copy_counts_as_new_after_the_window() -> None:
    found = Deduplicator().look_up(
        ids(1 << 64, 2 << 64, 3 << 64, 4 << 64, 5 << 64), ["马面裙"] * 5, days(0, 28, 28.1, 29, 60)
    )
    assert found.is_new.tolist() == [True, False, True, False, True]
    assert found.copy_of == {1: f"{1:016x}", 3: f"{3:016x}"}
    assert found.seen.schema == SEEN
    assert found.seen["id"].to_pylist() == ids(1 << 64, 3 << 64, 5 << 64)


def test_texts_need_not_come_in_order_of_time() -> None:
    deduplicator = Deduplicator()
    assert deduplicator.look_up(ids(1 << 64), ["马面裙"], days(40)).is_new.tolist() == [True]
    assert deduplicator.look_up(ids(2 << 64, 3 << 64), ["马面裙"] * 2, days(20, 5)).is_new.tolist() == [
        False,
        True,
    ]


def test_a_document_is_no_copy_of_itself() -> None:
    deduplicator = Deduplicator()
    deduplicator.look_up(ids(1 << 64), ["马面裙"], days(0))
    found = deduplicator.look_up(
        ids(1 << 64, 2 << 64, 2 << 64, 1 << 64), ["马面裙", "汉服", "汉服", "edited"], days(0, 0, 0, 0)
    )
    assert found.is_stored.tolist() == [True, False, True, True]
    assert found.is_new.tolist() == [False, True, False, False]
    assert found.copy_of == {}


ZH = "今年春天最流行的是新中式马面裙配白衬衫，上班也能穿出去，姐妹们都来试试看吧"
EN = "this spring everyone wears barrel jeans with a plain white shirt and ballet flats to the office"


@pytest.mark.parametrize(("text", "near", "far", "lang"), [
    (ZH, ZH.replace("吧", "呀！！"), ZH[:18] + "，配什么上衣好看呢大家有没有推荐", "zh"),
    (EN, EN.upper().replace("OFFICE", "beach"), EN.replace("barrel jeans", "maxi skirts").replace("flats", "boots"), "en"),
])  # fmt: skip
def test_near_copies_within_the_window_are_found(text: str, near: str, far: str, lang: str) -> None:
    deduplicator = Deduplicator()
    found = deduplicator.look_up_near(ids(1, 2, 3, 4), [text, near, far, near], [lang] * 4, days(0, 1, 1, 40))
    assert found.copy_of == {1: ids(1)[0]}
    assert 0.8 <= found.similarity[1] < 1


def test_short_texts_have_exact_copies_only() -> None:
    deduplicator = Deduplicator()
    assert (
        deduplicator.look_up_near(
            ids(1, 2), ["新中式马面裙真好看", "新中式马面裙真好看呀"], ["zh"] * 2, days(0, 0)
        ).copy_of
        == {}
    )


def test_shingles_are_of_characters_or_words() -> None:
    assert shingle("马面裙真好看", "zh").size == 4
    assert shingle("a white linen shirt", "en").size == 3
    assert shingle("裙", "zh").size == shingle("", "en").size == 1
    assert shingle("WHITE, linen", "en").tolist() == shingle("white linen", "en").tolist()


@given(st.lists(st.integers(0, 30), min_size=30, max_size=60), st.floats(0.5, 0.9))
def test_what_is_similar_enough_is_nearly_always_found(places: list[int], threshold: float) -> None:
    words = [f"w{i}" for i in range(40)]
    changed = list(words)
    changed[places[0] % 40] = "x"
    left, right = (shingle(" ".join(text), "en") for text in (words, changed))
    similarity = np.intersect1d(left, right).size / np.union1d(left, right).size
    found = Deduplicator(threshold=threshold).look_up_near(
        ids(1, 2), [" ".join(words), " ".join(changed)], ["en"] * 2, days(0, 0)
    )
    assert bool(found.copy_of) == (similarity >= threshold)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="threshold"):
        Deduplicator(threshold=0)
    with pytest.raises(InvalidInput, match="window_days"):
        Deduplicator(window_days=-1)
