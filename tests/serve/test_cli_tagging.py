"""tag --values, evaluate tag."""

from __future__ import annotations

import json

import pytest
from pipeline.small import write_csv
from serve.command_line import refused, well


def mention(text_id, element_id, start=0, end=2):
    """One row."""
    return {"id": text_id, "element_id": element_id, "start": start, "end": end}


@pytest.fixture
def truth(tmp_path):
    rows = [mention("a", "color/red"), mention("a", "garment/dress", 2, 5), mention("b", "color/red"),
            mention("c", "", "", "")]  # fmt: skip
    return write_csv(tmp_path / "truth.csv", rows)


def test_places_and_elements_must_agree(truth, tmp_path):
    made = write_csv(
        tmp_path / "made.csv",
        [mention("a", "color/red"), mention("a", "garment/dress", 2, 4), mention("c", "fabric/silk"),
         mention("not asked", "fabric/silk")],
    )  # fmt: skip
    score = well("evaluate", "tag", truth, made).json()
    assert (score["n_texts"], score["n_true"], score["n_found"], score["by"]) == (3, 3, 3, "place")
    assert score["precision"]["value"] == pytest.approx(1 / 3)
    assert score["recall"]["value"] == pytest.approx(1 / 3)
    assert score["f1"]["low"] <= score["f1"]["value"] <= score["f1"]["high"]
    assert score["facets"]["color"] == {
        "n_true": 2, "n_found": 1, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)
    }  # fmt: skip
    assert {"kind": "wrong", "element_id": "fabric/silk", "n": 1} in score["errors"]
    assert {"kind": "missed", "element_id": "color/red", "n": 1} in score["errors"]
    assert len(well("evaluate", "tag", truth, made, "--errors", 1).json()["errors"]) == 1


def test_without_places_an_element_counts_once_a_text(tmp_path):
    truth = write_csv(tmp_path / "t.csv", [{"id": "a", "element_id": "color/red"}])
    made = write_csv(tmp_path / "m.csv", [mention("a", "color/red"), mention("a", "color/red", 5, 7)])
    score = well("evaluate", "tag", truth, made).json()
    assert (score["by"], score["n_found"], score["f1"]["value"]) == ("text", 1, 1)


def test_a_facet_alone_may_be_the_truth(tmp_path):
    truth = write_csv(tmp_path / "t.csv", [mention("a", "color"), mention("a", "garment/dress", 2, 5)])
    made = write_csv(tmp_path / "m.csv", [mention("a", "color/red"), mention("a", "garment/skirt", 2, 5)])
    score = well("evaluate", "tag", truth, made).json()
    assert score["facets"]["color"]["f1"] == 1
    assert score["facets"]["garment"]["f1"] == 0


def test_what_the_tagger_writes_scores_itself_perfectly(tmp_path):
    texts = write_csv(
        tmp_path / "texts.csv", [{"id": "a", "text": "碎花连衣裙配白色板鞋"}, {"id": "b", "text": "今天下雨"}]
    )
    well("tag", texts, "--words", "--out", tmp_path / "tags.csv")
    score = well("evaluate", "tag", tmp_path / "tags.csv", tmp_path / "tags.csv").json()
    assert score["f1"] == {"value": 1, "low": 1, "high": 1}
    assert score["n_true"] >= 3


def test_files_that_do_not_fit(truth, tmp_path):
    none = write_csv(tmp_path / "none.csv", [{"id": "a", "start": 0, "end": 1}])
    assert "no column 'element_id'" in refused("evaluate", "tag", truth, none)
    odd = write_csv(tmp_path / "odd.csv", [mention("a", "colour/red")])
    assert "neither an element nor a facet" in refused("evaluate", "tag", odd, truth)
    words = write_csv(tmp_path / "words.csv", [mention("a", "color/red", "first", "last")])
    assert "whole numbers" in refused("evaluate", "tag", words, truth)
    gap = write_csv(tmp_path / "gap.csv", [mention("a", "color/red", 0, ""), mention("a", "color/red")])
    assert "no start or no end" in refused("evaluate", "tag", gap, truth)
    assert "0 or more" in refused("evaluate", "tag", truth, truth, "--errors", -1)


def test_values_of_products_are_listed(tmp_path):
    texts = write_csv(
        tmp_path / "texts.csv",
        [{"id": "a", "text": "橙色与黑色的圆领毛衣，下摆舒适"}, {"id": "b", "text": "今天下雨"}],
    )
    well("tag", texts, "--values", "--out", tmp_path / "values.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "values.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["doc_id"], row["attribute"], row["value"]) for row in rows] == [
        ("a", "color", "橙色与黑色"), ("a", "neckline", "圆领")
    ]  # fmt: skip
    well("tag", texts, "--values", "--out", tmp_path / "values.csv")
    assert "color/orange" in (tmp_path / "values.csv").read_text(encoding="utf-8")
    assert "ask for one" in refused("tag", texts, "--values", "--spans")
