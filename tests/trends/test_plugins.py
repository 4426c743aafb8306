"""Forecasters of other packages: a tiny one is registered as an installed package would."""

from __future__ import annotations

import sys
import types
from datetime import timedelta
from importlib.metadata import EntryPoint

import numpy as np
import pyarrow as pa
import pytest
from made_panels import make_series, wave

from modacast.errors import InvalidInput, MissingExtra, ModacastError, NotFitted, NotFound
from modacast.trends import forecaster_names, load_forecaster, plugins


class LastValue:
    """Repeats the last value, and stands where `path` points."""

    def __init__(self, *, path, freq, levels):
        self.path, self.levels = path, levels

    def fit(self, series):
        self.last = {row["unique_id"]: row for row in series.sort_by("ds").to_pylist()}
        return self

    def predict(self, h):
        rows = [
            {"unique_id": name, "ds": row["ds"] + timedelta(weeks=k), "y_hat": row["y"]}
            for name, row in sorted(self.last.items())
            for k in range(1, h + 1)
        ]
        return pa.Table.from_pylist(rows)


class Forgetful(LastValue):
    def predict(self, h):
        return super().predict(h).slice(1)


class NoForecaster:
    def __init__(self, **_options):
        pass


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    module = types.ModuleType("tiny_forecasts")
    module.LastValue, module.Forgetful, module.NoForecaster = LastValue, Forgetful, NoForecaster
    monkeypatch.setitem(sys.modules, "tiny_forecasts", module)
    found = [
        EntryPoint(name, f"tiny_forecasts:{kind}", plugins.GROUP)
        for name, kind in (
            ("last", "LastValue"),
            ("short", "Forgetful"),
            ("none", "NoForecaster"),
            ("gone", "Gone"),
        )
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == plugins.GROUP else [])


def test_a_plug_in_forecasts(tmp_path):
    assert forecaster_names() == ["chronos", "ensemble", "gone", "last", "none", "short"]
    made = load_forecaster("last", path=tmp_path, levels=(50,))
    table = made.fit(make_series({"a": wave(30), "b": [1.0] * 30})).predict(3)
    assert table["y_hat"].to_pylist()[3:] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("name", "error", "words"), [
    ("lats", NotFound, "did you mean 'last'"),
    ("gone", ModacastError, "cannot be loaded"),
    ("none", ModacastError, "no fit"),
])  # fmt: skip
def test_what_is_no_forecaster_is_told(name, error, words):
    with pytest.raises(error, match=words):
        load_forecaster(name)


def test_answers_are_checked(tmp_path):
    made = load_forecaster("short").fit(make_series({"a": wave(30)}))
    with pytest.raises(ModacastError, match="2 rows; there should be 3"):
        made.predict(3)
    with pytest.raises(NotFound, match="no model at"):
        load_forecaster("last", path=tmp_path / "none")
    with pytest.raises(InvalidInput, match="path"):
        load_forecaster("ensemble", path=tmp_path)


class Pipeline:
    """Stands for a Chronos model: answers with each row's last value, and half and double of it."""

    @classmethod
    def from_pretrained(cls, path, **options):
        assert options == {"device_map": "cpu", "local_files_only": True}
        if not (types.SimpleNamespace(path=path).path).endswith("good"):
            raise OSError("no config.json")
        return cls()

    def predict_df(self, frame, *, prediction_length, quantile_levels, id_column, timestamp_column, target):
        import pandas as pd

        last = frame.sort_values(timestamp_column).groupby(id_column)[target].last()
        rows = []
        for row, value in last.items():
            for k in range(prediction_length):
                day = frame[timestamp_column].max() + pd.Timedelta(weeks=k + 1)
                found = {str(q): value * (0.5 if q < 0.5 else 2 if q > 0.5 else 1) for q in quantile_levels}
                rows.append({id_column: row, timestamp_column: day, **found})
        return pd.DataFrame(rows[::-1])


def test_chronos_from_a_folder(tmp_path, monkeypatch):
    (tmp_path / "good").mkdir()
    with pytest.raises(InvalidInput, match="--model-path"):
        load_forecaster("chronos")
    monkeypatch.setitem(sys.modules, "chronos", None)
    with pytest.raises(MissingExtra, match=r"modacast\[chronos\]"):
        load_forecaster("chronos", path=tmp_path)
    monkeypatch.setitem(sys.modules, "chronos", types.SimpleNamespace(BaseChronosPipeline=Pipeline))
    with pytest.raises(ModacastError, match="no model that can be read"):
        load_forecaster("chronos", path=tmp_path)
    made = load_forecaster("chronos", path=tmp_path / "good")
    with pytest.raises(NotFitted):
        made.predict(2)
    table = made.fit(make_series({"b": [4.0] * 20, "a": [2.0] * 12})).predict(2)
    assert table["unique_id"].to_pylist() == ["a", "a", "b", "b"]
    assert table["y_hat"].to_pylist() == [2.0, 2.0, 4.0, 4.0]
    assert table["lo_80"].to_pylist() == [1.0, 1.0, 2.0, 2.0]
    assert np.allclose(table["hi_90"].to_numpy(), [4, 4, 8, 8])
    assert [str(day) for day in table["ds"].to_pylist()[::2]] == ["2020-03-30", "2020-05-25"]
