from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from modacast.elements.seeds import MOODS, load_seeds
from modacast.errors import InvalidInput, NotFound
from modacast.types import LANGUAGES


def test_the_shipped_seeds_hold_every_language_and_mood() -> None:
    seeds = load_seeds()
    assert len(seeds) >= 1_500
    count = Counter((seed.lang, seed.label) for seed in seeds)
    assert min(count[lang, mood] for lang in LANGUAGES for mood in MOODS) >= 25
    assert len({(seed.lang, seed.text) for seed in seeds}) == len(seeds)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("lang,text\n", "line 1"),
        ("lang,label,text\nzz,neutral,a\n", "column lang"),
        ("lang,label,text\nzh,positiv,a\n", "did you mean 'positive'"),
        ("lang,label,text\nzh,neutral,\n", "column text"),
        ("lang,label,text\nzh,neutral\n", "2 columns"),
    ],
)
def test_wrong_seeds(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_seeds(path)
    with pytest.raises(NotFound):
        load_seeds(tmp_path / "none.csv")
