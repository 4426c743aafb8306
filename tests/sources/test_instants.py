from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.sources.instants import parse_instant


def instant(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1_000_000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("2020-11-24", (2020, 11, 24)),
        (" 2024/3/1 ", (2024, 3, 1)),
        ("2024.03.01", (2024, 3, 1)),
        ("20240301", (2024, 3, 1)),
        (20240301, (2024, 3, 1)),
        (20240301.0, (2024, 3, 1)),
        ("202403011230", (2024, 3, 1, 12, 30)),
        ("20240301123015", (2024, 3, 1, 12, 30, 15)),
        ("2024年3月1日", (2024, 3, 1)),
        ("2024年3月1日 8时05分", (2024, 3, 1, 8, 5)),
        ("2024-03-01 8:05", (2024, 3, 1, 8, 5)),
        ("2024-03-01T08:05:07Z", (2024, 3, 1, 8, 5, 7)),
        ("2024-03-01T08:05:07.25+08:00", (2024, 3, 1, 0, 5, 7, 250_000)),
        ("2024-03-01 08:05:07 +0800", (2024, 3, 1, 0, 5, 7)),
        ("2024-03-01 00:30:00 UTC", (2024, 3, 1, 0, 30)),
        ("2024-03-01 1:30 pm", (2024, 3, 1, 13, 30)),
        ("20240301T080507Z", (2024, 3, 1, 8, 5, 7)),
        ("Fri, 01 Mar 2024 08:05:07 +0800", (2024, 3, 1, 0, 5, 7)),
        ("Fri Mar 01 08:05:07 +0000 2024", (2024, 3, 1, 8, 5, 7)),
        ("Mar 1, 2024", (2024, 3, 1)),
        ("1 March 2024", (2024, 3, 1)),
        ("1375374614.0", (2013, 8, 1, 16, 30, 14)),
        (1375374614, (2013, 8, 1, 16, 30, 14)),
        (1375374614.5, (2013, 8, 1, 16, 30, 14, 500_000)),
        ("1375374614000", (2013, 8, 1, 16, 30, 14)),
        (1375374614000000000, (2013, 8, 1, 16, 30, 14)),
        (date(2024, 3, 1), (2024, 3, 1)),
        (datetime(2024, 3, 1, 8), (2024, 3, 1, 8)),
        (datetime(2024, 3, 1, 8, tzinfo=timezone(timedelta(hours=8))), (2024, 3, 1)),
    ],
)
def test_dates_in_many_forms(value: object, parts: tuple[int, ...]) -> None:
    assert parse_instant(value) == instant(*parts)


@pytest.mark.parametrize(
    "value",
    ["", "soon", "3/1/2024", "2024-13-01", "2024-02-30", "2024", "2024-03-01 25:00", "2024-03-01 nonsense", "99999999",
     "1e400", "9" * 400, True, 7, float("inf"), float("nan"), [], b"2024-01-01", "０", datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))],
)  # fmt: skip
def test_what_is_no_date_is_refused(value: object) -> None:
    try:
        micros = parse_instant(value)
    except ValueError:
        return
    # a date so far off that the caller's range check refuses it
    assert not instant(1990, 1, 1) <= micros <= instant(2100, 1, 1)


@given(st.text(max_size=40))
def test_no_text_makes_another_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse_instant(text), int)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))
def test_iso_comes_back_to_the_microsecond(moment: datetime) -> None:
    exact = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert parse_instant(moment.isoformat()) == exact
    assert parse_instant(moment) == exact
