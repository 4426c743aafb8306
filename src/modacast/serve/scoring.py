"""Scores of files against given truth, for `modacast evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from modacast.elements.mood_model import calibration_error
from modacast.elements.ratings import moods_of
from modacast.elements.seeds import MOODS
from modacast.errors import InvalidInput, suggest
from modacast.evaluate import Interval, bootstrap
from modacast.evaluate.ranking import score_lists

__all__ = ["score_forecasts", "score_moods", "score_recommendations"]


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


def score_moods(truth: pa.Table, predictions: pa.Table) -> dict[str, Any]:
    """Get accuracy, macro-F1, F1 of each mood, log loss and calibration error, with 95 % bootstrap intervals.

    Args:
        truth: `id, label`, or `id, stars` from 1 to 5.
        predictions: `id, label` and, where there are, `negative, neutral, positive`.

    Raises:
        InvalidInput: a column is missing, a label is unknown, or no prediction meets a truth.
    """
    given = "stars" if "label" not in truth.column_names and "stars" in truth.column_names else "label"
    true = _frame(truth, ("id", given), "truth", casts=("id",)).unique(
        "id", keep="first", maintain_order=True
    )
    made = _frame(predictions, ("id", "label"), "predictions", casts=("id",)).unique("id", keep="first")
    both = true.select("id", pl.col(given).alias("truth")).join(made, on="id", maintain_order="left")
    if both.is_empty():
        raise InvalidInput("no prediction meets a truth: compare the column id of both files")
    wanted, got = moods_of(both["truth"].to_list()), moods_of(both["label"].to_list())
    answers = np.array([[MOODS.index(a), MOODS.index(b)] for a, b in zip(wanted, got, strict=True)])
    right = (answers[:, 0] == answers[:, 1]).astype(float)
    result: dict[str, Any] = {"n_texts": both.height, "n_missing": true.height - both.height,
                              "accuracy": _interval(bootstrap(right)), "macro_f1": _resampled(answers)}  # fmt: skip
    result["f1"] = {mood: _f1(answers, i) for i, mood in enumerate(MOODS) if mood in wanted}
    if set(MOODS) <= set(both.columns):
        shares = both.select(*MOODS).to_numpy().astype(float)
        surprise = -np.log(np.maximum(shares[np.arange(len(answers)), answers[:, 0]], 1e-12))
        result["log_loss"] = _interval(bootstrap(surprise))
        result["calibration_error"] = calibration_error(shares, answers[:, 0])
    return result


def _f1(answers: npt.NDArray[np.int64], mood: int) -> float:
    truth, got = answers[:, 0] == mood, answers[:, 1] == mood
    return float(2 * (truth & got).sum() / max(1, truth.sum() + got.sum()))


def _resampled(answers: npt.NDArray[np.int64], n_samples: int = 500) -> dict[str, float]:
    """Get macro-F1 with its interval, texts drawn again."""
    moods = np.unique(answers[:, 0])
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(n_samples):
        drawn = answers[rng.integers(len(answers), size=len(answers))]
        draws.append(float(np.mean([_f1(drawn, int(mood)) for mood in moods])))
    low, high = np.quantile(draws, (0.025, 0.975))
    return {"value": float(np.mean([_f1(answers, int(m)) for m in moods])), "low": float(low), "high": float(high)}  # fmt: skip


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
