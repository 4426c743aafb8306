"""Weekly series that forecasts are measured on: sneakers, searches, sales in a hierarchy, made panels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["SEASON", "Sales", "Wide", "made_panel", "read_sales", "read_searches", "read_sneakers"]

Array = npt.NDArray[np.float64]

SEASON = 52


@dataclass(frozen=True, slots=True)
class Wide:
    """Series side by side: `ids`, the weeks' days, and `(n, t)` values."""

    ids: list[str]
    weeks: npt.NDArray[np.datetime64]
    y: Array

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


def read_sneakers(path: Path, n_series: int | None = None) -> Wide:
    """Read a wide file of Heuritech: a column of weeks, then one a series."""
    frame = pl.read_csv(path, try_parse_dates=True)
    weeks = frame.to_series(0).to_numpy().astype("datetime64[D]")
    columns = sorted(frame.columns[1:])[:n_series]
    return Wide(columns, weeks, frame.select(columns).to_numpy().T.astype(np.float64))


def read_searches(path: Path) -> Wide:
    """Read the Google Trends file: `trend_id`, `week`, `raw_signal`."""
    frame = pl.read_csv(path, try_parse_dates=True)
    wide = frame.pivot(on="trend_id", index="week", values="raw_signal").sort("week")
    ids = sorted(name for name in wide.columns if name != "week")
    weeks = wide["week"].to_numpy().astype("datetime64[D]")
    return Wide(ids, weeks, wide.select(ids).to_numpy().T.astype(np.float64))


def read_sales(folder: Path, *, fewest: int = 150) -> Sales:
    """Count H&M's weekly sales by garment group and product type; types of fewer than `fewest` are left out."""
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
