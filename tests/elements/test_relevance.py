from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modacast.elements import Relevance, Tagger
from modacast.elements.cues import load_cues
from modacast.errors import InvalidInput, NotFound


@pytest.fixture
def relevance(tagger: Tagger) -> Relevance:
    return Relevance(tagger)


@pytest.mark.parametrize(
    ("text", "lang", "passes"),
    [
        ("新中式穿搭", "zh", True), ("羽绒服涨价", "zh", True), ("白色情人节", "zh", False), ("明天下雪", "zh", False),
        ("裙带关系", "zh", False), ("a red outfit", "en", True), ("red wine recipe", "en", False),
        ("summer dress", "en", True), ("dress recipe", "en", False), ("summer", "en", False),
    ],
)  # fmt: skip
def test_what_is_about_fashion(relevance: Relevance, text: str, lang: str, *, passes: bool) -> None:
    assert (relevance([text], [lang])[0] >= 0.5) == passes


def test_evidence_adds_up_once_each(relevance: Relevance) -> None:
    one, again, more = relevance(["牛仔裤"[2:] + "靴子", "靴子靴子", "靴子衬衫"], ["zh"] * 3)
    assert one == again < more < 1


def test_weak_evidence_never_suffices(relevance: Relevance) -> None:
    assert relevance(["red white lace summer top Gap " * 20], ["en"])[0] < 0.5


def test_shape_and_type(relevance: Relevance) -> None:
    scores = relevance(["", "裙子"], ["", "zh"])
    assert scores.dtype == np.float32
    assert scores[0] == 0.0
    assert relevance([], []).shape == (0,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("lang,word\n", "line 1: the header"),
        ("lang,cue,weight\nzh,穿搭,2\n", "line 2, column weight"),
        ("lang,cue,weight\nzh,穿搭,high\n", "line 2, column weight"),
        ("lang,cue,weight\nzz,穿搭,.5\n", "line 2, column lang"),
        ("lang,cue,weight\nzh,,.5\n", "line 2, column cue"),
        ("lang,cue,weight\nzh,穿搭\n", "2 columns, expected 3"),
    ],
)
def test_wrong_cues(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "cues.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_cues(path)
    with pytest.raises(NotFound):
        load_cues(tmp_path / "none.csv")
