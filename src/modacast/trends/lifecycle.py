"""What stage a trend is in: emerging, rising, peaking, steady, seasonal or declining, and why.

Every stage rests on a test of weekly counts that respects how bursty an element is, and on a false
discovery rate over all series that were looked at. Winter coats rise each autumn: an element whose year
repeats is held against the same weeks a year before, and is seasonal unless it beats them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from modacast.trends.changes import change_point, dispersion, false_discovery, rate_tails, smooth
from modacast.trends.history import SEASON, WINDOW, History, as_date, histories
from modacast.trends.intervals import CHANCES
from modacast.trends.panel import Array
from modacast.trends.seasonality import is_seasonal, season_strength
from modacast.trends.series import split_unique_id
from modacast.types import Stage

__all__ = ["STAGE_TABLE", "stages"]

STAGE_TABLE = pa.schema([
    pa.field("unique_id", pa.string(), nullable=False),
    pa.field("as_of", pa.date32(), nullable=False),
    pa.field("stage", pa.string(), nullable=False),
    pa.field("level", pa.float64(), nullable=False),
    pa.field("level_before", pa.float64()),             # of the weeks that growth compares with
    pa.field("weeks_between", pa.int32()),              # 52, or 8 where no year before is known
    pa.field("growth", pa.float64()),
    pa.field("momentum", pa.float64()),                 # the last 8 weeks against the 8 before
    pa.field("forecast_growth", pa.float64()),
    pa.field("forecast_low", pa.float64()),             # 80 % interval of it
    pa.field("forecast_high", pa.float64()),
    pa.field("chance_of_growth", pa.float64()),
    pa.field("confidence", pa.float64(), nullable=False),
    pa.field("p_value", pa.float64()),
    pa.field("season_strength", pa.float64()),
    pa.field("dispersion", pa.float64(), nullable=False),
    pa.field("n_mentions", pa.int64(), nullable=False),
    pa.field("first_seen", pa.date32(), nullable=False),
    pa.field("peak", pa.date32(), nullable=False),
    pa.field("rising_since", pa.date32()),
    pa.field("why", pa.string(), nullable=False),
])  # fmt: skip
"""One row a series; the numbers in `why` stand in columns too, so that it can be said in any language."""

_FALSE_DISCOVERIES = 0.05
_EFFECT = 0.2  # relative change that is worth a name
_NEW = 0.25  # of today's level; an element that was never higher before this year is new
_RECENT_PEAK = 13  # weeks
_OFF_PEAK = 0.85
_MANY = 10.0  # from here on a growth is told as "so many times"


@dataclass(frozen=True, slots=True)
class _Change:
    """A relative change, None from nothing, and its two-sided p-value after false discovery control."""

    growth: float | None
    p: float
    is_upward: bool

    @property
    def is_up(self) -> bool:
        """More than chance, and enough to matter; from nothing is enough."""
        return (
            self.p <= _FALSE_DISCOVERIES
            and self.is_upward
            and (self.growth is None or self.growth >= _EFFECT)
        )

    @property
    def is_down(self) -> bool:
        """More than chance, and enough to matter."""
        return self.p <= _FALSE_DISCOVERIES and self.growth is not None and self.growth <= -_EFFECT


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that the stage of one series is decided from."""

    history: History
    change: _Change  # against a year before, or against all that came before in a younger series
    momentum: _Change  # against the 8 weeks before
    strength: float | None
    seasonal: bool
    level: float
    level_before: float
    phi: float
    smoothed: Array

    @property
    def peak(self) -> int:
        """Position of the highest smoothed week."""
        return int(np.argmax(self.smoothed))


def stages(
    series: pa.Table, forecasts: pa.Table | None = None, means_ahead: pa.Table | None = None
) -> pa.Table:
    """Get the stage of every series.

    Growth compares the last 8 weeks that were read with the same weeks a year before, or with the 8 weeks
    before them where the series is younger than that. A rise or fall must show both against last year's
    season and against the whole year before now, so that neither a season nor an old rise passes for a new
    one; where the year is known to repeat, against last year's season alone.

    - *seasonal*: the year repeats, and now is neither beyond nor below last year's season.
    - *emerging*: rising, and never before this year at a quarter of today's level.
    - *rising*: more than chance and at least 20 % above.
    - *peaking*: above, but the highest week is past and the level has turned.
    - *declining*: more than chance and at least 20 % below.
    - *steady*: none of these.

    Args:
        series: `SERIES`.
        forecasts: `FORECASTS` of the same series; `forecast_growth` is null without.
        means_ahead: `MEANS_AHEAD` of the same forecasts; the interval and the chance of `forecast_growth` are null
            without.

    Returns:
        `STAGE_TABLE`, sorted by `unique_id`; series in which nothing was ever counted are left out.

    Raises:
        InvalidInput: `series` lacks a column.
    """
    spoken_of = [h for h in histories(series) if h.counts.sum() > 0]
    if not spoken_of:
        return STAGE_TABLE.empty_table()
    ahead = _forecast_means(forecasts) if forecasts is not None else {}
    spread = _multiples(means_ahead) if means_ahead is not None else {}
    rows = [
        _row(facts, ahead.get(facts.history.unique_id), spread.get(facts.history.unique_id))
        for facts in _facts(spoken_of)
    ]
    return pa.Table.from_pylist(rows, schema=STAGE_TABLE)


def _facts(found: list[History]) -> Iterator[_Facts]:
    phi = np.array([dispersion(h.counts, h.read) for h in found])
    strengths = [season_strength(h.share, SEASON) for h in found]
    seasonal = [
        is_seasonal(s, len(h.share), SEASON) and h.has_year for s, h in zip(strengths, found, strict=True)
    ]
    now = np.array([h.now for h in found])
    just_before = np.array([h.just_before for h in found])
    changes = _changes(found, phi, np.array(seasonal), [_relative(h.level, h.level_before) for h in found])
    tails = rate_tails(now, just_before, phi)
    momentum = _judged(tails.up, tails.down, _growth(now, just_before))
    for i, history in enumerate(found):
        yield _Facts(
            history=history,
            change=changes[i],
            momentum=momentum[i],
            strength=strengths[i],
            seasonal=seasonal[i],
            level=history.level,
            level_before=history.level_before,
            phi=float(phi[i]),
            smoothed=smooth(history.share),
        )


def _changes(found: list[History], phi: Array, seasonal: Array, growth: list[float | None]) -> list[_Change]:
    """Test now against last year's season and the year before now; both must say so, the weaker one counts."""
    now = np.array([h.now for h in found])
    # a known season is compared week for week; else a margin gives rare elements something to compare with
    last_year = [h.year_ago if known else h.season_ago for h, known in zip(found, seasonal, strict=True)]
    season = rate_tails(now, np.array(last_year), phi)
    base = rate_tails(now, np.array([h.base for h in found]), phi)
    has_year = np.array([h.has_year for h in found])
    up = np.where(has_year, np.where(seasonal, season.up, np.maximum(season.up, base.up)), base.up)
    down = np.where(has_year, np.where(seasonal, season.down, np.maximum(season.down, base.down)), base.down)
    return _judged(up, down, growth)


def _judged(up: Array, down: Array, growth: list[float | None]) -> list[_Change]:
    p = false_discovery(np.minimum(1.0, 2 * np.minimum(up, down)))
    return [_Change(growth[i], float(p[i]), bool(up[i] < down[i])) for i in range(len(p))]


def _rate(window: Array) -> float:
    return float(window[0] / window[1]) if window[1] > 0 else 0.0


def _growth(now: Array, before: Array) -> list[float | None]:
    return [_relative(_rate(a), _rate(b)) for a, b in zip(now, before, strict=True)]


def _relative(now: float, before: float) -> float | None:
    return now / before - 1 if before > 0 else None


def _stage(facts: _Facts) -> Stage:
    if facts.change.is_up:
        if _has_turned(facts):
            return "peaking"
        return "emerging" if _is_new(facts) else "rising"
    if facts.change.is_down:
        return "declining"
    return "seasonal" if facts.seasonal else "steady"


def _has_turned(facts: _Facts) -> bool:
    """Say whether the rise is past its peak; a season's own fall is no turn."""
    if facts.seasonal:
        return False
    ago = len(facts.smoothed) - 1 - facts.peak
    off_peak = facts.level < _OFF_PEAK * float(facts.smoothed[facts.peak])
    fading = WINDOW // 2 <= ago < _RECENT_PEAK and off_peak and not facts.momentum.is_up
    return facts.momentum.is_down or fading


def _is_new(facts: _Facts) -> bool:
    """Say whether the level of more than a year ago was small beside today's.

    In a panel younger than a year, an element is new if 8 weeks were read before it was first named.
    """
    share = facts.history.share
    if len(share) > SEASON:
        return bool(smooth(share[:-SEASON], WINDOW).max() < _NEW * facts.level)
    return bool(np.argmax(facts.history.mentions > 0) >= WINDOW)


def _rising_since(facts: _Facts, stage: Stage) -> date | None:
    if stage not in {"emerging", "rising", "peaking"}:
        return None
    history = facts.history
    first = max(0, len(history.read) - 2 * SEASON)
    # after the peak the counts only fall, so the rise is looked for up to it
    last = max(facts.peak + 1, first + WINDOW) if stage == "peaking" else len(history.read)
    split = change_point(history.counts[first:last], history.read[first:last])
    return None if split is None else as_date(history.weeks[first + split])


def _confidence(facts: _Facts, stage: Stage) -> float:
    """One minus the adjusted p-value of a change; else how surely there is none beyond 25 %."""
    from scipy.stats import norm

    if stage in {"emerging", "rising", "peaking", "declining"}:
        return 1 - facts.change.p
    count = facts.level * facts.history.now[1]
    spread = np.sqrt(facts.phi * 2 / max(count, 0.5))
    calm = float(2 * norm.cdf(np.log(1.25) / spread) - 1)
    return max(calm, facts.strength or 0.0) if stage == "seasonal" else calm


def _forecast_means(forecasts: pa.Table) -> dict[str, dict[date, float]]:
    means: dict[str, dict[date, float]] = {}
    columns = (forecasts[name].to_pylist() for name in ("unique_id", "ds", "y_hat"))
    for unique_id, ds, y_hat in zip(*columns, strict=True):
        means.setdefault(unique_id, {})[ds] = y_hat
    return means


@dataclass(frozen=True, slots=True)
class _Multiples:
    """What the mean ahead may come to, in multiples of its forecast: the ends of its 80 % interval, its quantiles."""

    low: float
    high: float
    quantiles: Array

    def chance_above(self, level: float) -> float:
        """Get the chance that the mean lies above a level, a multiple too; from .05 to .95, as errors tell no more."""
        return float(1 - np.interp(level, self.quantiles, CHANCES))


def _multiples(means_ahead: pa.Table) -> dict[str, _Multiples]:
    """Get them by series; series that are forecast to vanish have none."""
    columns = (
        means_ahead[name].to_pylist() for name in ("unique_id", "y_hat", "lo_80", "hi_80", "quantiles")
    )
    return {
        unique_id: _Multiples(lo / y, hi / y, np.array(quantiles) / y)
        for unique_id, y, lo, hi, quantiles in zip(*columns, strict=True)
        if y > 0
    }


def _forecast_growth(facts: _Facts, ahead: dict[date, float] | None) -> float | None:
    """The forecast weeks against the same weeks a year before, or against now where those are unknown."""
    if not ahead:
        return None
    history = facts.history
    known = {as_date(w): s for w, s in zip(history.weeks, history.share, strict=True) if not np.isnan(s)}
    pairs = [
        (y, known[ds - timedelta(weeks=52)]) for ds, y in ahead.items() if ds - timedelta(weeks=52) in known
    ]
    if len(pairs) >= len(ahead) / 2:
        before = sum(b for _, b in pairs)
        return sum(a for a, _ in pairs) / before - 1 if before > 0 else None
    return float(np.mean(list(ahead.values()))) / facts.level - 1 if facts.level > 0 else None


def _row(facts: _Facts, ahead: dict[date, float] | None, spread: _Multiples | None) -> dict[str, object]:
    history = facts.history
    foreseen = _forecast_growth(facts, ahead)
    low = high = chance = None
    if foreseen is not None and spread is not None:
        low, high = ((1 + foreseen) * times - 1 for times in (spread.low, spread.high))
        chance = spread.chance_above(1 / (1 + foreseen)) if foreseen > -1 else None
    stage = _stage(facts)
    since = _rising_since(facts, stage)
    return {
        "unique_id": history.unique_id,
        "as_of": as_date(history.weeks[-1]),
        "stage": stage,
        "level": facts.level,
        "level_before": facts.level_before,
        "weeks_between": SEASON if history.has_year else WINDOW,
        "growth": facts.change.growth,
        "momentum": facts.momentum.growth,
        "forecast_growth": foreseen,
        "forecast_low": low,
        "forecast_high": high,
        "chance_of_growth": chance,
        "confidence": float(np.clip(_confidence(facts, stage), 0.0, 1.0)),
        "p_value": facts.change.p,
        "season_strength": facts.strength,
        "dispersion": facts.phi,
        "n_mentions": int(history.mentions.sum()),
        "first_seen": as_date(history.weeks[int(np.argmax(history.mentions > 0))]),
        "peak": as_date(history.weeks[facts.peak]),
        "rising_since": since,
        "why": _why(facts, stage, since),
    }


def _why(facts: _Facts, stage: Stage, since: date | None) -> str:
    element, _ = split_unique_id(facts.history.unique_id)
    compared = "the same weeks a year before" if facts.history.has_year else "the 8 weeks before"
    growth = facts.change.growth
    change = _said(growth)
    parts = [
        f"{element} is {stage}: {_per_10k(facts.level)} in 10,000 texts over the last 8 weeks, "
        f"{_per_10k(facts.level_before)} in {compared} ({change}, p = {facts.change.p:.2g})"
    ]
    if facts.seasonal:
        parts.append(f"its year repeats (season strength {facts.strength:.2f})")
    if stage in {"peaking", "declining"}:
        parts.append(f"its peak was the week of {as_date(facts.history.weeks[facts.peak])}")
    if since is not None:
        parts.append(f"it has risen since the week of {since}")
    return "; ".join(parts) + "."


def _said(growth: float | None) -> str:
    if growth is None:
        return "from nothing"
    return f"{growth:+.0%}" if growth < _MANY else f"×{1 + growth:,.0f}"


def _per_10k(share: float) -> str:
    n = share * 10_000
    return f"{n:,.0f}" if n >= 100 else f"{n:.3g}"
