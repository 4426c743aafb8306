"""Forecasts that add up: parts to their whole, in any number of levels and groupings.

Forecasts of parts and wholes that were made apart do not add up. Minimum trace reconciliation (Wickramasuriya,
Athanasopoulos and Hyndman 2019; from hierarchicalforecast) moves each as far as it was uncertain: how uncertain
is taken from the variances of the errors on rolling origins. Parts that would fall below 0 are held
there before they are added up (Di Fonzo and Girolimetto 2023).

Shares of voice do not add up by nature: a text that names two skirts counts once for skirts. So the trend
board is not reconciled; sales, counts and views are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.backtest import Backtest, truth_after
from modacast.trends.panel import Array, Panel

__all__ = ["Hierarchy", "Reconciler", "read_hierarchy"]

_TOLERANCE = 1e-3  # of a whole, that its parts may miss it by
_FEWEST_ERRORS = 12


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Which rows of a panel add up to which.

    Attributes:
        rows: `(k,)` rows of the panel that belong to it: first the wholes, then the parts.
        sums: `(k, m)` 0 or 1; each row as the sum of the `m` parts, which come last.
    """

    rows: tuple[int, ...]
    sums: Array


def read_hierarchy(panel: Panel, table: pa.Table) -> Hierarchy:
    """Read which series add up to which, and check that they did so far.

    Args:
        panel: the series, wholes and parts.
        table: `unique_id` and `parent`; the parent of a top is empty. A series may stand in several rows, with
            several parents (each row of sales belongs to a category and to a country).

    Raises:
        InvalidInput: a column is absent, a name is no series, a series is its own ancestor, the series do not
            end on one day, or a whole is not the sum of its parts.
    """
    children = _children(panel, table)
    names = sorted({*children, *(child for below in children.values() for child in below)})
    leaves = {name: _leaves(name, children, ()) for name in names}
    parts = [name for name in names if name not in children]
    wholes = sorted((n for n in names if n in children), key=lambda n: (-len(leaves[n]), n))
    position = {name: i for i, name in enumerate(parts)}
    sums = np.zeros((len(names), len(parts)))
    for i, name in enumerate([*wholes, *parts]):
        sums[i, [position[leaf] for leaf in leaves[name]]] = 1.0
    row = {name: i for i, name in enumerate(panel.ids)}
    hierarchy = Hierarchy(tuple(row[name] for name in (*wholes, *parts)), sums)
    _check_sums(panel, hierarchy, wholes)
    return hierarchy


def _children(panel: Panel, table: pa.Table) -> dict[str, set[str]]:
    for name in ("unique_id", "parent"):
        if name not in table.column_names:
            raise InvalidInput(f"hierarchy: there is no column {name!r}{suggest(name, table.column_names)}")
    known = set(panel.ids)
    found: dict[str, set[str]] = {}
    for child, parent in zip(table["unique_id"].to_pylist(), table["parent"].to_pylist(), strict=True):
        for name in (str(child), *(() if parent in {None, ""} else (str(parent),))):
            if name not in known:
                raise InvalidInput(f"hierarchy: {name!r} is no series{suggest(name, panel.ids)}")
        if parent not in {None, ""}:
            found.setdefault(str(parent), set()).add(str(child))
    if not found:
        raise InvalidInput("hierarchy: no row has a parent; give unique_id and parent, one row a part")
    return found


def _leaves(name: str, children: Mapping[str, set[str]], above: tuple[str, ...]) -> frozenset[str]:
    if name in above:
        raise InvalidInput(
            f"hierarchy: series {name!r} is its own ancestor ({' > '.join([*above[above.index(name) :], name])})"
        )
    below = children.get(name)
    if not below:
        return frozenset({name})
    return frozenset().union(*(_leaves(child, children, (*above, name)) for child in below))


def _check_sums(panel: Panel, hierarchy: Hierarchy, wholes: list[str]) -> None:
    rows = list(hierarchy.rows)
    if len(set(panel.last[rows].tolist())) > 1:
        raise InvalidInput("hierarchy: its series end on different days; give all of them up to one day")
    seen = np.where(panel.observed, panel.y, np.nan)[rows]
    parts = seen[len(wholes) :]
    began = ~np.isnan(panel.y[rows][len(wholes) :])
    for i, name in enumerate(wholes):
        mine = hierarchy.sums[i] > 0
        # a part that has not begun adds nothing yet; one that was not observed leaves the sum unknown
        total = np.where(began[mine], parts[mine], 0.0).sum(axis=0)
        gap = np.abs(total - seen[i])
        off = np.nan_to_num(gap) > _TOLERANCE * np.maximum(np.nanmax(seen[i]), 1e-12)
        if off.any():
            step = int(np.argmax(off))
            day = panel.date_at(rows[i], step - panel.n_steps + 1)
            raise InvalidInput(
                f"hierarchy: on {day} the parts of {name!r} add up to {total[step]:g}, but it is "
                f"{seen[i, step]:g}; give all its parts, or leave it out of the hierarchy"
            )


class Reconciler:
    """Makes forecasts of a panel add up.

    Args:
        hierarchy: what adds up to what.
        backtest: the errors that tell how uncertain each series is.
    """

    def __init__(self, hierarchy: Hierarchy, backtest: Backtest) -> None:
        self.hierarchy = hierarchy
        truth, y_hat = _paired(backtest, list(hierarchy.rows))
        k, m = hierarchy.sums.shape
        self._map = _mapping(hierarchy.sums, truth, y_hat) if k > m else np.eye(m)

    def __call__(self, y_hat: Array) -> Array:
        """Get `(n, h)` forecasts, those of the hierarchy's rows moved so that they add up, all >= 0.

        Steps at which one of its rows has no forecast stay as they are.
        """
        rows = list(self.hierarchy.rows)
        moved = y_hat.copy()
        told = y_hat[rows]
        whole = ~np.isnan(told).any(axis=0)
        parts = np.maximum(self._map @ told[:, whole], 0.0)
        told[:, whole] = self.hierarchy.sums @ parts
        moved[rows] = told
        return moved

    def back_test(self, backtest: Backtest) -> Backtest:
        """Get the back-test as it would have been with forecasts that add up."""
        forecasts = np.array([self(told) for told in backtest.forecasts]).reshape(backtest.forecasts.shape)
        return Backtest.of(backtest.panel, backtest.origins, forecasts)


def _paired(backtest: Backtest, rows: list[int]) -> tuple[Array, Array]:
    """Get truth and forecasts of all origins side by side, `(k, t)` each."""
    truths, said = [], []
    for i, ago in enumerate(backtest.origins):
        h = min(ago, backtest.forecasts.shape[2])
        truths.append(truth_after(backtest.panel, ago, h)[rows])
        said.append(backtest.forecasts[i, rows, :h])
    empty = np.zeros((len(rows), 0))
    truth, y_hat = np.hstack([empty, *truths]), np.hstack([empty, *said])
    known = ~(np.isnan(truth) | np.isnan(y_hat)).any(axis=0)
    return truth[:, known], y_hat[:, known]


def _mapping(sums: Array, truth: Array, y_hat: Array) -> Array:
    """Get the `(m, k)` matrix from forecasts of all rows to coherent ones of the parts."""
    from hierarchicalforecast.methods import MinTrace

    k = len(sums)
    # the full covariance (shrunk) was worse where a hundred errors tell of sixty series
    method = "wls_var" if truth.shape[1] >= _FEWEST_ERRORS else "wls_struct"
    # rows without any error (constants) would make the weights singular
    noise = (
        1e-9 * np.maximum(np.abs(truth).mean(axis=1, keepdims=True), 1.0) if truth.size else np.zeros((k, 1))
    )
    jitter = noise * np.random.default_rng(0).standard_normal(truth.shape)
    model = MinTrace(method=method)
    model.fit(S=sums, y_hat=np.ones((k, 1)), y_insample=truth + jitter, y_hat_insample=y_hat)
    return np.asarray(model.P, dtype=np.float64)
