"""trends, forecast, evaluate."""

from __future__ import annotations

import csv
import json
import math
from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipeline.small import write_csv
from serve.command_line import refused, well

from modacast.config import load_settings
from modacast.pipeline.board import latest_board
from modacast.pipeline.workspace import Workspace
from modacast.serve.cli import board_table
from modacast.serve.cli.trending import _select
from modacast.types import STAGES, TRENDS

START = date(2022, 1, 3)


def series(weeks: range) -> list[dict[str, object]]:
    """Two series that rise gently and swing a little."""
    return [
        {"unique_id": name, "ds": (START + timedelta(weeks=i)).isoformat(), "y": round(at + 0.1 * i + (i % 3) / 5, 3)}
        for name, at in (("red", 10), ("blue", 30))
        for i in weeks
    ]  # fmt: skip


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def past(tmp_path):
    return write_csv(tmp_path / "past.csv", series(range(80)))


# -- trends -----------------------------------------------------------------------------------------------


def test_the_board_is_a_table_with_whole_names(project):
    done = well("trends", "-c", project.folder)
    lines = done.out.splitlines()
    assert lines[0].split()[:3] == ["趋势", "类别", "阶段"]
    assert any(line.startswith("马面裙 ") and " 萌芽 " in line for line in lines)
    assert not any(stage in done.out for stage in STAGES)
    assert "…" not in done.out
    assert "trends; --json or --out" in done.err
    assert len(well("trends", "-c", project.folder, "--top", 2).out.splitlines()) == 3
    assert "\ntrench coat " in well("trends", "-c", project.folder, "--lang", "en").out


@pytest.mark.parametrize(("width", "spared"), [
    (240, set()), (86, {"mentions"}), (40, {"mentions", "mood", "facet", "chance", "since"}),
])  # fmt: skip
def test_a_narrow_terminal_is_spared_columns_but_not_the_sorted_one(project, monkeypatch, width, spared):
    monkeypatch.setattr(board_table, "terminal_width", lambda: width)
    lines = well("trends", "-c", project.folder, "--lang", "en", "--top", 3).out.splitlines()
    heads = lines[0].split()
    assert spared.isdisjoint(heads)
    assert {"trend", "stage", "share", "growth", "forecast", "sure"} <= set(heads)
    assert ("since" in heads) == (width > 40)
    assert (" .. " in lines[1]) == (width > 40)
    for sort, head in (("chance", "chance"), ("mentions", "mentions"), ("confidence", "sure")):
        sorted_so = well("trends", "-c", project.folder, "--lang", "en", "--sort", sort).out
        assert head in sorted_so.splitlines()[0].split()


def test_a_board_of_nothing_says_why(project, monkeypatch):
    empty = {
        name: table.slice(0, 0)
        for name, table in latest_board(Workspace(load_settings(project.folder))).items()
    }
    monkeypatch.setattr("modacast.pipeline.board.latest_board", lambda workspace: empty)
    assert "no trends: too few texts" in well("trends", "-c", project.folder).err


def test_what_rises_from_nothing_has_grown_most(project):
    board = pl.DataFrame(
        well("trends", "-c", project.folder, "--json").rows(), schema_overrides={"growth": float}
    )
    first, last = board["element_id"][0], board["element_id"][-1]
    new = board.with_columns(
        growth=pl.when(pl.col("element_id").is_in([first, last])).then(None).otherwise(pl.col("growth")),
        stage=pl.when(pl.col("element_id") == last).then(pl.lit("emerging")).otherwise(pl.lit("steady")),
    )
    sorted_ids = _select(
        new.to_arrow(), segment="all", stage=None, facet=None, sort="growth", ascending=False
    )
    assert sorted_ids["element_id"].to_pylist()[0] == last
    assert sorted_ids["element_id"].to_pylist()[-1] == first


def test_chances_that_are_alike_stand_by_confidence(project):
    board = pl.DataFrame(well("trends", "-c", project.folder, "--json").rows()).with_columns(
        chance_of_growth=0.95
    )
    found = _select(board.to_arrow(), segment="all", stage=None, facet=None, sort="chance", ascending=False)
    sure = found["confidence"].to_pylist()
    assert sure == sorted(sure, reverse=True)


def test_what_falls_most_may_stand_first(project):
    growths = [row["growth"] for row in well("trends", "-c", project.folder, "--json", "--ascending").rows()]
    known = [value for value in growths if value is not None]
    assert known == sorted(known)
    assert growths[: len(known)] == known


def _board(*rows):
    base = {"segment": "all", "as_of": START, "stage": "emerging", "level": 0.1, "confidence": 0.5, "n_mentions": 9,
            "first_seen": START, "peak": START, "why": "", "evidence_ids": [], "goes_with": []}  # fmt: skip
    return pa.Table.from_pylist([base | row for row in rows], schema=TRENDS)


def test_what_rose_from_nothing_stands_before_what_grew():
    board = _board(
        {"element_id": "a/grew", "growth": 3.0},
        {"element_id": "b/one-text", "growth": None, "stage": "steady"},
        {"element_id": "c/new", "growth": None},
    )
    options = {"segment": "all", "stage": None, "facet": None, "sort": "growth"}
    names = _select(board, **options, ascending=False)["element_id"].to_pylist()
    assert names == ["c/new", "a/grew", "b/one-text"]
    assert _select(board, **options, ascending=True)["element_id"].to_pylist() == [
        "a/grew",
        "c/new",
        "b/one-text",
    ]


def test_the_share_to_come_is_told_where_there_was_nothing_to_compare_it_with():
    (new,) = _board({"element_id": "c/new", "growth": None, "forecast_growth": None}).to_pylist()
    assert board_table.foreseen(new, 0.031) == "→ 3.1\u202f%"
    assert board_table.foreseen(new, None) == board_table.foreseen(new | {"level": 0.0}, 0.031) == "–"


def test_stage_facet_segment_and_sort_choose(project):
    def found(*options):
        return well("trends", "-c", project.folder, "--json", *options).rows()

    everything = found()
    assert {row["segment"] for row in everything} == {"all"}
    steady = found("--stage", "steady")
    assert steady == [row for row in everything if row["stage"] == "steady"] != []
    footwear = found("--facet", "footwear")
    assert footwear == [row for row in everything if row["element_id"].startswith("footwear/")] != []
    levels = [row["level"] for row in found("--sort", "level")]
    assert levels == sorted(levels, reverse=True) != [row["level"] for row in everything]
    assert {row["segment"] for row in found("--segment", "lang=zh")} == {"lang=zh"}


@pytest.mark.parametrize(("name", "read"), [
    ("board.csv", read_csv),
    ("board.jsonl", lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]),
    ("board.parquet", lambda path: pq.read_table(path).to_pylist()),
])  # fmt: skip
def test_the_board_as_a_file_has_all_rows_and_columns(project, tmp_path, name, read):
    done = well("trends", "-c", project.folder, "--out", tmp_path / name)
    assert done.out == ""
    assert f"to {tmp_path / name}" in done.err
    rows = read(tmp_path / name)
    shown = well("trends", "-c", project.folder, "--json").rows()
    assert [row["element_id"] for row in rows] == [row["element_id"] for row in shown]
    assert [float(row["level"]) for row in rows] == [row["level"] for row in shown]
    assert list(rows[0]) == TRENDS.names


@pytest.mark.parametrize("name", ["garment/mamian-skirt", "马面裙"])
def test_one_trend_comes_with_forecast_and_evidence(project, name):
    told = well("trends", name, "-c", project.folder, "--json").json()
    assert {row["element_id"] for row in told["trends"]} == {"garment/mamian-skirt"}
    assert len(told["forecast"]) == 8
    assert all(row["lo_80"] <= row["y_hat"] <= row["hi_80"] for row in told["forecast"])
    ids = {doc_id for row in told["trends"] for doc_id in row["evidence_ids"]}
    assert {row["id"] for row in told["evidence"]} == ids
    assert any("马面裙" in row["text"] for row in told["evidence"])
    assert [card["steps_ago"] for card in told["scorecard"]] == [4, 8, 13, 26]
    assert all(card["unique_id"] == "garment/mamian-skirt|all" for card in told["scorecard"])
    text = well("trends", name, "-c", project.folder).out
    assert "26 周前（" in text
    assert "，实为 " in text
    assert text.startswith("马面裙  (garment/mamian-skirt)\n")
    assert text.splitlines()[1].startswith("  自 2024 年 1 月起萌芽，声量 ")
    assert "阶段判断" in text.splitlines()[1]
    assert "80 %:" in text
    assert "在区间" in text
    assert "最近 8 周声量" in text
    assert "garment/mamian-skirt is" not in text
    english = well("trends", name, "-c", project.folder, "--lang", "en").out
    assert "26 weeks ago (" in english
    assert "share over the last 8 weeks" in english
    assert "has been emerging since Jan 2024, share of voice " in english.splitlines()[1]


def test_one_trend_in_one_segment_and_as_a_file_of_weeks(project, tmp_path):
    name = "garment/mamian-skirt"
    told = well("trends", name, "-c", project.folder, "--segment", "lang=zh", "--json").json()
    assert {row["unique_id"] for row in told["forecast"]} == {f"{name}|lang=zh"}
    done = well(
        "trends", name, "-c", project.folder, "--segment", "lang=zh", "--out", tmp_path / "weeks.parquet"
    )
    assert done.out == ""
    weeks = pq.read_table(tmp_path / "weeks.parquet").to_pylist()
    assert {row["unique_id"] for row in weeks} == {f"{name}|lang=zh"}
    assert [row["y_hat"] for row in weeks if row["y_hat"] is not None] == [
        r["y_hat"] for r in told["forecast"]
    ]
    assert any(row["y"] is not None for row in weeks)


def test_evidence_is_of_the_segment_a_line_each(project):
    zh = well("trends", "马面裙", "-c", project.folder, "--segment", "lang=zh").out
    shown = zh[zh.index("证据:") :].splitlines()[1:]
    quoted = [line for line in shown if line.startswith("    “")]
    assert quoted
    assert all("” " in line for line in quoted)


@pytest.mark.parametrize(("args", "answer"), [
    (["garment/jeanz"], "did you mean 'garment/jeans'"),
    (["garment/blazer"], "not on the board"),
    (["--stage", "risng"], "did you mean 'rising'"),
    (["--facet", "colour"], "did you mean 'color'"),
    (["--sort", "grwth"], "did you mean 'growth'"),
    (["--segment", "lang=xx"], "did you mean 'lang="),
    (["马面裙", "--segment", "lang=xx"], "did you mean 'lang="),
    (["--lang", "xx"], "no names in 'xx'"),
    (["--out", "board.xls"], "use .csv, .tsv, .json, .jsonl or .parquet"),
], ids=lambda value: str(value[-1]) if isinstance(value, list) else "")  # fmt: skip
def test_what_is_not_there_gets_the_nearest_names(project, args, answer):
    assert answer in refused("trends", *args, "-c", project.folder)


# -- forecast ---------------------------------------------------------------------------------------------


def test_a_forecast_as_csv_has_both_intervals(past, tmp_path):
    done = well("forecast", past, "--horizon", 6, "--out", tmp_path / "f.csv")
    assert done.out == ""
    rows = read_csv(tmp_path / "f.csv")
    assert [row["unique_id"] for row in rows] == ["blue"] * 6 + ["red"] * 6
    assert rows[0]["ds"] == (START + timedelta(weeks=80)).isoformat()
    bounds = ["lo_90", "lo_80", "y_hat", "hi_80", "hi_90"]
    for row in rows:
        numbers = [float(row[name]) for name in bounds]
        assert numbers == sorted(numbers)
        assert numbers[0] < numbers[-1]
    for row, near in ((rows[0], 38), (rows[6], 18)):
        assert abs(float(row["y_hat"]) - near) < 1.5


def test_levels_are_those_that_were_asked_for_and_json_is_lines(past):
    rows = well("forecast", past, "--horizon", 2, "--level", 50, "--level", 95, "--json").rows()
    assert len(rows) == 4
    assert [name for name in rows[0] if name[:3] in {"lo_", "hi_"}] == ["lo_50", "hi_50", "lo_95", "hi_95"]
    assert all(math.isfinite(row["y_hat"]) for row in rows)


def test_a_mapped_column_takes_the_place_of_one_of_that_name(past, tmp_path):
    rows = [
        {"unique_id": row["unique_id"], "week": row["ds"], "y": 0, "sold": row["y"]}
        for row in series(range(80))
    ]
    other = write_csv(tmp_path / "sold.csv", rows)
    args = ("--horizon", 2, "--json")
    mapped = well("forecast", other, "--column", "y=sold", "--column", "ds=week", *args).rows()
    assert [row["y_hat"] for row in mapped] == [row["y_hat"] for row in well("forecast", past, *args).rows()]


@pytest.mark.parametrize(("content", "options", "answer"), [
    ("unique_id,ds,y\n", [], "series"),
    ("", [], "is empty"),
    ("unique_id,ds,y\na,gestern,1\na,heute,2\n", [], "row 1: column 'ds' is no date: 'gestern'"),
    ("unique_id,ds,y\na,2024-01-01,x\na,2024-01-08,2\n", [], "row 1: column 'y' is no number: 'x'"),
    ("unique_id,date,y\na,2024-01-01,1\n", [], "no column 'ds'"),
    ("unique_id,date,y\na,2024-01-01,1\n", ["--column", "ds=dat"], "did you mean 'date'"),
    ("unique_id,date,y\na,2024-01-01,1\n", ["--column", "ds"], "NAME=COLUMN"),
    ("unique_id,ds,y\na,2024-01-01,1\na,2024-01-08,2\n", [], "at least 8 weeks are needed"),
    ("unique_id,ds,y\na,2024-01-01,1\na,2024-01-08,2\n", ["--level", 150], "from 1 to 99"),
    ("unique_id,ds,y\na,2024-01-01,1\na,2024-01-08,2\n", ["--freq", "fortnight"], "W, D or M"),
])  # fmt: skip
def test_series_that_cannot_be_forecast_say_why(tmp_path, content, options, answer):
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    assert answer in refused("forecast", path, *options)


@pytest.mark.parametrize("name", ["bytes.csv", "bytes.csv.gz", "bytes.jsonl", "bytes.parquet"])
def test_bytes_that_are_no_series_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)) * 20)
    assert str(tmp_path / name) in refused("forecast", tmp_path / name)


@pytest.mark.parametrize("horizon", [0, -1, 100_000])
def test_a_horizon_out_of_reach_is_refused(past, horizon):
    assert f"got {horizon}" in refused("forecast", past, "--horizon", horizon)


def test_a_missing_file_is_answered_with_the_nearest(past):
    assert "did you mean 'past.csv'" in refused("forecast", past.with_name("pasd.csv"))
    assert "cannot tell the format" in refused("forecast", past.rename(past.with_suffix(".docx")))


# -- evaluate ---------------------------------------------------------------------------------------------


def test_forecasts_are_scored_against_the_truth(past, tmp_path):
    truth = write_csv(tmp_path / "truth.csv", series(range(80, 84)))
    made = [row | {"y_hat": float(row["y"]) + 0.3, "lo_80": float(row["y"]) - 1, "hi_80": float(row["y"]) + i % 2 - 0.5}
            for i, row in enumerate(series(range(80, 84)))]  # fmt: skip
    forecasts = write_csv(tmp_path / "made.csv", [{k: v for k, v in row.items() if k != "y"} for row in made])
    scores = well("evaluate", "forecast", forecasts, truth, past, "--season", 3).json()
    assert (scores["n_series"], scores["n_points"]) == (2, 8)
    # three steps on, each series has risen by 0.3, and every forecast is off by 0.3
    assert scores["mase"]["value"] == pytest.approx(1, abs=1e-6)
    assert scores["coverage_80"]["value"] == 0.5
    assert scores["smape"]["low"] <= scores["smape"]["value"] <= scores["smape"]["high"]


def test_lists_are_scored_against_what_was_taken(tmp_path):
    lists = write_csv(tmp_path / "lists.csv", [
        {"user": user, "item_id": item, "rank": rank}
        for user, shown in (("a", (1, 2)), ("b", (3, 4))) for rank, item in enumerate(shown, 1)
    ])  # fmt: skip
    truth = write_csv(tmp_path / "taken.csv", [{"user": "a", "item_id": 1}, {"user": "b", "item_id": 9}])
    scores = well("evaluate", "recommend", lists, truth, "-k", 2).json()
    assert {name: scores[name]["value"] for name in ("map", "ndcg", "recall", "hit_rate")} == {
        "map": 0.5, "ndcg": 0.5, "recall": 0.5, "hit_rate": 0.5
    }  # fmt: skip
    assert scores["n_users"] == 2
    assert "k >= 1" in refused("evaluate", "recommend", lists, truth, "-k", 0)
    assert "no column 'rank'" in refused("evaluate", "recommend", truth, truth)


def test_files_that_do_not_meet_are_told(past, tmp_path):
    truth = write_csv(tmp_path / "truth.csv", series(range(80, 84)))
    assert "no column 'y_hat'" in refused("evaluate", "forecast", truth, truth, past)
    made = write_csv(tmp_path / "made.csv", [row | {"y_hat": 1} for row in series(range(90, 94))])
    assert "no forecast meets a true value" in refused("evaluate", "forecast", made, truth, past)
