"""Weekly forecasts against their peers: accuracy, coverage, direction, rank and speed.

    python -m benchmarks.trends --data DIR [--quick] [--test] [--json FILE]

Models and settings are chosen on the validation origins, the ends of 2018 to 2021, each with the 52 weeks
after it. The test year 2023 is scored only with `--test`, once, for the table.

MASE divides by the mean absolute seasonal error of the weeks before the last training week: with that
denominator, and not with the last week in it, the stored forecasts of four foundation models give the
figures that were published with them to six digits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from benchmarks.report import Report, parse_arguments
from modacast import evaluate
from modacast.trends import EnsembleForecaster
from modacast.trends.local import ces_forecast, seasonal_naive, theta_forecast
from modacast.trends.panel import Panel, read_panel

Array = npt.NDArray[np.float64]

SEASON = 52
H = 52
N_TRAIN = 386  # weeks up to and with 2022-12-26
VALIDATION = (N_TRAIN - 4 * H, N_TRAIN - 3 * H, N_TRAIN - 2 * H, N_TRAIN - H)
BLOCKS = ((0, 13), (13, 26), (26, 39), (39, 52))
STORED = {
    "chronos": "Chronos-2 zero-shot",
    "chronos_finetuned": "Chronos-2 fine-tuned",
    "timesfm": "TimesFM-2.5",
    "tirex": "TiRex",
}
PEERS: dict[str, Callable[[Panel, int], Array]] = {
    "seasonal naive": seasonal_naive,
    "AutoTheta": theta_forecast,
    "AutoCES": ces_forecast,
}


@dataclass(frozen=True, slots=True)
class Sneakers:
    """The wide file: `ids`, Mondays, and `(n, t)` visibility."""

    ids: list[str]
    weeks: npt.NDArray[np.datetime64]
    y: Array

    def table(self, end: int) -> pa.Table:
        """Get the long format of the weeks before `end`."""
        return pa.table(
            {
                "unique_id": np.repeat(self.ids, end),
                "ds": pa.array(np.tile(self.weeks[:end], len(self.ids))),
                "y": self.y[:, :end].ravel(),
            }
        )


@dataclass(frozen=True, slots=True)
class Scored:
    """What one origin gave, one figure a series where it is an array."""

    mase: dict[str, Array]
    inside: dict[int, Array]  # level -> (n, h) whether the truth lay within
    direction: dict[str, float]
    rank: dict[str, float]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    given = list(sys.argv[1:] if argv is None else argv)
    is_test = "--test" in given
    arguments = parse_arguments("trends", [word for word in given if word != "--test"])
    report = Report("trends")
    folder = arguments.data / "trends" / "us_female_sneakers"
    sneakers = _read(folder / "us_female_sneakers.csv", 12 if arguments.quick else None)
    if not arguments.quick:
        _score_stored(report, folder, sneakers)
    origins = VALIDATION[-1:] if arguments.quick else VALIDATION
    scored = [_score(sneakers, origin) for origin in origins]
    for origin, one in zip(origins, scored, strict=True):
        year = str(sneakers.weeks[origin].astype("datetime64[Y]"))
        for name, values in one.mase.items():
            report.add_mean(year, "MASE", values, peer=None if name == "modacast" else name, better="lower")
    _add(report, "2019-2022", scored, is_test=False)
    if is_test:
        _add(report, "2023", [_score(sneakers, N_TRAIN)], is_test=True)
    else:
        report.note("the test year 2023 was not looked at; add --test")
    _time(report, n_series=100 if arguments.quick else 2000, n_weeks=260)
    report.finish(arguments.json)


def _read(path: Path, n_series: int | None = None) -> Sneakers:
    frame = pl.read_csv(path, try_parse_dates=True)
    weeks = frame.to_series(0).to_numpy().astype("datetime64[D]")
    columns = sorted(frame.columns[1:])[:n_series]
    return Sneakers(columns, weeks, frame.select(columns).to_numpy().T.astype(np.float64))


def _mase(sneakers: Sneakers, origin: int, y_hat: Array) -> Array:
    truth = sneakers.y[:, origin : origin + H]
    return evaluate.mase(truth, y_hat, sneakers.y[:, : origin - 1], season=SEASON)


def _score_stored(report: Report, folder: Path, sneakers: Sneakers) -> None:
    published = pl.read_csv(folder / "mean_errors_ranking.csv")
    figures = dict(zip(published.to_series(0).to_list(), published["mase"].to_list(), strict=True))
    gaps = []
    for name, title in STORED.items():
        stored = _read(folder / f"forecast_{name}.csv")
        values = _mase(sneakers, N_TRAIN, stored.y)
        gaps.append(abs(float(values.mean()) - figures[name]))
        report.add_mean("2023, stored forecast", "MASE", values, peer=title, better="lower")
    report.add(
        "2023, stored forecasts", "largest gap to published", max(gaps), must=5e-4, ahead=5e-5, better="lower"
    )


def _score(sneakers: Sneakers, origin: int) -> Scored:
    table = sneakers.table(origin)
    panel = read_panel(table)
    truth = sneakers.y[:, origin : origin + H]
    model = EnsembleForecaster().fit(table)
    forecast = model.predict(H)

    def matrix(column: str) -> Array:
        return np.asarray(forecast[column].to_numpy(), dtype=np.float64).reshape(-1, H)

    guesses = {name: peer(panel, H) for name, peer in PEERS.items()} | {"modacast": matrix("y_hat")}
    before = sneakers.y[:, origin - H : origin].mean(axis=1)
    growth = truth.mean(axis=1) / before - 1
    grown = {name: guess.mean(axis=1) / before - 1 for name, guess in guesses.items()}
    bounds = {level: (matrix(f"lo_{level}"), matrix(f"hi_{level}")) for level in (80, 90)}
    return Scored(
        mase={name: _mase(sneakers, origin, guess) for name, guess in guesses.items()},
        inside={level: ((truth >= lo) & (truth <= hi)).astype(float) for level, (lo, hi) in bounds.items()},
        direction={name: evaluate.direction_accuracy(growth, g) for name, g in grown.items()},
        rank={name: evaluate.spearman(growth, g) for name, g in grown.items()},
    )


def _add(report: Report, period: str, scored: list[Scored], *, is_test: bool) -> None:
    for name in scored[0].mase:
        values = np.mean([one.mase[name] for one in scored], axis=0)
        peer = None if name == "modacast" else name
        goal = {"must": 0.795, "ahead": 0.77} if peer is None and is_test else {}
        report.add_mean(period, "MASE", values, peer=peer, better="lower", **goal)
    ours = np.mean([one.mase["modacast"] for one in scored], axis=0)
    for name in PEERS:
        theirs = np.mean([one.mase[name] for one in scored], axis=0)
        report.add(
            f"{period}, less than {name}",
            "MASE difference",
            evaluate.paired_bootstrap(ours, theirs),
            better="lower",
        )
    for level in (80, 90):
        inside = np.mean([one.inside[level] for one in scored], axis=0)
        for first, last in BLOCKS:
            found = inside[:, first:last].mean(axis=1)
            where = f"{period}, weeks {first + 1}-{last}"
            report.add_mean(where, f"coverage of the {level} % interval", found)
            gap = abs(float(found.mean()) - level / 100)
            report.add(where, f"gap to {level} % coverage", gap, must=0.05, ahead=0.02, better="lower")
    for metric, field, must, ahead in (
        ("year-on-year direction", "direction", 0.55, 0.62),
        ("Spearman of yearly growth", "rank", 0.57, 0.70),
    ):
        for name in scored[0].mase:
            value = float(np.nanmean([getattr(one, field)[name] for one in scored]))
            peer = None if name == "modacast" else name
            goal = {"must": must, "ahead": ahead} if peer is None else {}
            report.add(period, metric, None if np.isnan(value) else value, peer=peer, **goal)


def _time(report: Report, *, n_series: int, n_weeks: int) -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(n_weeks)
    season = 1 + 0.3 * np.sin(2 * np.pi * (steps / SEASON + rng.random((n_series, 1))))
    walk = np.exp(np.cumsum(rng.normal(0, 0.03, (n_series, n_weeks)), axis=1))
    y = 0.01 * season * walk * np.exp(rng.normal(0, 0.1, (n_series, n_weeks)))
    weeks = np.datetime64("2019-01-07") + 7 * steps
    made = Sneakers([f"s{i:05d}" for i in range(n_series)], weeks, y)
    began = time.perf_counter()
    EnsembleForecaster().fit(made.table(n_weeks)).predict(H)
    minutes = (time.perf_counter() - began) / 60
    row = f"{n_series} series x {n_weeks} weeks, fit + {H} weeks with intervals"
    goal = {"must": 10.0, "ahead": 3.0} if n_series == 2000 else {}
    report.add(row, "minutes", minutes, better="lower", **goal)


if __name__ == "__main__":
    main()
