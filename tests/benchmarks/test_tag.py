"""The benchmark of the tagger: its truths and its peers."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benchmarks.tag.__main__ import main
from benchmarks.tag.chinese import f1, gold_spans
from benchmarks.tag.errors import SHARES, Miss, read_verdicts, sample
from benchmarks.tag.finders import closure, jieba_words, lexicon_of, plain_substrings
from benchmarks.tag.titles import is_even

from modacast.elements import Lexicon

NOTES = Path(__file__).parents[2] / "docs" / "notes-tagger.md"


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def test_spans_are_those_of_the_text_without_its_marks() -> None:
    marked = "赋予整款<袖长>短袖</袖长>更好的<版型>贴身</版型>性"
    plain = "赋予整款短袖更好的贴身性"
    assert [plain[a:b] for a, b in gold_spans(marked)] == ["短袖", "贴身"]


def test_f1_of_nothing_is_zero() -> None:
    assert f1(np.array([0]), np.array([[0, 0]])) == 0
    assert f1(np.array([1, 0]), np.array([[1, 2], [0, 1]])) == pytest.approx(0.5)


@pytest.mark.parametrize("peer", ["substrings", "jieba"])
def test_peers_find_the_lexicons_surfaces(lexicon: Lexicon, peer: str) -> None:
    find = plain_substrings(lexicon, "zh") if peer == "substrings" else jieba_words(lexicon)
    text = "这件格纹连衣裙"
    (found,) = find([text])
    assert "连衣裙" in {text[m.start : m.end] for m in found}
    assert all(lexicon_of(lexicon, "zh")[text[m.start : m.end]] == m.element_id for m in found)


def test_closure_holds_what_is_broader(lexicon: Lexicon) -> None:
    broader = closure(lexicon, ["garment/polo-shirt"])
    assert broader >= {"garment/polo-shirt", "garment/top"}
    assert "garment/t-shirt" not in broader


def test_a_sample_keeps_its_shares_and_is_drawn_alike_twice() -> None:
    found = [Miss(source, row, "红", "蓝", "红裙") for source in ("JD, found but no value", "Myntra, colour") for row in range(40)]  # fmt: skip
    drawn = sample([*found, *found])
    assert Counter(miss.source for miss in drawn) == {s: SHARES[s] for s in {m.source for m in found}}
    assert len(set(drawn)) == len(drawn)
    assert drawn == sample(found)
    assert drawn != sample(found, seed=1)


def test_a_hundred_errors_were_read_and_the_notes_say_of_what_cause() -> None:
    verdicts = read_verdicts()
    assert Counter(verdict.source for verdict in verdicts) == SHARES
    assert sum(SHARES.values()) == 100
    table = dict(re.findall(r"^\| ([^|]+?) \| (\d+) \|", NOTES.read_text(encoding="utf-8"), re.MULTILINE))
    assert Counter(verdict.cause for verdict in verdicts) == {cause: int(n) for cause, n in table.items()}


def test_errors_are_listed_with_their_texts_from_the_half_that_may_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "attributes" / "jave_zh_90").mkdir(parents=True)
    attributes = tmp_path / "attributes"
    texts = [f"第{i}款赤色星云连衣裙，腰间有系带" for i in range(20)]
    with (attributes / "advertisegen_zh_5000.jsonl").open("w", encoding="utf-8") as stream:
        for text in texts:
            stream.write(
                json.dumps({"content": "类型#裙*图案#星云", "summary": text}, ensure_ascii=False) + "\n"
            )
    (attributes / "jave_zh_90" / "a.tsv").write_text(
        "1\t2\t红色的真丝衬衫\t<颜色>红色</颜色>的真丝衬衫\n", encoding="utf-8"
    )
    titles = [f"Nameless Women Red Skirt {i}" for i in range(20)]
    with gzip.open(attributes / "myntra_titles_en.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write("baseColour,articleType,productDisplayName\n")
        stream.writelines(f"Blue,Skirts,{title}\n" for title in titles)
    main(["--data", str(tmp_path), "--only", "errors", "--listing", str(tmp_path / "errors.csv")])
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    by_source = {source: [row for row in rows if row["source"] == source] for source in SHARES}
    missed = by_source["AdvertiseGen, value not found"]
    assert [row["surface"] for row in missed] == ["星云"] * sum(map(is_even, texts))
    assert "系带" in {row["surface"] for row in by_source["AdvertiseGen, found but no value"]}
    assert {row["surface"] for row in by_source["JD, found but no value"]} == {"真丝"}
    wrong = by_source["Myntra, colour"]
    assert [(row["surface"], row["truth"]) for row in wrong] == [("Red", "Blue")] * min(
        15, sum(map(is_even, titles))
    )
    assert not by_source["Myntra, article type"]
    assert all(row["text"] in [*texts, *titles] or row["source"].startswith("JD") for row in rows)
