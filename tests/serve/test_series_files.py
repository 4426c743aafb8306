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


def test_a_wide_file_that_is_none_says_why(tmp_path: Path) -> None:
    noted = "date,skirt,note\n2024-03-04,1,sunny\n2024-03-11,2,\n"
    with pytest.raises(InvalidInput, match="all others must hold numbers, but 'note' holds 'sunny'"):
        read_series_file(_written(tmp_path, noted))
    twice = "date,skirt,boots\n2024-03-04,1,2\n2024-03-04,2,3\n"
    with pytest.raises(InvalidInput, match="but '2024-03-04' stands twice"):
        read_series_file(_written(tmp_path, twice))


def test_a_row_a_series_is_turned_to_long(tmp_path: Path) -> None:
    text = 'sku,title,2024-03-04,2024/3/11,20240318\n007,skirt,1,,3\n008,boots,"1,006",5,6\n'
    table = read_series_file(_written(tmp_path, text))
    assert table.column_names == ["unique_id", "ds", "y"]
    assert sorted(table.to_pylist(), key=lambda row: (row["unique_id"], row["ds"])) == [
        {"unique_id": name, "ds": day, "y": y}
        for name, values in (("007", [1, None, 3]), ("008", [1006, 5, 6]))
        for day, y in zip(MONDAYS, values, strict=True)
    ]
    with pytest.raises(InvalidInput, match="'sku' has '7' in row 1 and row 2"):
        read_series_file(_written(tmp_path, "sku,2024-03-04,2024-03-11\n7,1,2\n7,3,4\n"))
    with pytest.raises(InvalidInput, match="'sku' is empty in row 2"):
        read_series_file(_written(tmp_path, "sku,2024-03-04,2024-03-11\n7,1,2\n,3,4\n"))


def test_days_and_numbers_alone_are_one_series(tmp_path: Path) -> None:
    named = read_series_file(_written(tmp_path, "Week,skirt\n2024-03-04,3\n"))
    assert named.to_pylist() == [{"unique_id": "skirt", "ds": MONDAYS[0], "y": 3.0}]
    unnamed = read_series_file(_written(tmp_path, "date,sales\n2024-03-04,3\n", name="boots.csv"))
    assert unnamed.to_pylist() == [{"unique_id": "boots", "ds": MONDAYS[0], "y": 3.0}]


def test_an_export_of_searches_with_its_title(tmp_path: Path) -> None:
    text = "Category: All categories\n\nWeek,skirt: (Worldwide),boots: (Worldwide)\n2024-03-04,3,<1\n2024-03-11,4,2\n"
    table = read_series_file(_written(tmp_path, text, encoding="utf-8-sig"))
    assert table["unique_id"].to_pylist() == ["skirt: (Worldwide)"] * 2 + ["boots: (Worldwide)"] * 2
    assert table["y"].to_pylist() == [3, 4, 0.5, 2]
    hinted = read_series_file(_written(tmp_path, "sep=;\nunique_id;ds;y\na;2024-03-04;1,5\n"))
    assert hinted["y"].to_pylist() == [1.5]


def test_rows_and_columns_in_which_nothing_stands_are_passed_over(tmp_path: Path) -> None:
    text = "unique_id,ds,y,\n a ,2024-03-04,1,\n,,,\na,2024-03-11, 2 ,\n\n\n"
    assert read_series_file(_written(tmp_path, text)).to_pylist() == [
        {"unique_id": "a", "ds": MONDAYS[0], "y": 1.0},
        {"unique_id": "a", "ds": MONDAYS[1], "y": 2.0},
    ]
    wide = read_series_file(_written(tmp_path, "date,skirt,boots,\n2024-03-04,1,5,\n,,,\n2024-03-11,2,6,\n"))
    assert wide["y"].to_pylist() == [1, 2, 5, 6]
    with pytest.raises(InvalidInput, match="row 3: column 'ds' is empty"):
        read_series_file(_written(tmp_path, "unique_id,ds,y\na,2024-03-04,1\n,,\na,,2\n"))


@pytest.mark.parametrize("zone", ["+08:00", "+0800", "Z", "-05:00", " +08"])
def test_a_time_with_a_zone_is_the_day_that_it_says(tmp_path: Path, zone: str) -> None:
    rows = f"a,2024-03-04T00:00:00{zone},1\na,2024-03-11 23:30{zone},2\n"
    table = read_series_file(_written(tmp_path, "unique_id,ds,y\n" + rows))
    assert table["ds"].to_pylist() == MONDAYS[:2]


def test_points_between_thousands_and_a_decimal_comma(tmp_path: Path) -> None:
    path = _written(tmp_path, "unique_id;ds;y\na;2024-03-04;1.234,5\na;2024-03-11;2.000\na;2024-03-18;7,25\n")
    assert read_series_file(path)["y"].to_pylist() == [1234.5, 2000.0, 7.25]
    path = _written(tmp_path, "unique_id;ds;y\na;2024-03-04;1.234\na;2024-03-11;2.5\n")
    assert read_series_file(path)["y"].to_pylist() == [1.234, 2.5]


def test_a_table_that_is_not_whole_is_said_with_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="two columns are called 'y'"):
        read_series_file(_written(tmp_path, "unique_id,ds,y,y\na,2024-03-04,1,2\n"))
    with pytest.raises(
        InvalidInput, match="the line 'a,2024-03-11,1,5' has 4 fields, but there are 3 columns"
    ):
        read_series_file(_written(tmp_path, "unique_id,ds,y\na,2024-03-04,1\na,2024-03-11,1,5\n"))
    with pytest.raises(InvalidInput, match="line 2 is no JSON"):
        read_series_file(_written(tmp_path, '{"unique_id": "a"}\n{"unique_id":\n', name="s.jsonl"))
    many = ",".join(f"c{i}" for i in range(500))
    with pytest.raises(InvalidInput, match="and 488 more") as caught:
        read_series_file(_written(tmp_path, f"{many}\n" + "x," * 499 + "x\n"))
    assert len(str(caught.value)) < 600


def test_json_as_python_writes_it(tmp_path: Path) -> None:
    text = (
        '{"unique_id": "a", "ds": "2024-03-04", "y": 1}\n\n{"unique_id": "a", "ds": "2024-03-11", "y": NaN}\n'
    )
    values = read_series_file(_written(tmp_path, text, name="s.jsonl"))["y"].to_pylist()
    assert values[0] == 1
    assert values[1] != values[1]
