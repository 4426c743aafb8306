"""Commands about trends: trends, forecast, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modacast.errors import InvalidInput, suggest
from modacast.serve.cli import app
from modacast.serve.cli.board_table import print_board
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
from modacast.serve.cli.surroundings import compare_trends, find_element
from modacast.serve.cli.terminal import emit, log, print_json

if TYPE_CHECKING:
    import pyarrow as pa


__all__ = ["evaluate_app", "forecast", "trends"]

evaluate_app = typer.Typer(
    no_args_is_help=True, help="Metrics with intervals against given truth.", rich_markup_mode=None
)
app.add_typer(evaluate_app, name="evaluate")

_NAMED = 20  # series left out, by name
_SORTS = ("growth", "level", "confidence", "mentions", "forecast", "chance")


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
    print_board(workspace, table.slice(0, top), board["forecasts"], lang, sort)
    if not board["trends"].num_rows:
        log.print(
            "no trends: too few texts, or too short a time (about half a year at least)", soft_wrap=True
        )
        return
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
    if by == "growth":  # what rose from nothing has no growth, and rose more than all that has one
        is_new = pl.col("growth").is_null() & pl.col("stage").is_in(["emerging", "rising", "peaking"])
        order = pl.when(is_new).then(float("inf")).otherwise(pl.col("growth"))
    else:
        order = pl.col(by)
    # many share a chance, which is told up to 95 %: the surest of them first
    columns = [order, pl.col("confidence"), pl.col("element_id")]
    return frame.sort(columns, descending=[not ascending, True, False], nulls_last=True).to_arrow()


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
