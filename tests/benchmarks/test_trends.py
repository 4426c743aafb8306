"""The benchmark of forecasts runs through on small panels written here, whatever their names, and without some."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from benchmarks import trends
from benchmarks.data_sets import NoData
from benchmarks.trend_data import SEARCHES, SNEAKERS, read_long, read_wide, series_file

N_WEEKS = 52 * 4 + 4


def wide_frame(n_series: int, n_weeks: int = N_WEEKS) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    steps = np.arange(n_weeks)
    season = 1 + 0.4 * np.sin(2 * np.pi * (steps / 52 + rng.random((n_series, 1))))
    y = 0.01 * season * np.exp(rng.normal(0, 0.1, (n_series, n_weeks)))
    days = (np.datetime64("2019-01-07") + 7 * steps).astype("datetime64[D]")
    return pl.DataFrame({"date": days, **{f"s{i:02d}": row for i, row in enumerate(y)}})


def write(path: Path, frame: pl.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_csv(path)
    return path


def run(folder: Path, *more: str) -> dict:
    trends.main(["--data", str(folder), "--quick", "--json", str(folder / "out.json"), *more])
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))


@pytest.fixture
def briefly(monkeypatch):
    """Time a few series alone, and ask the fast peers alone."""
    monkeypatch.setattr(trends, "PEERS", {"seasonal naive": trends.PEERS["seasonal naive"]})
    _time = trends._time
    monkeypatch.setattr(trends, "_time", lambda report, **_: _time(report, n_series=3, n_weeks=120))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("briefly")
def test_a_panel_of_another_name_is_measured_and_what_is_not_there_is_named(tmp_path, capsys):
    write(tmp_path / "trends" / "bags_fr" / "bags.csv", wide_frame(7))
    body = run(tmp_path, "--test")
    rows = {(row["row"], row["metric"], row["peer"]): row for row in body["rows"]}
    test = rows["2022", "MASE", None]
    assert 0 < test["value"] < rows["2022", "MASE", "seasonal naive"]["value"]
    assert (test["must"], test["ahead"]) == (0.795, 0.77)
    assert ("bags 2021-2022", "MASE", None) in rows
    for third in ("smallest", "middle", "largest"):
        covered = rows[f"bags 2021-2022, {third} third of series", "coverage of the 80 % interval", None]
        assert 0 <= covered["value"] <= 1
    assert ("bags known for 8 weeks, 26 ahead", "MASE", "last value") in rows
    assert any("searches: left out" in note for note in body["notes"])
    assert any("sales: left out" in note for note in body["notes"])
    assert "bags.csv is read for it" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("briefly")
def test_a_panel_that_is_too_short_and_one_of_another_step_are_left_out(tmp_path):
    write(tmp_path / SNEAKERS, wide_frame(3, 120))
    monthly = wide_frame(2).gather_every(4)
    write(tmp_path / SEARCHES, monthly.unpivot(index="date", variable_name="word", value_name="searches"))
    notes = run(tmp_path)["notes"]
    assert any("120 weeks are too few" in note for note in notes)
    assert any("does not go week by week" in note for note in notes)


def test_stored_forecasts_are_scored_where_they_are_of_the_same_series_and_weeks(tmp_path):
    frame = wide_frame(4)
    path = write(tmp_path / SNEAKERS, frame)
    write(path.parent / "forecast_mine.csv", frame.tail(52))
    write(path.parent / "forecast_other.csv", wide_frame(2).tail(52))
    write(path.parent / "forecast_early.csv", frame.head(52))
    report = trends.Report("trends")
    trends._score_stored(report, path.parent, read_wide(path), N_WEEKS - 52)
    assert [(row.peer, row.value) for row in report.rows] == [("mine", 0.0)]
    assert len(report.notes) == 2
    (path.parent / "mean_errors_ranking.csv").write_text(",mase\nmine,0.25\n", encoding="utf-8")
    trends._score_stored(report, path.parent, read_wide(path), N_WEEKS - 52)
    assert report.rows[-1].metric == "largest gap to published"
    assert report.rows[-1].value == pytest.approx(0.25)


def test_long_and_wide_files_are_told_apart_and_give_the_same_series(tmp_path):
    frame = wide_frame(3)
    write(tmp_path / "trends" / "a.csv", frame.unpivot(index="date", variable_name="word", value_name="n"))
    write(tmp_path / "trends" / "b.csv", frame)
    write(tmp_path / "trends" / "forecast_c.csv", frame)
    wide = read_wide(series_file(tmp_path, SNEAKERS, is_wide=True))
    long = read_long(series_file(tmp_path, SEARCHES, is_wide=False))
    assert wide.ids == long.ids == ["s00", "s01", "s02"]
    np.testing.assert_allclose(wide.y, long.y)
    assert wide.weeks.tolist() == frame["date"].to_list()


def test_series_with_gaps_are_left_out(tmp_path, capsys):
    frame = wide_frame(3)
    holed = frame.with_columns(s01=pl.Series([None, *frame["s01"].to_list()[1:]]))
    path = write(tmp_path / "x.csv", holed)
    assert read_wide(path).ids == ["s00", "s02"]
    assert "1 of 3 series have gaps" in capsys.readouterr().err
    with pytest.raises(NoData, match="every series has gaps"):
        read_wide(write(tmp_path / "y.csv", holed.select("date", "s01")))
