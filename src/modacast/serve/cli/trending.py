"""Commands about trends: trends, forecast, evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modacast.errors import InvalidInput, suggest
from modacast.serve.cli import app
from modacast.serve.cli.one_trend import one_trend
from modacast.serve.cli.options import (
    ColumnOption,
    ConfigOption,
    DataOption,
    HomeOption,
    JsonOption,
    OutOption,
    column_mapping,
    open_workspace,
)
from modacast.serve.cli.surroundings import SUREST, compare_trends, find_element
from modacast.serve.cli.terminal import emit, log, print_json, print_table, terminal_width

if TYPE_CHECKING:
    import pyarrow as pa

    from modacast.pipeline.workspace import Workspace

__all__ = ["evaluate_app", "forecast", "trends"]

evaluate_app = typer.Typer(
    no_args_is_help=True, help="Metrics with intervals against given truth.", rich_markup_mode=None
)
app.add_typer(evaluate_app, name="evaluate")

_ALARM_WEEKS = 4  # an element that alarmed since then is marked
_FULL_WIDTH = (
    118  # characters that the whole table needs; narrower terminals see less of it, and nothing is cut
)
_SPARED = frozenset(("facet", "mood", "since", "mentions"))
_NAMED = 20  # series left out, by name
_SORTS = ("growth", "level", "confidence", "mentions", "forecast", "chance")

_NEW_WORD = {"zh": "（新词）", "en": " (new word)"}


@app.command()
def trends(
    element: Annotated[
        str | None, typer.Argument(help="an element's id or name; the whole board without")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    home: HomeOption = None,
    segment: Annotated[str, typer.Option("--segment", help='"all", "lang=zh", "source=weibo", ...')] = "all",
    stage: Annotated[str | None, typer.Option("--stage", help="only this stage")] = None,
    facet: Annotated[str | None, typer.Option("--facet", help="only this facet")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="only what has risen since a day, for example 2024-01-01, or later"),
    ] = None,
    min_share: Annotated[float, typer.Option("--min-share", help="least share of voice, in per cent")] = 0.0,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare", help="2 to 8 elements side by side: A,B,C, or the option repeated; --out X.svg draws"
        ),
    ] = None,
    sort: Annotated[str, typer.Option("--sort", help=f"one of {', '.join(_SORTS)}")] = "growth",
    ascending: Annotated[
        bool, typer.Option("--ascending", help="smallest first: what falls most with --sort growth")
    ] = False,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="rows to show")] = 30,
    lang: Annotated[str, typer.Option("--lang", help="language of the names")] = "zh",
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Show the trend board, or one trend with its forecast, stage and evidence."""
    from modacast.pipeline.board import latest_board

    workspace = open_workspace(config, data=data, home=home)
    spoken = {code for element in workspace.wider_lexicon for code in element.labels}
    if lang not in spoken:
        raise InvalidInput(f"--lang: there are no names in {lang!r}{suggest(lang, sorted(spoken))}")
    board = latest_board(workspace)
    if compare:
        names = [*([element] if element else []), *(name for group in compare for name in group.split(","))]
        compare_trends(workspace, board, names, segment=segment, lang=lang, out=out, as_json=as_json)
        return
    if element is not None:
        one_trend(
            workspace,
            board,
            find_element(workspace, element),
            segment=segment,
            lang=lang,
            as_json=as_json,
            out=out,
        )
        return
    table = _select(
        board["trends"], segment=segment, stage=stage, facet=facet, sort=sort, ascending=ascending
    )
    table = _narrowed(table, since=since, min_share=min_share)
    if out is not None or as_json:
        emit(table, out, as_json=as_json)
        return
    _print_board(workspace, table.slice(0, top), board["forecasts"], lang)
    log.print(
        f"{table.num_rows:,} trends; --json or --out for all columns, `modacast trends NAME` for one of them",
        soft_wrap=True,
    )


@app.command()
def forecast(
    series: Annotated[Path, typer.Argument(help="long format: unique_id, ds, y (CSV, TSV, JSONL, Parquet)")],
    horizon: Annotated[int, typer.Option("--horizon", "-h", help="steps to forecast")] = 26,
    level: Annotated[
        list[int] | None, typer.Option("--level", help="interval in per cent; may be repeated")
    ] = None,
    freq: Annotated[str | None, typer.Option("--freq", help="W, D or M; inferred where not given")] = None,
    exog: Annotated[
        Path | None,
        typer.Option("--exog", help="signals that may run ahead: unique_id, ds and columns of numbers"),
    ] = None,
    hierarchy: Annotated[
        Path | None,
        typer.Option("--hierarchy", help="unique_id and parent: forecasts add up as the series do"),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help='"ensemble", "chronos" or a plug-in\'s name')
    ] = "ensemble",
    model_path: Annotated[
        Path | None, typer.Option("--model-path", help="folder with the weights of a pre-trained model")
    ] = None,
    scorecards: Annotated[
        Path | None,
        typer.Option("--scorecards", help="also write what would have been said weeks ago, and what came"),
    ] = None,
    skip_short: Annotated[
        bool, typer.Option("--skip-short", help="leave out series too short to forecast, and name them")
    ] = False,
    column: ColumnOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecast any long-format (or wide) file of series, with intervals."""
    from modacast.serve.series_files import read_series_file
    from modacast.trends import EnsembleForecaster, load_forecaster

    if freq not in {None, "W", "D", "M"}:
        raise InvalidInput(f"--freq is W, D or M, got {freq!r}")
    table = read_series_file(series, columns=column_mapping(column))
    if skip_short:
        table = _long_enough(table)
    signals = None if exog is None else read_series_file(exog, ("unique_id", "ds"))
    tree = None if hierarchy is None else read_series_file(hierarchy, ("unique_id", "parent"))
    chosen: Any = freq
    made = load_forecaster(model, path=model_path, freq=chosen, levels=tuple(level or (80, 90)))
    if isinstance(made, EnsembleForecaster):
        made.fit(table, exog=signals, hierarchy=tree)
    elif any(option is not None for option in (exog, hierarchy, scorecards)):
        raise InvalidInput(
            f"--exog, --hierarchy and --scorecards go with the ensemble, not with --model {model}"
        )
    else:
        made.fit(table)
    emit(made.predict(horizon), out, as_json=as_json)
    if scorecards is not None and isinstance(made, EnsembleForecaster):
        emit(made.scorecards(), scorecards)


def _long_enough(table: pa.Table) -> pa.Table:
    """Leave out series that are too short, and say which."""
    from modacast.serve.series_files import without_short
    from modacast.trends.panel import MIN_STEPS

    kept, short = without_short(table, MIN_STEPS)
    if short and kept.num_rows == 0:
        raise InvalidInput(
            f"no series has {MIN_STEPS} values, the fewest that a forecast needs; collect longer"
        )
    for name in short[:_NAMED]:
        log.print(f"  left out: {name!r} has fewer than {MIN_STEPS} values", markup=False, soft_wrap=True)
    if len(short) > _NAMED:
        log.print(f"  left out: {len(short) - _NAMED:,} more")
    return kept


@evaluate_app.command("forecast")
def evaluate_forecast(
    forecasts: Annotated[
        Path, typer.Argument(help="unique_id, ds, y_hat, and lo_80, hi_80, ... where there are")
    ],
    truth: Annotated[Path, typer.Argument(help="unique_id, ds, y of the forecast time")],
    train: Annotated[Path, typer.Argument(help="unique_id, ds, y before it")],
    season: Annotated[int, typer.Option("--season", help="steps of a season, for MASE")] = 52,
) -> None:
    """Score forecasts: MASE, sMAPE and the coverage of intervals, with 95 % intervals, as JSON."""
    from modacast.serve.scoring import score_forecasts
    from modacast.serve.series_files import read_series_file

    made = read_series_file(forecasts, ("unique_id", "ds", "y_hat"))
    print_json(score_forecasts(made, read_series_file(truth), read_series_file(train), season=season))


@evaluate_app.command("recommend")
def evaluate_recommend(
    lists: Annotated[Path, typer.Argument(help="user, item_id, rank")],
    truth: Annotated[Path, typer.Argument(help="user, item_id of what was taken")],
    k: Annotated[int, typer.Option("-k", help="depth of the lists")] = 12,
) -> None:
    """Score lists: MAP, NDCG, recall and hit rate at k, with 95 % intervals, as JSON."""
    from modacast.serve.scoring import score_recommendations

    print_json(score_recommendations(_read_any(lists), _read_any(truth), k))


def _read_any(path: Path) -> pa.Table:
    from modacast.serve.frames import read_frame

    return read_frame(path)


def _select(
    board: pa.Table, *, segment: str, stage: str | None, facet: str | None, sort: str, ascending: bool
) -> pa.Table:
    import polars as pl

    from modacast.types import FACETS, STAGES

    for name, value, known in (("stage", stage, STAGES), ("facet", facet, FACETS), ("sort", sort, _SORTS)):
        if value is not None and value not in known:
            raise InvalidInput(f"--{name}: there is no {value!r}{suggest(value, known)}")
    frame = pl.DataFrame(board)
    segments = frame["segment"].unique().to_list()
    if segments and segment not in segments:
        raise InvalidInput(f"--segment: there is no {segment!r}{suggest(segment, segments)}")
    frame = frame.filter(pl.col("segment") == segment)
    if stage:
        frame = frame.filter(pl.col("stage") == stage)
    if facet:
        frame = frame.filter(pl.col("element_id").str.starts_with(f"{facet}/"))
    by = {"mentions": "n_mentions", "forecast": "forecast_growth", "chance": "chance_of_growth"}.get(
        sort, sort
    )
    key = pl.col(by)
    if by == "growth":  # what rose from nothing has no growth, and rose more than all that has one
        rose = key.is_null() & pl.col("stage").is_in(["emerging", "rising", "peaking"])
        key = pl.when(rose).then(float("inf")).otherwise(key)
    return frame.sort(
        [key, "element_id"], descending=[not ascending, False], nulls_last=True, maintain_order=True
    ).to_arrow()


def _narrowed(board: pa.Table, *, since: str | None, min_share: float) -> pa.Table:
    from datetime import date

    import pyarrow.compute as pc

    if not 0 <= min_share <= 100:
        raise InvalidInput(f"--min-share is in per cent, from 0 to 100; got {min_share:g}")
    board = board.filter(pc.greater_equal(board["level"], min_share / 100))
    if since is None:
        return board
    try:
        day = date.fromisoformat(since)
    except ValueError as error:
        raise InvalidInput(f"--since is a day such as 2024-01-01, got {since!r}") from error
    return board.filter(pc.fill_null(pc.greater_equal(board["rising_since"], day), False))


def _print_board(workspace: Workspace, table: pa.Table, forecasts: pa.Table, lang: str) -> None:
    from rich.table import Table

    from modacast.pipeline.alarms import alarms_of_week
    from modacast.serve.report.words import change

    columns = (("trend", "left"), ("facet", "left"), ("stage", "left"), ("share", "right"), ("growth", "right"),
               ("forecast", "right"), ("sure", "right"), ("mood", "right"), ("since", "left"), ("mentions", "right"))  # fmt: skip
    narrow = terminal_width() < _FULL_WIDTH
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for name, side in columns:
        if not (narrow and name in _SPARED):
            shown.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
    alarmed = {row["element_id"] for row in alarms_of_week(workspace, weeks=_ALARM_WEEKS)}
    means = _forecast_means(forecasts)
    for row in table.to_pylist():
        mark = " !" if row["element_id"] in alarmed else ""
        seen = _foreseen(row, means.get(f"{row['element_id']}|{row['segment']}"))
        cells = {
            "trend": _named(workspace, row["element_id"], lang) + mark,
            "facet": row["element_id"].partition("/")[0],
            "stage": row["stage"],
            "share": f"{row['level']:.3%}",
            "growth": change(row["growth"]),
            "forecast": seen.partition(" (")[0] if narrow else seen,
            "sure": f"{min(row['confidence'], SUREST):.0%}",
            "mood": "" if row["mood"] is None else f"{row['mood']:+.2f}",
            "since": str(row["rising_since"] or ""),
            "mentions": f"{row['n_mentions']:,}",
        }
        shown.add_row(*(cell for name, cell in cells.items() if not (narrow and name in _SPARED)))
    print_table(shown)


def _forecast_means(forecasts: pa.Table) -> dict[str, float]:
    """Mean forecast share of each series."""
    means = forecasts.group_by("unique_id").aggregate([("y_hat", "mean")])
    return dict(zip(means["unique_id"].to_pylist(), means["y_hat_mean"].to_pylist(), strict=True))


def _named(workspace: Workspace, element_id: str, lang: str) -> str:
    """Get an element's name; a word that was discovered and that nobody has confirmed is marked."""
    lexicon = workspace.wider_lexicon
    if element_id in lexicon and lexicon[element_id].status == "admitted":
        return lexicon.label(element_id, lang) + _NEW_WORD["zh" if lang == "zh" else "en"]
    return lexicon.label(element_id, lang)


def _foreseen(row: Mapping[str, Any], mean: float | None) -> str:
    """Get the change that is foreseen, or the share where it grows from nothing, with its 80 % interval if known."""
    from modacast.serve.report.courses import Foreseen
    from modacast.serve.report.words import change, share

    growth, low, high = row["forecast_growth"], row["forecast_low"], row["forecast_high"]
    if growth is None and mean is not None and row["level"] > 0:
        return f"→ {share(mean)}"
    if growth is None or low is None or high is None:
        return change(growth)
    seen = Foreseen(growth, low, high, is_yearly=True, share=float("nan") if mean is None else mean)
    if seen.is_from_nothing:
        return f"{seen.said} ({seen.said_range.replace(' … ', ' .. ')})"
    return f"{change(growth)} ({change(low)} .. {change(high)})"
