"""Second signals that may run ahead of a series: early adopters, searches, weather, campaigns.

What a signal says of a series is learned by the pooled regression, from where the signal stood 0, 4, 8, 13
and 26 weeks before the week that is forecast, against where it stood as many weeks before the series'
present level. Its worth is measured before it is used: the regression forecasts held-out weeks with it and
without, and a signal that does not lower the error there changes nothing. A signal that is known only up to now
(searches, early adopters) is known only up to then on held-out weeks too; one that is planned ahead (a
campaign, a holiday) as far ahead as it is given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.panel import Array, Panel, parse_dates, steps_between
from modacast.trends.pooled import pooled_forecast

__all__ = ["follow_signals", "with_exog"]

_TRUSTS = (0.0, 0.5, 1.0)
_GAIN = 0.99  # of the error without; less gain than this is chance
_HELD_OUT = 2  # windows
_MOST = 3.0  # times, up or down
_MAX_FUTURE = 520


def with_exog(panel: Panel, table: pa.Table) -> Panel:
    """Get the panel with the signals of a long-format table laid beside it.

    Args:
        panel: the series.
        table: `unique_id`, `ds` and one number column for each signal; dates must keep to the series' steps.
            Rows past the end of a series are known future values (a planned campaign, a holiday); series
            without rows have no signal, and rows of other series are left out. Gaps hold the last value.

    Raises:
        InvalidInput: a column is absent or no number, a row stands twice, a value is infinite, a date is
            off the series' steps, or no row belongs to a series.
    """
    names = _signal_names(table)
    if table["ds"].null_count:
        raise InvalidInput("exog: column 'ds' is empty in some row; every row needs one")
    ids = [str(v) for v in table["unique_id"].to_pylist()]
    position = {name: row for row, name in enumerate(panel.ids)}
    rows = np.array([position.get(name, -1) for name in ids], dtype=np.int64)
    if not (rows >= 0).any():
        raise InvalidInput(
            f"exog: no unique_id belongs to a series, the first is {ids[0]!r}{suggest(ids[0], panel.ids)}"
        )
    days = parse_dates(table["ds"])[rows >= 0]
    values = np.stack([_numbers(table, name) for name in names], axis=1)[rows >= 0]
    rows = rows[rows >= 0]
    ahead = steps_between(panel.last[rows], days, panel.freq)
    off = np.flatnonzero(np.isnan(ahead))
    if len(off):
        raise InvalidInput(
            f"exog: {panel.ids[rows[off[0]]]!r} has {days[off[0]]}, which is no whole step from the series' "
            f"last date {panel.last[rows[off[0]]]}; give the signals on the dates of the series"
        )
    steps = ahead.astype(np.int64)
    laid = _laid_out(panel, rows, steps, values)
    return replace(panel, exog=laid, exog_ahead=_known_ahead(panel, rows, steps, values))


def follow_signals(panel: Panel, forecast: Array, *, seed: int = 0) -> Array:
    """Change a forecast by what the signals say; it stays as it is where they are of no use.

    The regression's forecast with signals over the one without is what they say. It multiplies the forecast, and the
    more of the error they took off on held-out steps, the more the regression itself counts beside it.

    Args:
        panel: the series with their signals.
        forecast: `(n, h)` made without them.
        seed: of the draws of training rows.

    Returns:
        `(n, h)` float64, >= 0.
    """
    if panel.exog is None:
        return forecast
    h = forecast.shape[1]
    held = max(1, min(h, panel.season, panel.n_steps // 5))
    error = np.zeros(len(_TRUSTS))
    for k in range(1, _HELD_OUT + 1):
        past = panel.before(k * held)
        plain, ratio = _told(past, held, seed)
        start = panel.n_steps - k * held
        truth = np.where(panel.observed, panel.y, np.nan)[:, start : start + held]
        # a series that has not begun is empty
        level = np.maximum(np.nan_to_num(panel.y).max(axis=1, keepdims=True), 1e-12)
        error += [np.nansum(np.abs(truth - plain * ratio**trust) / level) for trust in _TRUSTS]
    best = int(np.argmin(error))
    if error[best] >= _GAIN * error[0]:
        return forecast
    plain, ratio = _told(panel, h, seed)
    factor = ratio ** _TRUSTS[best]
    share = 1 - error[best] / error[0]
    return np.asarray((1 - share) * forecast * factor + share * plain * factor)


def _told(panel: Panel, h: int, seed: int) -> tuple[Array, Array]:
    """Get the regression's forecast without signals, and by how much it is multiplied with them; each `(n, h)`."""
    plain = pooled_forecast(replace(panel, exog=None), h, seed=seed)
    told = pooled_forecast(panel, h, seed=seed)
    ratio = np.divide(told, plain, out=np.ones_like(plain), where=plain > 0)
    return plain, np.clip(ratio, 1 / _MOST, _MOST)


def _signal_names(table: pa.Table) -> list[str]:
    for name in ("unique_id", "ds"):
        if name not in table.column_names:
            raise InvalidInput(f"exog: there is no column {name!r}{suggest(name, table.column_names)}")
    names = [name for name in table.column_names if name not in {"unique_id", "ds", "y"}]
    if not names or table.num_rows == 0:
        raise InvalidInput("exog: give rows of unique_id, ds and at least one column of numbers")
    return names


def _numbers(table: pa.Table, name: str) -> Array:
    kind = table[name].type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise InvalidInput(f"exog: column {name!r} must hold numbers, got {kind}; drop it or convert it")
    column = table[name].cast(pa.int8()) if pa.types.is_boolean(kind) else table[name]
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise InvalidInput(f"exog: column {name!r}, row {row + 1} is infinite; leave it empty")
    return values


def _known_ahead(
    panel: Panel, rows: npt.NDArray[np.int64], ahead: npt.NDArray[np.int64], values: Array
) -> npt.NDArray[np.int64]:
    """Get the `(n, c)` steps past the end of each series up to which a signal is given."""
    furthest = np.full((len(panel.ids), values.shape[1]), -panel.n_steps)
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        np.maximum.at(furthest[:, column], rows[known], np.minimum(ahead[known], _MAX_FUTURE))
    return furthest


def _laid_out(
    panel: Panel, rows: npt.NDArray[np.int64], ahead: npt.NDArray[np.int64], values: Array
) -> Array:
    """Get `(n, t + f, c)`; gaps hold the last value, NaN stands before the first."""
    n_future = int(np.clip(ahead.max(), 0, _MAX_FUTURE))
    column = panel.n_steps - 1 + ahead
    inside = (column >= 0) & (column < panel.n_steps + n_future)
    cells = rows[inside] * (panel.n_steps + n_future) + column[inside]
    taken, counts = np.unique(cells, return_counts=True)
    if (counts > 1).any():
        twice = panel.ids[int(taken[np.argmax(counts > 1)]) // (panel.n_steps + n_future)]
        raise InvalidInput(f"exog: {twice!r} has a date more than once; keep one row for each date")
    laid = np.full((len(panel.ids), panel.n_steps + n_future, values.shape[1]), np.nan)
    laid[rows[inside], column[inside]] = values[inside]
    known = ~np.isnan(laid)
    latest = np.maximum.accumulate(np.where(known, np.arange(laid.shape[1])[None, :, None], 0), axis=1)
    return np.take_along_axis(laid, latest, axis=1)
