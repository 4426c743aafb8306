"""Weekly series that forecasts are measured on: sneakers, searches, sales in a hierarchy, made panels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from benchmarks.data_sets import NoData

__all__ = [
    "SEARCHES",
    "SEASON",
    "SNEAKERS",
    "Sales",
    "Wide",
    "made_panel",
    "read_long",
    "read_sales",
    "read_wide",
    "series_file",
]

Array = npt.NDArray[np.float64]

SEASON = 52
SNEAKERS = "trends/us_female_sneakers/us_female_sneakers.csv"
SEARCHES = "trends/google_trends_us_fashion.csv"
_BESIDE = ("forecast_", "mean_errors")


@dataclass(frozen=True, slots=True)
class Wide:
    """Series side by side: `ids`, the weeks' days, and `(n, t)` values."""

    ids: list[str]
    weeks: npt.NDArray[np.datetime64]
    y: Array

    def __getitem__(self, some: slice) -> Wide:
        """Get some of the series."""
        return Wide(self.ids[some], self.weeks, self.y[some])

    def table(self, end: int, start: Array | None = None) -> pa.Table:
        """Get the long format of the weeks before `end`; from `(n,)` first weeks on, where given."""
        steps = np.tile(np.arange(end), len(self.ids))
        long = pa.table(
            {
                "unique_id": np.repeat(self.ids, end),
                "ds": pa.array(np.tile(self.weeks[:end], len(self.ids))),
                "y": self.y[:, :end].ravel(),
            }
        )
        return long if start is None else long.filter(pa.array(steps >= np.repeat(start, end)))


@dataclass(frozen=True, slots=True)
class Sales:
    """Weekly sales by kind of garment, group and in all, with the hierarchy that they add up in."""

    series: Wide
    tree: pa.Table
    levels: dict[str, list[int]]


def series_file(data: Path, usual: str, *, is_wide: bool) -> Path:
    """Get a file of series by its usual name, else the first other one under `trends` in the wide or the long form.

    Raises:
        NoData: there is none.
    """
    if (data / usual).is_file():
        return data / usual
    taken = {data / SNEAKERS, data / SEARCHES}
    others = sorted((data / "trends").glob("*.csv*")) + sorted((data / "trends").glob("*/*.csv*"))
    for path in others:
        if path not in taken and not path.name.startswith(_BESIDE) and _is_wide(path) == is_wide:
            print(f"there is no {usual}: {path.relative_to(data)} is read for it", file=sys.stderr)
            return path
    form = "a day, then a column a series" if is_wide else "a series, its day and its value in each row"
    raise NoData(f"there is no {usual}, nor another file of {form} under trends")


def _is_wide(path: Path) -> bool | None:
    """Say whether a file's first column alone is no number; None where it has no day at all."""
    kinds = pl.read_csv(path, try_parse_dates=True, n_rows=1000, infer_schema_length=1000).schema
    numbers = [kind.is_numeric() for kind in kinds.values()]
    if not any(kind.is_temporal() for kind in kinds.values()):
        return None
    return not numbers[0] and all(numbers[1:])


def read_wide(path: Path, n_series: int | None = None) -> Wide:
    """Read a wide file: a column of days, then one a series.

    Raises:
        NoData: it does not go week by week.
    """
    frame = pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
    frame = frame.sort(frame.columns[0])
    columns = sorted(frame.columns[1:])
    return _whole(path, columns, frame.to_series(0), frame.select(columns))[:n_series]


def read_long(path: Path) -> Wide:
    """Read a long file: a row a series and week; the last column of numbers holds the values.

    Raises:
        NoData: it has no such columns, or does not go week by week.
    """
    frame = pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
    days = [name for name, kind in frame.schema.items() if kind.is_temporal()]
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    names = [name for name in frame.columns if name not in {*days, *numbers}]
    if not (days and numbers and names):
        raise NoData(f"{path.name} has the columns {', '.join(frame.columns)}: no name, day and number")
    name = max(names, key=lambda column: frame[column].n_unique())
    wide = frame.pivot(on=name, index=days[0], values=numbers[-1], aggregate_function="mean").sort(days[0])
    ids = sorted(column for column in wide.columns if column != days[0])
    return _whole(path, ids, wide[days[0]], wide.select(ids))


def _whole(path: Path, ids: list[str], days: pl.Series, values: pl.DataFrame) -> Wide:
    weeks = days.to_numpy().astype("datetime64[D]")
    if len(weeks) < SEASON or (np.diff(weeks) != np.timedelta64(7, "D")).any():
        raise NoData(f"{path.name} does not go week by week without a gap for a year or more")
    y = values.to_numpy().T.astype(np.float64)
    known = ~np.isnan(y).any(axis=1)
    if not known.all():
        print(
            f"{path.name}: {(~known).sum()} of {len(ids)} series have gaps and are left out", file=sys.stderr
        )
    if not known.any():
        raise NoData(f"{path.name}: every series has gaps")
    return Wide([name for name, whole in zip(ids, known, strict=True) if whole], weeks, y[known])


def read_sales(folder: Path, *, fewest: int = 150) -> Sales:
    """Count H&M's weekly sales by garment group and product type; types of fewer than `fewest` are left out.

    Raises:
        NoData: the files are not there, or no type sold as often.
    """
    for name in ("articles_enriched.parquet", "transactions.csv"):
        if not (folder / name).is_file():
            raise NoData(f"there is no shop/hm/{name} in the folder")
    articles = pl.read_parquet(
        folder / "articles_enriched.parquet",
        columns=["article_id", "garment_group_name", "product_type_name"],
    )
    sold = pl.read_csv(folder / "transactions.csv", try_parse_dates=True, columns=["t_dat", "article_id"])
    sold = sold.join(articles.cast({"article_id": sold["article_id"].dtype}), on="article_id").with_columns(
        pl.col("t_dat").dt.truncate("1w").alias("ds"),
        pl.col("garment_group_name").alias("group"),
        pl.concat_str("garment_group_name", pl.lit("/"), "product_type_name").alias("leaf"),
    )
    sold = sold.filter(pl.len().over("leaf") >= fewest)
    weeks = sorted(sold["ds"].unique())[1:-1]
    if not weeks:
        raise NoData(f"no kind of garment sold {fewest} times in the transactions of shop/hm")
    counts = sold.group_by("leaf", "group", "ds").len().sort("leaf", "ds")
    leaves = counts["leaf"].unique(maintain_order=True).to_list()
    group_of = dict(counts.select("leaf", "group").unique().rows())
    at = {week: i for i, week in enumerate(weeks)}
    y = np.zeros((len(leaves), len(weeks)))
    row = {leaf: i for i, leaf in enumerate(leaves)}
    for leaf, _, week, n in counts.rows():
        if week in at:
            y[row[leaf], at[week]] = n
    groups = sorted(set(group_of.values()))
    member = np.array([[group_of[leaf] == group for leaf in leaves] for group in groups], dtype=np.float64)
    names = [*leaves, *(f"{group} (all)" for group in groups), "all"]
    tree = pa.table(
        {
            "unique_id": [*leaves, *names[len(leaves) : -1]],
            "parent": [*(f"{group_of[leaf]} (all)" for leaf in leaves), *["all"] * len(groups)],
        }
    )
    values = np.vstack([y, member @ y, y.sum(axis=0)])
    n, k = len(leaves), len(groups)
    levels = {"kinds": list(range(n)), "groups": list(range(n, n + k)), "all": [n + k]}
    return Sales(Wide(names, np.array(weeks, dtype="datetime64[D]"), values), tree, levels)


def made_panel(n_series: int, n_weeks: int) -> Wide:
    """Make waves on random walks with noise."""
    rng = np.random.default_rng(0)
    steps = np.arange(n_weeks)
    season = 1 + 0.3 * np.sin(2 * np.pi * (steps / SEASON + rng.random((n_series, 1))))
    walk = np.exp(np.cumsum(rng.normal(0, 0.03, (n_series, n_weeks)), axis=1))
    y = 0.01 * season * walk * np.exp(rng.normal(0, 0.1, (n_series, n_weeks)))
    weeks = np.datetime64("2019-01-07") + 7 * steps
    return Wide([f"s{i:05d}" for i in range(n_series)], weeks, y)
