"""Weekly forecasts against their peers: accuracy, coverage, direction, rank, hierarchies, youth and speed.

    python -m benchmarks.trends --data DIR [--quick] [--test] [--json FILE]

Models and settings are chosen on rolling origins, the ends of 2018 to 2021, each with the 52 weeks after it.
The test year 2023 is scored only with `--test`, for the table. Coverage is also told for each origin, as one
year to come is one origin and not the mean of four. Another wide file of weekly series in place of the sneakers is
cut alike: its last 52 weeks are the test, the four years before them the origins, as far as two years come before.

MASE divides by the mean absolute seasonal error of the weeks before the last training week: with that
denominator, and not with the last week in it, the stored forecasts of four foundation models give the
figures that were published with them to six digits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from benchmarks.data_sets import NoData
from benchmarks.report import Report, parse_arguments, peak_memory
from benchmarks.trend_data import (
    SEARCHES,
    SEASON,
    SNEAKERS,
    Wide,
    made_panel,
    read_long,
    read_sales,
    read_wide,
    series_file,
)
from benchmarks.trend_peers import PEERS, young_ets
from modacast import evaluate
from modacast.trends import EnsembleForecaster
from modacast.trends.ensemble import ensemble_forecast
from modacast.trends.intervals import CHANCES
from modacast.trends.panel import read_panel

Array = npt.NDArray[np.float64]

H = 52
MEANS = (13, 26, 52)  # weeks whose mean has an interval of its own
FEWEST = 2 * SEASON  # weeks before an origin
BLOCKS = ((0, 13), (13, 26), (26, 39), (39, 52))
LEVELS = (80, 90)
NEAR = 0.05  # of the nominal coverage
STORED = {
    "chronos": "Chronos-2 zero-shot",
    "chronos_finetuned": "Chronos-2 fine-tuned",
    "timesfm": "TimesFM-2.5",
    "tirex": "TiRex",
}
KNOWN_WEEKS = (8, 13, 26, 52)  # of series that are cut young
YOUNG_H = 26
FEWEST_YOUNG = 6  # series, of which some are cut young
SALES_H = 13


@dataclass(frozen=True, slots=True)
class Scored:
    """What one origin gave, one figure a series where it is an array."""

    origin: str
    size: Array  # (n,) mean of the two years before
    mase: dict[str, Array]
    inside: dict[int, Array]  # level -> (n, h) whether the truth lay within
    interval_score: dict[int, Array]  # level -> (n,) mean over the weeks, in the values' unit
    mean_inside: dict[int, Array]  # weeks -> (n,) whether their mean lay within its 80 % interval
    ends_inside: dict[int, Array]  # the same within the averaged ends of the weeks' intervals
    mean_width: dict[int, Array]  # (n,) width of the first as a share of the second's
    chance: dict[
        int, tuple[Array, Array]
    ]  # weeks -> (n,) said that their mean grows on the year, and whether it did
    direction: dict[str, float]
    rank: dict[str, float]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    given = list(sys.argv[1:] if argv is None else argv)
    is_test = "--test" in given
    arguments = parse_arguments("trends", [word for word in given if word != "--test"])
    report = Report("trends")
    quick = arguments.quick
    with report.part("sneakers"):
        _sneakers(report, arguments.data, quick=quick, is_test=is_test)
    with report.part("searches"):
        searches = read_long(series_file(arguments.data, SEARCHES, is_wide=False))
        _rolling(report, "searches", searches, _origins(searches, step=H // 2, last=0, quick=quick))
    with report.part("sales"):
        _add_sales(report, arguments.data / "shop" / "hm", n_origins=1 if quick else 4)
    _time(report, n_series=100 if quick else 2000, n_weeks=260)
    report.finish(arguments.json)


def _sneakers(report: Report, data: Path, *, quick: bool, is_test: bool) -> None:
    path = series_file(data, SNEAKERS, is_wide=True)
    whole = read_wide(path)
    sneakers = whole[: 12 if quick else None]
    n_train = sneakers.y.shape[1] - H
    name = "sneakers" if path.name == Path(SNEAKERS).name else path.name.split(".")[0]
    report.note(
        f"{path.name}: {len(sneakers.ids)} of {len(whole.ids)} series, {len(whole.weeks)} weeks, "
        f"{whole.weeks[0]} to {whole.weeks[-1]}"
    )
    if not quick:
        with report.part("stored forecasts"):
            _score_stored(report, path.parent, sneakers, n_train)
    test_year = str(sneakers.weeks[n_train])[:4]
    if is_test and n_train >= FEWEST:
        _add(report, test_year, [_score(sneakers, n_train)], is_test=True)
    elif is_test:
        report.note(f"{name}: too short for a test year: {n_train} weeks come before it, {FEWEST} are needed")
    else:
        report.note(f"the test year {test_year} was not looked at; add --test")
    origins = _origins(sneakers, step=H, last=H, quick=quick)
    first, last = (str(sneakers.weeks[origin])[:4] for origin in (origins[0], origins[-1] + H - 1))
    _rolling(report, f"{name} {first}-{last}" if first != last else f"{name} {first}", sneakers, origins)
    with report.part("young series"):
        _add_young(report, sneakers, name, origins)


def _origins(wide: Wide, *, step: int, last: int, quick: bool) -> list[int]:
    """Get the last four origins, a step apart, whose `H` weeks end `last` weeks before the series do.

    Raises:
        NoData: two years do not come before any.
    """
    n = wide.y.shape[1]
    found = [n - H - last - k * step for k in range(3, -1, -1) if n - H - last - k * step >= FEWEST]
    if not found:
        raise NoData(f"{n} weeks are too few: {FEWEST + H + last} are needed")
    return found[-1:] if quick else found


def _rolling(report: Report, name: str, wide: Wide, origins: Sequence[int]) -> None:
    scored = [_score(wide, origin) for origin in origins]
    for one in scored:
        for peer, values in one.mase.items():
            report.add_mean(
                f"{name.split(maxsplit=1)[0]}, from {one.origin}", "MASE", values,
                peer=None if peer == "modacast" else peer, better="lower",
            )  # fmt: skip
    _add(report, name, scored, is_test=False)


def _mase(wide: Wide, origin: int, y_hat: Array) -> Array:
    truth = wide.y[:, origin : origin + H]
    return evaluate.mase(truth, y_hat[:, : truth.shape[1]], wide.y[:, : origin - 1], season=SEASON)


def _score_stored(report: Report, folder: Path, sneakers: Wide, n_train: int) -> None:
    """Score the forecasts that lie beside the series, and compare with the published ranking where there is one."""
    figures, gaps = _published(folder), []
    paths = sorted(folder.glob("forecast_*.csv"))
    if not paths:
        raise NoData("no forecast_*.csv lies beside the series")
    year = str(sneakers.weeks[n_train])[:4]
    for path in paths:
        name = path.stem.removeprefix("forecast_")
        frame = pl.read_csv(path, try_parse_dates=True)
        days = frame.to_series(0).to_numpy().astype("datetime64[D]")
        if missing := set(sneakers.ids) - set(frame.columns):
            report.note(f"{path.name}: left out: it lacks {len(missing)} of {len(sneakers.ids)} series")
            continue
        if days.tolist() != sneakers.weeks[n_train:].tolist():
            report.note(f"{path.name}: left out: its weeks are not the last {H} of the series")
            continue
        y_hat = frame.select(sneakers.ids).to_numpy().T.astype(np.float64)
        values = _mase(sneakers, n_train, y_hat)
        report.add_mean(
            f"{year}, stored forecast", "MASE", values, peer=STORED.get(name, name), better="lower"
        )
        if name in figures:
            gaps.append(abs(float(values.mean()) - figures[name]))
    if gaps:
        what = f"{year}, stored forecasts"
        report.add(what, "largest gap to published", max(gaps), must=5e-4, ahead=5e-5, better="lower")


def _published(folder: Path) -> dict[str, float]:
    path = folder / "mean_errors_ranking.csv"
    if not path.is_file():
        return {}
    frame = pl.read_csv(path)
    return dict(zip(frame.to_series(0).to_list(), frame["mase"].to_list(), strict=True))


def _score(wide: Wide, origin: int) -> Scored:
    table = wide.table(origin)
    panel = read_panel(table, freq="W")
    truth = wide.y[:, origin : origin + H]
    model = EnsembleForecaster(freq="W", levels=LEVELS).fit(table)
    forecast = model.predict(H)

    def matrix(column: str) -> Array:
        return np.asarray(forecast[column].to_numpy(), dtype=np.float64).reshape(-1, H)

    guesses = {name: peer(panel, H) for name, peer in PEERS.items()} | {"modacast": matrix("y_hat")}
    before = wide.y[:, origin - H : origin].mean(axis=1)
    moving = before > 0
    growth = truth.mean(axis=1)[moving] / before[moving] - 1
    grown = {name: guess.mean(axis=1)[moving] / before[moving] - 1 for name, guess in guesses.items()}
    ends = {h: tuple(matrix(name)[:, :h].mean(axis=1) for name in ("lo_80", "hi_80")) for h in MEANS}
    ahead = {h: _means(model, forecast, h) for h in MEANS}
    own = {h: (means["lo_80"].to_numpy(), means["hi_80"].to_numpy()) for h, means in ahead.items()}
    bounds = {level: (matrix(f"lo_{level}"), matrix(f"hi_{level}")) for level in LEVELS}
    return Scored(
        origin=str(wide.weeks[origin]),
        mase={name: _mase(wide, origin, guess) for name, guess in guesses.items()},
        size=wide.y[:, origin - FEWEST : origin].mean(axis=1),
        interval_score={level: _interval_score(truth, *ends, level) for level, ends in bounds.items()},
        inside={level: ((truth >= lo) & (truth <= hi)).astype(float) for level, (lo, hi) in bounds.items()},
        mean_inside={h: _lies_within(truth[:, :h], *own[h]) for h in MEANS},
        ends_inside={h: _lies_within(truth[:, :h], *ends[h]) for h in MEANS},
        mean_width={h: _width(own[h]) / np.maximum(_width(ends[h]), 1e-12) for h in MEANS},
        chance={h: _chance(wide, origin, means, h) for h, means in ahead.items()},
        direction={name: evaluate.direction_accuracy(growth, g) for name, g in grown.items()},
        rank={name: evaluate.spearman(growth, g) for name, g in grown.items()},
    )


def _interval_score(truth: Array, lo: Array, hi: Array, level: int) -> Array:
    """Get the `(n,)` mean widths, with what lay outside by the rate at which it should (Gneiting and Raftery 2007)."""
    outside = np.maximum(lo - truth, 0.0) + np.maximum(truth - hi, 0.0)
    return np.asarray((hi - lo + 2 / (1 - level / 100) * outside).mean(axis=1))


def _means(model: EnsembleForecaster, forecast: pa.Table, h: int) -> pa.Table:
    """Get `MEANS_AHEAD` of the first `h` weeks."""
    first = np.tile(np.arange(H), forecast.num_rows // H) < h
    return model.means_ahead(forecast.filter(pa.array(first)))


def _chance(wide: Wide, origin: int, means: pa.Table, h: int) -> tuple[Array, Array]:
    """Get the chances that the mean of the first `h` weeks lies above that of a year before, and whether it did."""
    before = wide.y[:, origin - SEASON : origin - SEASON + h].mean(axis=1)
    grew = wide.y[:, origin : origin + h].mean(axis=1) > before
    quantiles = np.array(means["quantiles"].to_pylist())
    said = [1 - np.interp(level, own, CHANCES) for level, own in zip(before, quantiles, strict=True)]
    return np.array(said), grew.astype(np.float64)


def _width(ends: tuple[Array, Array]) -> Array:
    return ends[1] - ends[0]


def _lies_within(truth: Array, lo: Array, hi: Array) -> Array:
    """Mark the rows whose mean lies between two ends."""
    mean = truth.mean(axis=1)
    return ((mean >= lo) & (mean <= hi)).astype(float)


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
    _add_coverage(report, period, scored)
    for metric, field, must, ahead in (
        ("year-on-year direction", "direction", 0.55, 0.62),
        ("Spearman of yearly growth", "rank", 0.57, 0.70),
    ):
        for name in scored[0].mase:
            known = [value for one in scored if not np.isnan(value := getattr(one, field)[name])]
            peer = None if name == "modacast" else name
            goal = {"must": must, "ahead": ahead} if peer is None and "searches" not in period else {}
            report.add(period, metric, float(np.mean(known)) if known else None, peer=peer, **goal)


def _add_coverage(report: Report, period: str, scored: list[Scored]) -> None:
    for h in MEANS:
        where = f"{period}, mean of weeks 1-{h}"
        found = np.mean([one.mean_inside[h] for one in scored], axis=0)
        report.add_mean(where, "coverage of its 80 % interval", found)
        found = np.mean([one.ends_inside[h] for one in scored], axis=0)
        report.add_mean(where, "coverage of its 80 % interval", found, peer="the weeks' ends averaged")
        said, grew = (np.concatenate([one.chance[h][k] for one in scored]) for k in (0, 1))
        metric = "Brier score of the chance of growth"
        report.add_mean(where, metric, (said - grew) ** 2, better="lower")
        report.add_mean(where, metric, (grew.mean() - grew) ** 2, peer="the share that grew", better="lower")
        width = float(np.median(np.concatenate([one.mean_width[h] for one in scored])))
        report.add(where, "width, of the weeks' ends averaged", width, better="lower")
    for level in LEVELS:
        near = []
        for first, last in BLOCKS:
            by_origin = [one.inside[level][:, first:last].mean(axis=1) for one in scored]
            where = f"{period}, weeks {first + 1}-{last}"
            report.add_mean(where, f"coverage of the {level} % interval", np.mean(by_origin, axis=0))
            gap = abs(float(np.mean(by_origin)) - level / 100)
            report.add(where, f"gap to {level} % coverage", gap, must=0.05, ahead=0.02, better="lower")
            for one, found in zip(scored, by_origin, strict=True):
                near.append(abs(float(found.mean()) - level / 100) <= NEAR)
                if len(scored) > 1:
                    told = f"{where}, from {one.origin}"
                    report.add(told, f"coverage of the {level} % interval", float(found.mean()))
        what = f"share of quarters within 5 points of {level} % coverage, each origin alone"
        report.add(period, what, float(np.mean(near)))
        thirds = zip(*(_by_size(one, level) for one in scored), strict=True)
        for third, values in zip(("smallest", "middle", "largest"), thirds, strict=True):
            found = np.concatenate(values)
            report.add_mean(
                f"{period}, {third} third of series", f"coverage of the {level} % interval", found
            )
        score = sum(one.interval_score[level].sum() for one in scored) / sum(one.size.sum() for one in scored)
        what = f"interval score of {level} %, summed over series, by the sum of their sizes"
        report.add(period, what, float(score), better="lower")


def _by_size(one: Scored, level: int) -> list[Array]:
    """Get each series' coverage over the whole horizon, by thirds of their size."""
    covered = one.inside[level].mean(axis=1)
    return np.array_split(covered[np.argsort(one.size, kind="stable")], 3)


def _add_sales(report: Report, folder: Path, *, n_origins: int) -> None:
    """Forecast sales with and without their hierarchy, from origins a month apart."""
    sales = read_sales(folder)
    wide, n_weeks = sales.series, sales.series.y.shape[1]
    fewest = SEASON + SALES_H + 4 * (n_origins - 1)
    if n_weeks < fewest:
        raise NoData(f"{n_weeks} weeks of sales are too few: {fewest} are needed")
    found: dict[tuple[str, str], list[Array]] = {}
    inside: dict[str, list[float]] = {}
    for origin in range(n_weeks - SALES_H - 4 * (n_origins - 1), n_weeks - SALES_H + 1, 4):
        table, truth = wide.table(origin), wide.y[:, origin : origin + SALES_H]
        for name, tree in (("apart", None), ("reconciled", sales.tree)):
            made = EnsembleForecaster(freq="W").fit(table, hierarchy=tree).predict(SALES_H)
            frame = pl.DataFrame(made).sort("unique_id", "ds")
            order = np.argsort(np.argsort(wide.ids))
            y_hat, lo, hi = (
                frame[column].to_numpy().reshape(-1, SALES_H)[order] for column in ("y_hat", "lo_80", "hi_80")
            )
            mase = evaluate.mase(truth, y_hat, wide.y[:, :origin], season=1)
            for level, rows in sales.levels.items():
                found.setdefault((level, name), []).append(mase[rows])
            inside.setdefault(name, []).append(float(((truth >= lo) & (truth <= hi)).mean()))
    for level in sales.levels:
        for name in ("apart", "reconciled"):
            values = np.mean(found[level, name], axis=0)
            peer = None if name == "reconciled" else "the same, not reconciled"
            report.add_mean(
                f"H&M weekly sales, {level}", "MASE (season 1)", values, peer=peer, better="lower"
            )
    for name, values in inside.items():
        peer = None if name == "reconciled" else "the same, not reconciled"
        report.add("H&M weekly sales", "coverage of the 80 % interval", float(np.mean(values)), peer=peer)


def _add_young(report: Report, wide: Wide, name_of: str, origins: Sequence[int]) -> None:
    """Cut a fifth of the series young: forecasts beside the whole board against each alone."""
    rng = np.random.default_rng(0)
    found: dict[tuple[int, str], list[Array]] = {}
    for origin in origins:
        n = len(wide.ids)
        if n < FEWEST_YOUNG:
            raise NoData(f"{n} series are too few; {FEWEST_YOUNG} are needed")
        cut = np.sort(rng.permutation(n)[: max(3, n // 5)])
        truth = wide.y[cut, origin : origin + YOUNG_H]
        for weeks in KNOWN_WEEKS:
            start = np.zeros(n, dtype=int)
            start[cut] = origin - weeks
            panel = read_panel(wide.table(origin, start), freq="W")
            alone = read_panel(
                Wide([wide.ids[i] for i in cut], wide.weeks, wide.y[cut]).table(origin, start[cut]), freq="W"
            )
            guesses = {
                "modacast": ensemble_forecast(panel, YOUNG_H)[cut],
                "modacast, each alone": ensemble_forecast(alone, YOUNG_H),
                "AutoETS": young_ets(alone, YOUNG_H),
                "last value": np.repeat(wide.y[cut, origin - 1 : origin], YOUNG_H, axis=1),
            }
            for name, guess in guesses.items():
                error = evaluate.mase(truth, guess, wide.y[cut, : origin - 1], season=SEASON)
                found.setdefault((weeks, name), []).append(error)
    for (weeks, name), values in found.items():
        peer = None if name == "modacast" else name
        where = f"{name_of} known for {weeks} weeks, {YOUNG_H} ahead"
        report.add_mean(where, "MASE", np.concatenate(values), peer=peer, better="lower")


def _time(report: Report, *, n_series: int, n_weeks: int) -> None:
    made = made_panel(n_series, n_weeks).table(n_weeks)
    began, busy = time.perf_counter(), time.process_time()
    EnsembleForecaster().fit(made).predict(H)
    minutes = (time.perf_counter() - began) / 60
    row = f"{n_series} series x {n_weeks} weeks, fit + {H} weeks with intervals"
    goal = {"must": 10.0, "ahead": 3.0} if n_series == 2000 else {}
    report.add(row, "minutes", minutes, better="lower", **goal)
    report.add(row, "processor minutes of this process", (time.process_time() - busy) / 60, better="lower")
    report.add(row, "peak memory, MB", peak_memory(), better="lower")


if __name__ == "__main__":
    main()
