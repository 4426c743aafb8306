"""What a user's table may look like, and what is said where it may not."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_panels import make_series

from modacast.errors import InvalidInput
from modacast.trends.panel import read_panel, validate_series


def test_orders_rows_and_shows_gaps():
    table = pa.table(
        {
            "unique_id": ["b", "a", "a"],
            "ds": ["2024-01-08", "2024-01-22", "2024-01-01"],
            "y": [1.0, 3.0, 2.0],
        }
    )
    got = validate_series(table, freq="W").to_pylist()
    assert [row["unique_id"] for row in got] == ["a", "a", "a", "a", "b"]
    assert [row["y"] for row in got] == [2.0, None, None, 3.0, 1.0]
    assert got[1]["ds"] == date(2024, 1, 8)


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64(), pa.timestamp("us"), pa.timestamp("ns", tz="UTC")])
def test_dates_of_any_arrow_kind(kind):
    days = [datetime(2024, 1, 1 + 7 * i) for i in range(4)]
    table = pa.table(
        {"unique_id": [1] * 4, "ds": pa.array(days, pa.timestamp("us")).cast(kind), "y": [1, 2, 3, 4]}
    )
    got = validate_series(table)
    assert got["unique_id"].to_pylist() == ["1"] * 4
    assert got["ds"][3].as_py() == date(2024, 1, 22)


@pytest.mark.parametrize(("step", "freq", "season"), [(7, "W", 52), (1, "D", 7)])
def test_frequency_is_inferred(step, freq, season):
    panel = read_panel(make_series({"a": np.ones(20)}, step=step))
    assert (panel.freq, panel.season) == (freq, season)


def test_months_keep_to_their_ends():
    days = [date(2023, 10, 31), date(2023, 11, 30), date(2023, 12, 31), date(2024, 1, 31)]
    table = pa.table({"unique_id": ["a"] * 4, "ds": pa.array(days), "y": [1.0, 2.0, 3.0, 4.0]})
    panel = read_panel(table, min_steps=1)
    assert panel.freq == "M"
    assert panel.future(0, 2) == [date(2024, 2, 29), date(2024, 3, 31)]


def _broken(**columns):
    base = {"unique_id": ["a"] * 10, "ds": make_series({"a": np.ones(10)})["ds"], "y": [1.0] * 10}
    return pa.table({**base, **columns})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"unique_id": ["a"], "date": ["2024-01-01"], "y": [1.0]}), ["'ds'", "date"]),
        (_broken().slice(0, 0), ["no rows"]),
        (_broken(y=["x"] * 10), ["'y'", "numbers"]),
        (_broken(ds=["2024-13-40"] * 10), ["'ds'", "row 1", "2024-13-40"]),
        (_broken(ds=list(range(10))), ["'ds'", "dates"]),
        (_broken(unique_id=[None] + ["a"] * 9), ["'unique_id'", "row 1"]),
        (_broken(y=[1.0] * 9 + [-2.0]), ["'a'", "'y'", "negative", "-2"]),
        (_broken(y=[1.0] * 9 + [float("inf")]), ["'a'", "'y'", "infinite"]),
        (_broken(y=[None] * 10), ["'a'", "0 values"]),
        (pa.concat_tables([_broken(), _broken().slice(3, 1)]), ["'a'", "2020-01-27", "more than once"]),
        (make_series({"a": np.ones(5), "b": np.ones(20)}), ["'a'", "5 values", "8"]),
        (make_series({"a": np.ones(10)}, step=3), ["3 days"]),
    ],
)
def test_says_what_is_wrong(table, words):
    with pytest.raises(InvalidInput) as error:
        read_panel(table)
    for word in words:
        assert word in str(error.value)


def test_weeks_that_change_their_day_are_refused():
    days = [date(2024, 1, 1 + 7 * i) for i in range(4)] + [date(2024, 1, 30)]
    table = pa.table({"unique_id": ["a"] * 5, "ds": pa.array(days), "y": [1.0] * 5})
    with pytest.raises(InvalidInput, match=r"'a'.*2024-01-30.*weeks"):
        read_panel(table, min_steps=1)


def test_unknown_frequency():
    with pytest.raises(InvalidInput, match="W, D, M"):
        read_panel(make_series({"a": np.ones(10)}), freq="Q")


def test_nan_is_a_gap_bridged_and_not_observed():
    panel = read_panel(make_series({"a": [1.0, np.nan, 3.0, *[3.0] * 7, None]}))
    assert panel.y[0, 1] == pytest.approx(2.0)
    assert panel.y[0, -1] == pytest.approx(3.0)
    assert panel.observed[0].tolist() == [True, False, *[True] * 8, False]


def test_blocks_end_with_the_last_step():
    panel = read_panel(make_series({"a": np.arange(10.0), "b": np.arange(8.0)}))
    blocks = panel.in_blocks(3)
    assert blocks.y[0].tolist() == [2.0, 5.0, 8.0]
    assert blocks.y[1].tolist() == [0.5, 3.0, 6.0]
    assert blocks.season == 17


def test_before_takes_the_end_away():
    past = read_panel(make_series({"a": np.arange(10.0)})).before(4)
    assert past.y[0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert past.future(0, 1) == [date(2020, 2, 17)]


@given(
    st.lists(
        st.tuples(st.text(max_size=3), st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.floats()), max_size=12
    )
)
def test_any_rows_are_read_or_refused_in_words(rows):
    ids, days, values = zip(*rows, strict=True) if rows else ((), (), ())
    table = pa.table(
        {
            "unique_id": pa.array(ids, pa.string()),
            "ds": pa.array(days, pa.date32()),
            "y": pa.array(values, pa.float64()),
        }
    )
    try:
        got = validate_series(table)
    except InvalidInput:
        return
    assert got.filter(got["y"].is_valid()).num_rows == sum(not np.isnan(v) for v in values)
