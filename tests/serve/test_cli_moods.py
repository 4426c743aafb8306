"""sentiment, evaluate sentiment."""

from __future__ import annotations

import csv
import io

import pytest
from pipeline.small import write_csv
from serve.command_line import refused, well


@pytest.fixture
def reviews(tmp_path):
    rows = [{"id": "a", "text": "质量很好，穿着舒服", "label": "positive"}, {"id": "b", "text": "起球掉色，差评", "label": "negative"},
            {"id": "c", "text": "What size should I order?", "label": "neutral"}]  # fmt: skip
    return write_csv(tmp_path / "reviews.csv", rows)


def table(done):
    """Read CSV."""
    return list(csv.DictReader(io.StringIO(done.out)))


def test_moods_of_a_file(reviews, tmp_path):
    rows = table(well("sentiment", reviews))
    assert [row["label"] for row in rows] == ["positive", "negative", "neutral"]
    assert [row["lang"] for row in rows] == ["zh", "zh", "en"]
    assert all(
        abs(float(row["negative"]) + float(row["neutral"]) + float(row["positive"]) - 1) < 0.001
        for row in rows
    )
    assert "reasons" not in rows[0]
    explained = table(well("sentiment", reviews, "--explain"))
    assert "舒服 +" in explained[0]["reasons"]
    words = table(well("sentiment", reviews, "--words"))
    assert [row["label"] for row in words][:2] == ["positive", "negative"]
    assert "no sentiment model" in refused("sentiment", reviews, "--model", tmp_path)


def test_moods_against_a_truth(reviews, tmp_path):
    well("sentiment", reviews, "--out", tmp_path / "moods.csv")
    score = well("evaluate", "sentiment", reviews, tmp_path / "moods.csv").json()
    assert score["accuracy"]["value"] == 1
    assert score["macro_f1"]["value"] == 1
    assert score["n_texts"] == 3
    assert score["log_loss"]["value"] > 0
    stars = write_csv(
        tmp_path / "stars.csv", [{"id": "a", "stars": 1}, {"id": "b", "stars": 2}, {"id": "x", "stars": 5}]
    )
    score = well("evaluate", "sentiment", stars, tmp_path / "moods.csv").json()
    assert score["accuracy"]["value"] == 0.5
    assert score["n_missing"] == 1


def test_truths_that_do_not_fit(reviews, tmp_path):
    other = write_csv(tmp_path / "other.csv", [{"id": "z", "label": "positive"}])
    assert "no prediction meets" in refused("evaluate", "sentiment", reviews, other)
    wrong = write_csv(tmp_path / "wrong.csv", [{"id": "a", "label": "nice"}])
    assert "no mood" in refused("evaluate", "sentiment", reviews, wrong)
    assert "label" in refused(
        "evaluate", "sentiment", write_csv(tmp_path / "none.csv", [{"id": "a"}]), reviews
    )
