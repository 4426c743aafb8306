"""Scores of files against given truth, for `modacast evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, NotFound, suggest
from modacast.evaluate import Interval, bootstrap
from modacast.evaluate.ranking import score_lists

__all__ = ["read_frame", "score_forecasts", "score_recommendations"]


def read_frame(path: Path) -> pa.Table:
    """Read a whole CSV, TSV, JSONL or Parquet file, gzipped or not, as it is.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is empty, or not of its format.
    """
    if not path.is_file():
        near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise NotFound(f"there is no file {path}{suggest(path.name, near)}")
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    try:
        if kind == "parquet":
            return pl.read_parquet(path).to_arrow()
        if kind in {"csv", "tsv", "txt"}:
            separator = "\t" if kind == "tsv" else ","
            return pl.read_csv(
                path, separator=separator, try_parse_dates=True, infer_schema_length=None
            ).to_arrow()
        if kind in {"jsonl", "ndjson"}:
            return pl.read_ndjson(path, infer_schema_length=None).to_arrow()
    except pl.exceptions.NoDataError as error:
        raise InvalidInput(f"{path} is empty") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    raise InvalidInput(f"cannot tell the format of {path.name!r}: use .csv, .tsv, .jsonl or .parquet (.gz)")


def score_forecasts(forecasts: pa.Table, truth: pa.Table, train: pa.Table, *, season: int) -> dict[str, Any]:
    """Get MASE, sMAPE and interval coverage, means over series with 95 % bootstrap intervals.

    Args:
        forecasts: `unique_id, ds, y_hat` and, where there are, `lo_80, hi_80, ...`.
        truth: `unique_id, ds, y` of the same time.
        train: `unique_id, ds, y` before it, for the scale of MASE (Hyndman and Koehler 2006).
        season: steps of a season.

    Raises:
        InvalidInput: a column is missing or holds no numbers, a series has a date twice, a value is infinite,
            `season` is below 1, or no forecast meets a true value.
    """
    made, came, past = (_frame(t, c, n) for t, c, n in (
        (forecasts, ("unique_id", "ds", "y_hat"), "forecasts"), (truth, ("unique_id", "ds", "y"), "truth"),
        (train, ("unique_id", "ds", "y"), "train")))  # fmt: skip
    if season < 1:
        raise InvalidInput(f"--season is a number of steps, 1 or more; got {season}")
    for name, frame, column in (("forecasts", made, "y_hat"), ("truth", came, "y"), ("train", past, "y")):
        _check_rows(name, frame, column)
    both = made.join(came, on=["unique_id", "ds"]).sort("unique_id", "ds")
    both = both.with_columns(pl.col("y", "y_hat").cast(pl.Float64).fill_nan(None)).drop_nulls(["y", "y_hat"])
    if both.is_empty():
        raise InvalidInput("no forecast meets a true value: compare the unique_id and ds of both files")
    scale = (
        past.sort("unique_id", "ds")
        .group_by("unique_id")
        .agg(
            (pl.col("y") - pl.col("y").shift(season)).abs().mean().alias("step"),
            pl.col("y").diff().abs().mean().alias("walk"),
        )
        # a series without two values a season apart is set against its steps, as `evaluate.mase` does
        .select("unique_id", pl.coalesce("step", "walk").alias("step"))
    )
    error = (pl.col("y") - pl.col("y_hat")).abs()
    total = (pl.col("y").abs() + pl.col("y_hat").abs()) / 2
    scored = (
        both.join(scale, on="unique_id", how="left")
        .group_by("unique_id")
        .agg(
            (error.mean() / pl.col("step").first()).alias("mase"),
            pl.when(total > 0).then(error / total).otherwise(0.0).mean().alias("smape"),
            *(
                ((pl.col("y") >= pl.col(f"lo_{n}")) & (pl.col("y") <= pl.col(f"hi_{n}")))
                .mean()
                .alias(f"coverage_{n}")
                for n in _levels(both)
            ),
        )
    )
    result: dict[str, Any] = {"n_series": scored.height, "n_points": both.height, "season": season}
    for name in scored.columns[1:]:
        values = scored[name].to_numpy().astype(float)
        values = values[np.isfinite(values)]
        result[name] = _interval(bootstrap(values)) if values.size else None
    return result


def score_recommendations(lists: pa.Table, truth: pa.Table, k: int) -> dict[str, Any]:
    """Get MAP, NDCG, recall and hit rate at `k`, means over users with 95 % bootstrap intervals."""
    shown = _frame(lists, ("user", "item_id", "rank"), "lists", casts=("user", "item_id")).sort(
        "user", "rank"
    )
    taken = _frame(truth, ("user", "item_id"), "truth", casts=("user", "item_id"))
    by_user = {
        user[0]: part["item_id"].to_list() for user, part in shown.group_by("user", maintain_order=True)
    }
    wanted = {user[0]: set(part["item_id"].to_list()) for user, part in taken.group_by("user")}
    scores = score_lists(by_user, dict(sorted(wanted.items())), k)
    return {
        "n_users": len(scores.users),
        "k": k,
        "map": _interval(bootstrap(scores.average_precision)),
        "ndcg": _interval(bootstrap(scores.ndcg)),
        "recall": _interval(bootstrap(scores.recall)),
        "hit_rate": _interval(bootstrap(scores.hit)),
    }


def _frame(
    table: pa.Table, needed: tuple[str, ...], name: str, *, casts: tuple[str, ...] = ()
) -> pl.DataFrame:
    for column in needed:
        if column not in table.column_names:
            raise InvalidInput(f"{name}: there is no column {column!r}{suggest(column, table.column_names)}")
    frame = pl.DataFrame(table)
    if "ds" in needed:
        try:
            day = pl.col("ds").str.to_date() if frame["ds"].dtype == pl.String else pl.col("ds").cast(pl.Date)
            frame = frame.with_columns(day, pl.col("unique_id").cast(pl.String))
        except pl.exceptions.PolarsError as error:
            raise InvalidInput(
                f"{name}: the column 'ds' is not all dates: {str(error).splitlines()[0]}"
            ) from error
    return frame.with_columns(pl.col(column).cast(pl.String) for column in casts)


def _check_rows(name: str, frame: pl.DataFrame, column: str) -> None:
    kind = frame.schema[column]
    if not kind.is_numeric():
        raise InvalidInput(f"{name}: the column {column!r} must hold numbers, got {kind}")
    bad = frame.filter(pl.col(column).is_infinite()) if kind.is_float() else frame.clear()
    twice = frame.filter(pl.struct("unique_id", "ds").is_duplicated())
    for rows, what in ((bad, f"{column} is infinite"), (twice, "there is more than one row")):
        if not rows.is_empty():
            row = rows.row(0, named=True)
            raise InvalidInput(f"{name}: {what} for {row['unique_id']!r} on {row['ds']}")


def _levels(frame: pl.DataFrame) -> list[int]:
    return sorted(
        int(c[3:])
        for c in frame.columns
        if c.startswith("lo_") and c[3:].isdigit() and f"hi_{c[3:]}" in frame.columns
    )


def _interval(found: Interval) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
