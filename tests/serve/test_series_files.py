"""Files of series as people write them."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from modacast.errors import InvalidInput
from modacast.serve.series_files import read_series_file

MONDAYS = [date(2024, 3, 4), date(2024, 3, 11), date(2024, 3, 18)]


def _written(folder: Path, text: str, *, name: str = "s.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y",
             "%Y-%m-%dT%H:%M:%SZ"],
)  # fmt: skip
def test_dates_of_many_forms_are_the_same_dates(tmp_path: Path, form: str) -> None:
    rows = "".join(f"a,{day.strftime(form)},1\n" for day in MONDAYS)
    assert read_series_file(_written(tmp_path, "unique_id,ds,y\n" + rows))["ds"].to_pylist() == MONDAYS


def test_months_are_their_first_day(tmp_path: Path) -> None:
    table = read_series_file(_written(tmp_path, "unique_id,ds,y\na,2024-03,1\na,2024年4月,2\n"))
    assert table["ds"].to_pylist() == [date(2024, 3, 1), date(2024, 4, 1)]


def test_a_day_that_may_be_a_month_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path, "unique_id,ds,y\na,01/02/2024,1\na,01/03/2024,2\n")
    with pytest.raises(InvalidInput, match="day from month in '01/02/2024'"):
        read_series_file(path)


def test_numbers_as_offices_write_them(tmp_path: Path) -> None:
    path = _written(tmp_path, 'unique_id,ds,y\na,2024-03-04,"1,234.50"\na,2024-03-11,n/a\na,2024-03-18,\n')
    assert read_series_file(path)["y"].to_pylist() == [1234.5, None, None]
    path = _written(tmp_path, "unique_id;ds;y\na;04.03.2024;1,5\na;18.03.2024;12\n")
    assert read_series_file(path)["y"].to_pylist() == [1.5, 12.0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_names_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    path = _written(tmp_path, "unique_id,ds,y\n新中式,2024-03-04,1\n", encoding=encoding)
    assert read_series_file(path)["unique_id"].to_pylist() == ["新中式"]


def test_ids_keep_their_zeros_and_one_series_needs_none(tmp_path: Path) -> None:
    assert read_series_file(_written(tmp_path, "unique_id,ds,y\n007,2024-03-04,1\n"))["unique_id"].to_pylist() == ["007"]  # fmt: skip
    path = tmp_path / "skirts.csv.gz"
    path.write_bytes(gzip.compress(b"ds|y\n2024-03-04|3\n"))
    assert read_series_file(path).to_pylist() == [{"unique_id": "skirts", "ds": MONDAYS[0], "y": 3.0}]


def test_other_columns_stay_words_or_become_numbers(tmp_path: Path) -> None:
    path = _written(tmp_path, "unique_id,ds,promo,note\na,2024-03-04,2,hello\n")
    assert read_series_file(path, ("unique_id", "ds")).to_pylist() == [
        {"unique_id": "a", "ds": MONDAYS[0], "promo": 2.0, "note": "hello"}
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,date,value\na,2024-03-04,1\n", "--column unique_id=id --column ds=date --column y=value"),
        ("unique_id,ds,y\na,soon,1\n", "row 1: column 'ds' is no date: 'soon'"),
        ("unique_id,ds,y\na,,1\n", "row 1: column 'ds' is empty"),
        ("unique_id,ds,y\na,2024-03-04,1\na,2024-03-11,many\n", "row 2: column 'y' is no number: 'many'"),
        ("unique_id,ds,y\na,2024-13-04,1\n", "is no date: '2024-13-04'"),
        ("\n \n", "is empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_series_file(_written(tmp_path, text))


def test_a_broken_gzip_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "s.csv.gz"
    path.write_bytes(gzip.compress(b"unique_id,ds,y\na,2024-03-04,1\n")[:-9])
    with pytest.raises(InvalidInput, match="no whole gzip file"):
        read_series_file(path)


def test_a_wide_file_is_turned_to_long(tmp_path: Path) -> None:
    text = 'date,skirt,boots\n2024-03-04,1,5\n2024-03-11,,"1,006"\n2024-03-18,3,7\n'
    table = read_series_file(_written(tmp_path, text))
    assert table.column_names == ["unique_id", "ds", "y"]
    assert table["unique_id"].to_pylist() == ["skirt"] * 3 + ["boots"] * 3
    assert table["ds"].to_pylist() == MONDAYS * 2
    assert table["y"].to_pylist() == [1, None, 3, 5, 1006, 7]
    chinese = read_series_file(_written(tmp_path, "周;裙;靴\n2024-03-04;1,5;2,5\n2024-03-11;2,5;3\n"))
    assert chinese["y"].to_pylist() == [1.5, 2.5, 2.5, 3]


@pytest.mark.parametrize(
    "text",
    [
        "week,shop,revenue\n2024-03-04,1,5\n2024-03-04,2,6\n",  # a day twice: not one row a day
        "week,shop,revenue\n2024-03-04,north,5\n2024-03-11,south,6\n",
        "week,sku,sold\n2024-03-04,1,5\n2024-03-11,2,6\n",  # a name that series go by
    ],
)
def test_what_may_be_long_is_asked_for_and_not_taken_as_wide(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match=r"Say which is meant: --column unique_id="):
        read_series_file(_written(tmp_path, text))
