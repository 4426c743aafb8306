"""The helpers of the benchmark of new words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from benchmarks.discovery import Target, Titles, as_documents, is_same, is_soon, ready_day, without_all
from benchmarks.discovery_peers import PEERS

from modacast.elements import Lexicon

HEADER = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\n"


@pytest.fixture
def lexicon(tmp_path) -> Lexicon:
    path = tmp_path / "small.csv"
    path.write_text(
        HEADER
        + "garment/dress,,连衣裙|长裙,dress,,,,,,,,\ngarment/knit-dress,,针织连衣裙,knit dress,,,,,,,,\n",
        encoding="utf-8",
    )
    return Lexicon.load(path, shipped=False)


def test_a_word_is_ready_with_its_third_text_in_eight_weeks():
    days = [date(2022, 1, 1), date(2022, 3, 1), date(2022, 3, 20), date(2022, 4, 1)]
    assert ready_day(days) == date(2022, 4, 1)
    assert ready_day(days[:3]) is None


def test_a_find_is_the_hidden_word_or_hardly_longer():
    words = frozenset({"马面裙"})
    assert is_same("马面裙", words)
    assert is_same("穿马面裙", words)
    assert not is_same("女子穿马面裙拍照", words)
    assert not is_same("裙", words)
    target = Target(words, date(2022, 1, 3))
    assert is_soon("马面裙", date(2022, 2, 7), target)
    assert not is_soon("马面裙", date(2022, 6, 6), target)


def test_hidden_words_leave_nothing_behind_that_holds_them(lexicon):
    hidden = without_all(lexicon, {"garment/dress": frozenset({"连衣裙"})})
    assert "garment/dress" not in hidden
    assert hidden["garment/knit-dress"].labels == {"en": ("knit dress",)}


@pytest.mark.parametrize("peer", PEERS)
def test_peers_give_words_with_the_week_in_which_they_rise(lexicon, peer):
    texts, days = [], []
    for week in range(44):
        day = date(2022, 1, 3) + timedelta(weeks=week)
        new = ["云朵风连衣裙", "云朵风的长裙", "她的云朵风长裙"] if week >= 36 else []
        texts += [f"第{week}天的连衣裙", "地铁停运了", *new]
        days += [day] * (2 + len(new))
    found = dict(PEERS[peer](as_documents(Titles(texts, days, "zh"), lexicon), lexicon))
    assert all(day >= date(2022, 1, 3) + timedelta(weeks=26) for day in found.values())
    if peer == "z-score of character runs":
        assert "云朵风" in found
