"""Forecasters by name: modacast's own ensemble, Chronos from a local folder, and those of other packages.

A package registers its own under the entry-point group `modacast.forecasters`:

    [project.entry-points."modacast.forecasters"]
    mine = "my_package:MyForecaster"

It is called with the keywords `path` (a folder with a model, or None), `freq` and `levels`, and what it makes
has `fit(series)` and `predict(h)` as `modacast.types.Forecaster` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pyarrow as pa

from modacast.errors import InvalidInput, ModacastError, NotFound, suggest
from modacast.trends.forecast import EnsembleForecaster
from modacast.trends.panel import Frequency
from modacast.types import Forecaster

__all__ = ["GROUP", "forecaster_names", "load_forecaster"]

GROUP = "modacast.forecasters"
_OWN = EnsembleForecaster.name
_CHRONOS = "chronos"
_NEEDED = ("unique_id", "ds", "y_hat")


def forecaster_names() -> list[str]:
    """Get the names of the forecasters that are installed."""
    return sorted({_OWN, _CHRONOS, *(point.name for point in entry_points(group=GROUP))})


def load_forecaster(
    name: str,
    *,
    path: Path | None = None,
    freq: Frequency | None = None,
    levels: Sequence[int] = (80, 90),
) -> Forecaster:
    """Get a forecaster by its name.

    Args:
        name: `"ensemble"`, `"chronos"`, or what a plug-in registers.
        path: folder with the model, for those that need one; nothing is downloaded.
        freq: "W", "D" or "M"; inferred where None.
        levels: nominal coverages of the intervals in per cent.

    Raises:
        NotFound: there is no forecaster of that name, or no folder at that path.
        InvalidInput: a path is given to the ensemble, which needs none.
        MissingExtra: the forecaster needs a package that is not installed.
        ModacastError: the plug-in cannot be loaded, or is no forecaster.
    """
    if path is not None and not path.exists():
        raise NotFound(f"forecaster {name!r}: there is no model at {path}")
    if name == _OWN:
        if path is not None:
            raise InvalidInput(
                f"forecaster {_OWN!r} learns from the series alone; leave the model's path out"
            )
        return EnsembleForecaster(freq=freq, levels=levels)
    if name == _CHRONOS:
        from modacast.trends.chronos import ChronosForecaster

        return ChronosForecaster(path=path, freq=freq, levels=levels)
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        known = forecaster_names()
        raise NotFound(
            f"there is no forecaster {name!r}{suggest(name, known)}; installed: {', '.join(known)}"
        )
    make = _load(points[name])
    made = make(path=path, freq=freq, levels=tuple(levels))
    if not isinstance(made, Forecaster):
        raise ModacastError(
            f"the forecaster plug-in {name!r} ({points[name].value}) makes no fit(series) and predict(h)"
        )
    return _Checked(name, made)


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except ModacastError:
        raise
    except (ImportError, AttributeError) as error:
        raise ModacastError(
            f"the forecaster plug-in {point.name!r} ({point.value}) cannot be loaded: {error}"
        ) from error


class _Checked:
    """A plug-in's forecaster whose answers are checked before they go on."""

    def __init__(self, name: str, inner: Forecaster) -> None:
        self.name = name
        self._inner = inner
        self._n_series = 0

    def fit(self, series: pa.Table) -> _Checked:
        self._n_series = len(series["unique_id"].unique())
        self._inner.fit(series)
        return self

    def predict(self, h: int) -> pa.Table:
        table = self._inner.predict(h)
        missing = [name for name in _NEEDED if name not in table.column_names]
        if missing or table.num_rows != h * self._n_series:
            what = f"lack {', '.join(missing)}" if missing else f"have {table.num_rows} rows"
            raise ModacastError(
                f"the forecasts of the plug-in {self.name!r} {what}; there should be {h} rows for each of "
                f"{self._n_series} series, with {', '.join(_NEEDED)}"
            )
        return table
