"""A forecaster that learns shapes from all series at once: a small neural network in plain numpy.

Where the pooled regression is told which levels and seasons to look at, the network sees the last two years
of a series week by week and answers with the next year in one go, as N-BEATS does (Oreshkin, Carpov, Chapados
and Bengio 2020), here with two hidden layers. It is trained on every window of every series, in mean
absolute error that is weighted as MASE weighs it, with noise on its inputs, dropout and AdamW (Loshchilov and
Hutter 2019). Nets differ in what they take for the current level of a series. On a hundred series of eight years one net learns in about half a second of one core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modacast.trends.known_means import mean_known, series_weight
from modacast.trends.panel import Array, Frequency, Panel
from modacast.types import Floats

__all__ = ["network_forecast"]

_FEWEST_WINDOWS = 1_000  # fewer teach a network nothing that holds
_FEWEST_SERIES = 8  # and so do fewer series
_HIDDEN = 128
_BATCH = 256
_EPOCHS = 6
_STEPS = (150, 800)  # fewest and most
_MAX_WINDOWS = 80_000
_RATE = 3e-3
_WARM_UP = 0.3  # of the steps
_WEIGHT_DECAY = 0.01
_NOISE = 0.1  # of a mean level
_DROPOUT = 0.1
_DECAY = 0.8  # weight of a window one era older
_SEEDS = 2  # nets for each base
_MAX_RISE = 5.0  # of the highest value so far


@dataclass(frozen=True, slots=True)
class _Scope:
    """What one net sees, in steps: two eras of lags, one era ahead, and the mean of `base` as the level."""

    era: int
    base: int


_SCOPES: dict[Frequency, tuple[_Scope, ...]] = {
    "W": tuple(_Scope(52, base) for base in (4, 8, 26)),
    "D": tuple(_Scope(28, base) for base in (7, 14, 28)),
    "M": tuple(_Scope(12, base) for base in (1, 2, 6)),
}


@dataclass(frozen=True, slots=True)
class _Windows:
    """Training rows: `(m, d)` inputs, `(m, h)` targets with 0 for unknown ones, `(m, h)` their weights."""

    x: Floats
    target: Floats
    weight: Floats


def network_forecast(panel: Panel, h: int, *, seed: int = 0) -> Array | None:
    """Forecast every series of a panel by nets that all of them share.

    Args:
        panel: the series; rows that have not begun give NaN.
        h: steps ahead; beyond an era (52 weeks) the nets go on from their own forecast.
        seed: of first weights, noise and the order of windows.

    Returns:
        `(3, n, h)` float64, >= 0, one for each level that nets compare with; None where there are too few series or windows to learn from.
        Deterministic for one seed.
    """
    if np.sum(panel.lengths() > 0) < _FEWEST_SERIES:
        return None
    z = np.sqrt(panel.y)
    scale = mean_known(z)
    scale = np.where(scale > 0, scale, 1.0)[:, None]
    z = z / scale
    weight = series_weight(panel)
    roof = np.max(np.nan_to_num(panel.y), axis=1, keepdims=True) * _MAX_RISE
    found = []
    for scope in _SCOPES[panel.freq]:
        windows = _windows(z, weight, scope, min(h, scope.era), seed)
        if len(windows.x) < _FEWEST_WINDOWS:
            return None
        nets = [_train(windows, np.random.default_rng((seed, scope.base, k))) for k in range(_SEEDS)]
        root = np.mean([_roll(net, z, scope, h) for net in nets], axis=0)
        found.append(np.minimum((root * scale) ** 2, roof))
    return np.stack(found)


def _roll(net: _Net, z: Array, scope: _Scope, h: int) -> Array:
    """Forecast as many steps at a time as the net gives until there are `h`."""
    known, n_steps = z, z.shape[1]
    while known.shape[1] < n_steps + h:
        end = known.shape[1]
        step = _level(known, end, scope) + net.forward(_inputs(known, end, scope))
        known = np.hstack([known, np.maximum(step, 0.0)])
    return known[:, n_steps : n_steps + h]


def _windows(z: Array, series_weight: Array, scope: _Scope, ahead: int, seed: int) -> _Windows:
    """Cut every series at every step that has half an era behind it and a quarter of the horizon before it.

    What lies past the end of a series has weight 0, so that the newest weeks teach too.
    """
    n, n_steps = z.shape
    rng = np.random.default_rng(seed)
    later = np.hstack([z, np.full((n, ahead), np.nan)])
    ends = range(max(scope.era // 2, 2), n_steps - max(1, ahead // 4) + 1)
    keep = min(1.0, _MAX_WINDOWS / max(1, len(ends) * n))
    xs, targets, weights = [], [], []
    for end in ends:
        usable = ~np.isnan(z[:, end - 1]) & (series_weight > 0)
        if keep < 1.0:
            usable &= rng.random(n) < keep
        gap = (later[:, end : end + ahead] - _level(z, end, scope))[usable]
        age = _DECAY ** ((n_steps - end) / scope.era)
        xs.append(_inputs(z, end, scope)[usable])
        targets.append(np.nan_to_num(gap).astype(np.float32))
        weights.append((~np.isnan(gap) * (series_weight[usable] * age)[:, None]).astype(np.float32))
    if not xs:
        empty = np.zeros((0, ahead), dtype=np.float32)
        return _Windows(empty, empty, empty)
    weight = np.concatenate(weights)
    weight /= np.float32(max(float(weight.mean()), 1e-12))
    return _Windows(np.concatenate(xs), np.concatenate(targets), weight)


def _inputs(z: Array, end: int, scope: _Scope) -> Floats:
    """Get `(n, 2 * era + 3)` float32: the last two eras and the means of those before, against the level.

    What a young series lacks stands at its level; eras before the first at the oldest mean that there is.
    """
    era, level = scope.era, _level(z, end, scope)
    lags = z[:, max(0, end - 2 * era) : end] - level
    columns = [np.zeros((len(z), 2 * era - lags.shape[1])), lags]
    oldest = mean_known(z[:, : min(era, end)])[:, None] - level
    for k in (2, 3, 4):
        first, last = end - (k + 1) * era, end - k * era
        if last >= era // 2:
            mean = mean_known(z[:, max(0, first) : last])[:, None] - level
            oldest = np.where(np.isnan(mean), oldest, mean)
        columns.append(oldest)
    return np.nan_to_num(np.hstack(columns)).astype(np.float32)


def _level(z: Array, end: int, scope: _Scope) -> Array:
    return mean_known(z[:, max(0, end - scope.base) : end])[:, None]


class _Net:
    """Two hidden layers of rectified units, dropout after each, and AdamW."""

    def __init__(self, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> None:
        sizes = ((n_inputs, _HIDDEN), (_HIDDEN, _HIDDEN), (_HIDDEN, n_outputs))
        self.weights = [(rng.uniform(-1, 1, size) / np.sqrt(size[0])).astype(np.float32) for size in sizes]
        self.biases = [np.zeros(size[1], dtype=np.float32) for size in sizes]
        self._rng = rng
        self._first = [np.zeros_like(p) for p in self._parameters()]
        self._second = [np.zeros_like(p) for p in self._parameters()]
        self._n_steps = 0

    def _parameters(self) -> list[Floats]:
        return [*self.weights, *self.biases]

    def forward(self, x: Floats) -> Floats:
        """Get the `(n, h)` answers."""
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = np.maximum(x @ weight + bias, 0.0)
        return x @ self.weights[-1] + self.biases[-1]

    def learn(self, x: Floats, target: Floats, weight: Floats, rate: float) -> None:
        """Take one step of weighted mean absolute error."""
        layers, kept = [x], []
        for matrix, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            raw = np.maximum(layers[-1] @ matrix + bias, 0.0)
            mask = (self._rng.random(raw.shape, dtype=np.float32) >= _DROPOUT) / np.float32(1 - _DROPOUT)
            layers.append(raw * mask)
            kept.append(mask * (raw > 0))
        answer = layers[-1] @ self.weights[-1] + self.biases[-1]
        gradient = np.sign(answer - target) * weight / np.float32(target.size)
        by_weight, by_bias = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            by_weight.append(layers[i].T @ gradient)
            by_bias.append(gradient.sum(axis=0))
            if i > 0:
                gradient = (gradient @ self.weights[i].T) * kept[i - 1]
        self._descend([*by_weight[::-1], *by_bias[::-1]], rate)

    def _descend(self, gradients: list[Floats], rate: float) -> None:
        self._n_steps += 1
        first_bias, second_bias = 1 - 0.9**self._n_steps, 1 - 0.999**self._n_steps
        for i, (value, gradient) in enumerate(zip(self._parameters(), gradients, strict=True)):
            self._first[i] += 0.1 * (gradient - self._first[i])
            self._second[i] += 0.001 * (gradient * gradient - self._second[i])
            root = np.sqrt(self._second[i] / second_bias) + 1e-8
            np.multiply(value, 1 - rate * _WEIGHT_DECAY, out=value)
            np.subtract(value, (rate / first_bias) * self._first[i] / root, out=value)


def _train(windows: _Windows, rng: np.random.Generator) -> _Net:
    """Learn for a few epochs; the rate rises, then falls along a cosine (Smith and Topin 2019)."""
    m = len(windows.x)
    net = _Net(windows.x.shape[1], windows.target.shape[1], rng)
    n_steps = int(np.clip(_EPOCHS * m // _BATCH, *_STEPS))
    order = rng.permutation(m)
    for step in range(n_steps):
        start = (step * _BATCH) % m
        if start + _BATCH > m:
            order = rng.permutation(m)
            start = 0
        rows = order[start : start + _BATCH]
        x = windows.x[rows]
        noisy = x + np.float32(_NOISE) * rng.standard_normal(x.shape, dtype=np.float32)
        net.learn(noisy, windows.target[rows], windows.weight[rows], _rate(step / n_steps))
    return net


def _rate(progress: float) -> float:
    if progress < _WARM_UP:
        return _RATE * progress / _WARM_UP
    return _RATE * 0.5 * (1 + float(np.cos(np.pi * (progress - _WARM_UP) / (1 - _WARM_UP))))
