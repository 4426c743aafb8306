"""trends: what surrounds one, several side by side, and narrower boards."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from serve.command_line import refused, well


def test_one_trend_tells_what_surrounds_it(project):
    said = well("trends", "马面裙", "-c", project.folder).out
    assert "货架上: 红色马面裙 [p0]" in said
    assert "谁在谈: 语言 中文" in said
    assert "首次出现于" in said
    assert " view" not in said
    found = well("trends", "马面裙", "-c", project.folder, "--json").json()
    assert {"against", "bonds", "split", "mood", "look_alikes", "carriers"} <= set(found)
    assert {row["item_id"] for row in found["carriers"]} == {"p0", "p1"}
    assert all(row["n_mentions"] > 0 for row in found["mood"])
    assert "products: " in well("trends", "马面裙", "-c", project.folder, "--lang", "en").out


@pytest.mark.parametrize("name", ["jeans", "牛仔裤", "ジーンズ", "청바지", "garment/jeans", "JEANS"])
def test_an_element_is_found_in_any_language(project, name):
    assert "(garment/jeans)" in well("trends", name, "-c", project.folder).out


def test_near_misses_are_offered(project):
    assert "did you mean 'garment/jeans'" in refused("trends", "garment/jean", "-c", project.folder)
    assert "马面裙" in refused("trends", "马面裙x", "-c", project.folder)


def test_trends_side_by_side_as_table_weeks_and_picture(project, tmp_path):
    lines = well(
        "trends", "--compare", "马面裙,jeans", "--compare", "衬衫", "-c", project.folder
    ).out.splitlines()
    assert lines[0].split() == ["马面裙", "牛仔裤", "衬衫"]
    assert lines[1].split()[:2] == ["阶段", "萌芽"]
    shown = dict(zip(["", *lines[0].split()], lines[6].split(), strict=True))
    assert shown[""] == "把握"
    assert "100%" not in shown.values()  # nothing is told as certain
    well("trends", "--compare", "马面裙,jeans", "-c", project.folder, "--out", tmp_path / "weeks.parquet")
    weeks = pq.read_table(tmp_path / "weeks.parquet")
    assert set(weeks["unique_id"].to_pylist()) == {"garment/mamian-skirt|all", "garment/jeans|all"}
    well("trends", "--compare", "马面裙,jeans", "-c", project.folder, "--out", tmp_path / "two.svg")
    root = ElementTree.parse(tmp_path / "two.svg").getroot()
    said = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"马面裙", "牛仔裤"} <= set(said)
    lines = [node.get("class") for node in root.iter("{http://www.w3.org/2000/svg}line")]
    assert {"e s0", "e s1"} <= set(lines)  # each name is tied to its line
    two = tmp_path / "two.svg"
    well("trends", "--compare", "马面裙,jeans", "-c", project.folder, "--lang", "en", "--out", two)
    assert ">Jeans<" in two.read_text(encoding="utf-8")
    board = well("trends", "--compare", "马面裙,jeans", "-c", project.folder, "--json").rows()
    assert {row["element_id"] for row in board} == {"garment/mamian-skirt", "garment/jeans"}


def test_too_few_and_too_many_are_refused(project):
    assert "2 to 8" in refused("trends", "--compare", "jeans", "-c", project.folder)
    many = ",".join(["jeans", "dress", "shirt", "coat", "skirt", "top", "bag", "shoe", "hat"])
    assert "2 to 8" in refused("trends", "--compare", many, "-c", project.folder)
    assert "not on the board" in refused("trends", "--compare", "jeans,kilt", "-c", project.folder)


def test_since_and_least_share_narrow_the_board(project, tmp_path):
    rows = well("trends", "-c", project.folder, "--json", "--since", "2023-12-25", "--min-share", "1").rows()
    assert {row["element_id"] for row in rows} >= {"garment/mamian-skirt"}
    assert all(row["level"] >= 0.01 and row["rising_since"] >= "2023-12-25" for row in rows)
    assert well("trends", "-c", project.folder, "--json", "--since", "2030-01-01").out == ""
    assert "--since is a day" in refused("trends", "-c", project.folder, "--since", "soon")
    assert "in per cent" in refused("trends", "-c", project.folder, "--min-share", "200")
    well("trends", "-c", project.folder, "--out", tmp_path / "board.json")
    assert json.loads((tmp_path / "board.json").read_text(encoding="utf-8"))[0]["element_id"]
