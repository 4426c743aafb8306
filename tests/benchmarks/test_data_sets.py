"""Benchmarks read data sets of other names and sizes, and say what is not there."""

from __future__ import annotations

import gzip
from datetime import date

import pytest
from benchmarks import sentiment
from benchmarks.data_sets import WEIBO, NoData, find_file, open_text
from benchmarks.discovery import weibo_titles
from benchmarks.known_cases import FIRST, cases_within, first_judged
from benchmarks.report import Report
from benchmarks.tag.chinese import jd_sentences


def test_the_usual_name_comes_first_and_another_is_told(tmp_path, capsys):
    (tmp_path / "posts").mkdir()
    with pytest.raises(NoData, match="weibo_hot_search"):
        find_file(tmp_path, WEIBO)
    (tmp_path / "posts" / "a_weibo.tsv").write_text("date\ttitle\n2024-01-01\t红裙\n", encoding="utf-8-sig")
    assert find_file(tmp_path, WEIBO).name == "a_weibo.tsv"
    assert "a_weibo.tsv is read for it" in capsys.readouterr().err
    assert weibo_titles(tmp_path).texts == ["红裙"]
    with gzip.open(tmp_path / WEIBO[0], "wt", encoding="utf-8") as file:
        file.write("date\torder\ttitle\n")
    assert find_file(tmp_path, WEIBO).name == WEIBO[0].split("/")[1]
    assert not capsys.readouterr().out
    with open_text(tmp_path / WEIBO[0]) as file:
        assert file.read().startswith("date")


def test_a_part_without_data_is_a_note_and_no_crash():
    report = Report("made")
    with report.part("reviews"):
        raise NoData("there are none")
    assert report.notes == ["reviews: left out: there are none"]
    with pytest.raises(ValueError, match="a defect"), report.part("reviews"):
        raise ValueError("a defect")


def test_cases_are_those_whose_rise_the_texts_can_show():
    assert [case.word for case in cases_within(date(2023, 5, 1), date(2023, 7, 1))] == ["多巴胺"]
    assert len(cases_within(date(2020, 11, 23), date(2024, 12, 30))) == 5
    assert not cases_within(date(2019, 1, 7), date(2019, 12, 30))
    assert first_judged(date(2020, 11, 23), date(2024, 12, 30)) == FIRST
    assert first_judged(date(2023, 1, 2), date(2023, 12, 25)) == date(2023, 1, 2)


def test_reviews_of_other_columns_are_read_and_too_few_are_refused(tmp_path):
    path = tmp_path / "cloth.csv"
    rows = [f"{i % 2},第{i}件" for i in range(40)]
    path.write_text("\n".join(["label,text", *rows, "unsure,不算"]), encoding="utf-8")
    assert len(sentiment.read(path, "x", "zh", None).texts) == 40
    path.write_text("label,text\n1,好\n0,坏\n", encoding="utf-8")
    with pytest.raises(NoData, match="too few"):
        sentiment.read(path, "x", "zh", None)


def test_sentences_of_another_folder_keep_their_file(tmp_path):
    folder = tmp_path / "attributes" / "some_jd"
    folder.mkdir(parents=True)
    (folder / "test.tsv").write_text("no columns\n1\tx\t红裙\t<色>红</色>裙\n", encoding="utf-8")
    (folder / "train.tsv").write_text("2\tx\t圆领\t<领>圆领</领>\n", encoding="utf-8")
    assert [(one.text, set(one.spans), one.is_unread) for one in jd_sentences(tmp_path)] == [
        ("红裙", {(0, 1)}, True),
        ("圆领", {(0, 2)}, False),
    ]
