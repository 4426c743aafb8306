"""style."""

from __future__ import annotations

from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from pipeline.small import write_csv
from serve.command_line import refused, well

pytestmark = pytest.mark.slow


def test_a_text_has_styles_with_reasons():
    done = well("style", "盘扣立领上衣配马面裙，新中式")
    assert "新中式" in done.out.splitlines()[0]
    assert "写明：新中式" in done.out
    found = well("style", "gorpcore with a shell jacket", "--lang", "en", "--json", "-k", 2).json()
    assert found["styles"][0]["style_id"] == "style/gorpcore"
    assert {"named", "element", "meaning"} >= {r["kind"] for r in found["styles"][0]["reasons"]}
    assert len(found["styles"]) <= 2


def test_a_text_without_clothes_has_none():
    assert well("style", "今天天气很好").out.strip() == "看不出风格"
    assert well("style", "", "--json").json()["styles"] == []


def test_products_shoppers_and_brands(project):
    item = well("style", "--item", "p0", "-c", project.folder, "--json").json()
    assert item["styles"][0]["style_id"] in {"style/hanfu-style", "style/neo-chinese"}
    user = well("style", "--user", "customer-0@example.com", "-c", project.folder, "--json").json()
    assert user["n_read"] == 2
    assert "did you mean 'p1" in refused("style", "--item", "p111", "-c", project.folder)
    assert "nothing is known" in refused("style", "--user", "nobody", "-c", project.folder)
    assert "brand is empty" in refused("style", "--brand", " ", "-c", project.folder)
    assert "names the brand 'Gap'" in refused("style", "--brand", "Gap", "-c", project.folder)
    assert well("style", "--brand", "红色马面裙", "-c", project.folder, "--json").json()["n_read"] == 1


def test_who_did_not_agree_has_no_profile(home, project):
    well("privacy", "consent", "customer-0@example.com", "anonymous", "-c", project.folder, "--home", home)
    said = refused("style", "--user", "customer-0@example.com", "-c", project.folder, "--home", home, code=1)
    assert "did not agree" in said


def test_explained_lists_begin_with_the_shoppers_styles(project):
    said = well("recommend", "-u", "customer-0@example.com", "--explain", "-k", 2, "-c", project.folder).out
    assert said.splitlines()[1].startswith("  风格: ")
    plain = well("recommend", "-u", "customer-0@example.com", "-k", 2, "-c", project.folder).out
    assert "风格: " not in plain
    without = (
        "recommend",
        "-u",
        "customer-0@example.com",
        "--explain",
        "--no-personal",
        "-k",
        2,
        "-c",
        project.folder,
    )
    assert "风格: " not in well(*without).out


def test_a_file_of_texts_becomes_a_table(tmp_path):
    path = write_csv(tmp_path / "texts.csv", [{"id": "a", "text": "新中式上衣"}, {"id": "b", "text": "天气"}])
    well("style", "--file", path, "--out", tmp_path / "styles.parquet", "-k", 2)
    rows = pq.read_table(tmp_path / "styles.parquet").to_pylist()
    assert rows[0]["style_id"] == "style/neo-chinese"
    assert {row["id"] for row in rows} == {"a"}


def test_the_map_is_one_svg_file(project, tmp_path):
    well("style", "--out", tmp_path / "map.svg", "-c", project.folder, "--lang", "en")
    drawn = (tmp_path / "map.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(drawn)
    names = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Hanfu style" in names
    assert len(names) == len(set(names))
    assert "http://" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_wrong_use_is_refused():
    assert "name a TEXT" in refused("style")
    assert "name one of" in refused("style", "裙", "--item", "p0")
    assert "k is at least 1" in refused("style", "裙", "-k", "0")
    assert "goes with --file" in refused("style", "裙", "--out", "a.csv")
    assert "there is no file" in refused("style", "--file", "nowhere.csv")
    assert "--lang is zh or en" in refused("style", "裙", "--lang", "xx")
