"""What second signals look like to the pooled regression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modacast.trends.panel import Array

__all__ = ["Signals"]


class Signals:
    """Lead features of signals beside a panel.

    Args:
        values: `(n, t + f, c)`; the last `f` steps lie past the end of the series. NaN is unknown.
        ahead: `(n, c)` steps past the end up to which each signal is known, `f` at most.
        leads: steps by which a signal may run ahead.
        base: steps that make up the present level.
    """

    def __init__(
        self, values: Array, ahead: npt.NDArray[np.int64], leads: tuple[int, ...], base: int
    ) -> None:
        self.leads, self.base = leads, base
        self.ahead = ahead
        self.n_features = len(leads) * values.shape[2]
        known = ~np.isnan(values)
        n = np.maximum(known.sum(axis=1, keepdims=True), 1)
        centred = np.where(known, values - np.where(known, values, 0.0).sum(axis=1, keepdims=True) / n, 0.0)
        spread = np.sqrt((centred**2).sum(axis=1, keepdims=True) / n)
        scaled = centred / np.where(spread > 1e-12, spread, 1.0)
        edge = np.zeros((values.shape[0], 1, values.shape[2]))
        self._sum = np.concatenate([edge, np.cumsum(scaled, axis=1)], axis=1)
        self._count = np.concatenate([edge, np.cumsum(known, axis=1)], axis=1)

    def features(self, t: int, h: int) -> Array:
        """Get the `(n, n_features)` features of origin `t` for horizon `h`, 0 where nothing is known.

        Each is the signal a lead before the target (or its last known value), in standard deviations,
        against the signal the same lead before the series' present level.
        """
        end = t + self.ahead
        columns = []
        for lead in self.leads:
            target = np.minimum(t + h - 1 - lead, end - 1)
            # a planned week acts in its own week; when a lead will show is less sure
            width = 1 if lead else 0
            near = self._mean(target - width, np.minimum(target + width + 1, end))
            columns.append(
                near - self._mean(np.minimum(t - self.base - lead, end - 1), np.minimum(t - lead, end))
            )
        return np.nan_to_num(np.concatenate(columns, axis=1))

    def _mean(self, start: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]) -> Array:
        start, stop = np.maximum(start, 0)[:, None], np.maximum(stop, 0)[:, None]
        n = np.take_along_axis(self._count, stop, 1) - np.take_along_axis(self._count, start, 1)
        total = np.take_along_axis(self._sum, stop, 1) - np.take_along_axis(self._sum, start, 1)
        return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)[:, 0]
