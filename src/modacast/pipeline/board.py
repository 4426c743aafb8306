"""The trend board: series, forecasts, stages and evidence from all that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import TrendSettings
from modacast.errors import InvalidInput
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.signals import events_until, second_signals
from modacast.pipeline.workspace import Workspace
from modacast.trends import (
    SCORECARDS,
    EnsembleForecaster,
    Weighing,
    kin_of,
    trend_board,
    weekly_series,
)
from modacast.trends.second_signals import SIGNALS
from modacast.types import FORECASTS, SERIES, TRENDS

__all__ = ["BOARD_VERSION", "REVIEWS", "Read", "latest_board", "make_board", "read_texts"]

REVIEWS = "reviews"
"""The source of documents that were events' texts."""

BOARD_VERSION = 13
"""Raised whenever the same texts would give another board, so that old ones are computed again."""

_KEYS = ("unique_id", "ds")
_MIN_WEEKS = 8
_MAX_GAP_WEEKS = 26


def make_board(workspace: Workspace, progress: Progress) -> StageRow:
    """Compute the board of the last week that was read (or of `trends.as_of`), unless it is there already."""
    settings = workspace.settings.trends
    timer = StageTimer(progress, "board")
    tagged = workspace.lake.commits("tag/")
    read = read_texts(workspace)
    found = fingerprint(
        [(c.key, c.fingerprint) for c in tagged],
        settings.model_dump(),
        workspace.wider_lexicon.version,
        BOARD_VERSION,
        *_shop_events(workspace, read),
    )
    key = f"board/{settings.as_of or 'latest'}"
    known = workspace.lake.find(key, found)
    if known:
        timer.add(known.rows["trends"], 0, known=known.rows["trends"])
        return timer.finish()
    documents, mentions = read.documents, read.mentions
    parents = {element.id: element.parent for element in workspace.wider_lexicon.elements.values()}
    series = _usable(_all_series(read, settings, parents))
    if series.num_rows == 0:
        tables = {
            "series": SERIES.empty_table(),
            "forecasts": FORECASTS.empty_table(),
            "trends": TRENDS.empty_table(),
            "scorecards": SCORECARDS.empty_table(),
            "signals": SIGNALS.empty_table(),
        }
    else:
        last = pc.max(series["ds"]).as_py()
        made_at = datetime.combine(last, time(), UTC) + timedelta(days=7)
        signals = second_signals(workspace, documents, mentions, wanted=settings.signals, until=last)
        kin = kin_of(series["unique_id"].unique().to_pylist(), parents)
        forecaster = EnsembleForecaster(
            freq="W", upper=1.0, networks=settings.networks, made_at=made_at, kin=kin
        ).fit(series, exog=_beside(signals, series))
        forecasts = forecaster.predict(settings.horizon)
        board = trend_board(
            series,
            forecasts,
            mentions,
            documents,
            means_ahead=forecaster.means_ahead(forecasts),
            backtests=None if forecaster.backtest_ is None else forecaster.backtest_.scores(),
            lexicon_parents=parents,
            n_evidence=settings.evidence,
        )
        tables = {
            "series": series,
            "forecasts": forecasts,
            "trends": board,
            "scorecards": forecaster.scorecards(),
            "signals": signals,
        }
    workspace.lake.commit(key, tables, fingerprint=found)
    timer.add(mentions.num_rows, tables["trends"].num_rows)
    return timer.finish()


def latest_board(workspace: Workspace) -> dict[str, pa.Table]:
    """Get `series`, `forecasts`, `trends`, `scorecards` and `signals` as last computed for the settings' `as_of`.

    Raises:
        InvalidInput: no board has been computed yet.
    """
    key = f"board/{workspace.settings.trends.as_of or 'latest'}"
    if workspace.lake.find(key) is None:
        raise InvalidInput(f"there is no trend board in {workspace.home} yet; run `modacast run` first")
    return {
        name: workspace.lake.read(name, prefix=key)
        for name in ("series", "forecasts", "trends", "scorecards", "signals")
    }


def _shop_events(workspace: Workspace, read: Read) -> list[pa.Table]:
    """Get the events that the board depends on: none where no signal of the shop is wanted."""
    if not {"views", "sales"} & set(workspace.settings.trends.signals) or not read.panel.num_rows:
        return []
    return [
        events_until(workspace, pc.max(read.panel["ds"]).as_py()).select(
            ["user_key", "item_id", "kind", "at"]
        )
    ]


def _beside(signals: pa.Table, series: pa.Table) -> pa.Table | None:
    """Get the signals of the board's series; None where nothing is known of them."""
    mine = signals.filter(pc.is_in(signals["unique_id"], pc.unique(series["unique_id"])))
    known = [name for name in mine.column_names if mine[name].null_count < mine.num_rows]
    return mine.select(known) if len(known) > len(_KEYS) else None


def _all_series(read: Read, settings: TrendSettings, parents: Mapping[str, str | None]) -> pa.Table:
    """Series of what is published now, and apart from it of each source that should not weigh in.

    Reviews follow what a shop sells; in the share of voice they would make its assortment look like a trend.
    A source that has not been read for half a year says nothing of this week's share either.
    """
    apart = _sources_apart(read.panel)
    groups: dict[str | None, pa.Array] = {None: pa.array([], pa.string())}
    groups |= {name: pa.array([name], pa.string()) for name in apart if "source" in settings.segments}
    parts = []
    for name, members in groups.items():
        chosen = [
            table.filter(
                pc.is_in(table["source"], members)
                if name
                else pc.invert(pc.is_in(table["source"], pa.array(apart, pa.string())))
            )
            for table in (read.documents, read.panel)
        ]
        series = weekly_series(
            read.mentions,
            *chosen,
            segments=("all",) if name else tuple(settings.segments),
            lexicon_parents=parents,
            min_mentions=settings.min_mentions,
            weighing=Weighing(by_engagement=settings.by_engagement),
            read_until=None if name and name != REVIEWS else settings.as_of,
        )
        if name:
            ids = pc.replace_substring(series["unique_id"], "|all", f"|source={name}")
            series = series.set_column(0, SERIES.field("unique_id"), ids)
        parts.append(series)
    return pa.concat_tables(parts)


def _sources_apart(panel: pa.Table) -> list[str]:
    """Reviews, and the sources that are no longer read."""
    last = panel.group_by("source").aggregate([("ds", "max")])
    dates = dict(zip(last["source"].to_pylist(), last["ds_max"].to_pylist(), strict=True))
    published = [ds for source, ds in dates.items() if source != REVIEWS]
    if not published:
        return sorted(dates)
    stale = max(published) - timedelta(weeks=_MAX_GAP_WEEKS)
    return sorted(source for source, ds in dates.items() if source == REVIEWS or ds < stale)


@dataclass(frozen=True, slots=True)
class Read:
    """What a board is made from.

    Attributes:
        documents: `DOCUMENTS`.
        mentions: `MENTIONS`.
        panel: `PANEL`.
    """

    documents: pa.Table
    mentions: pa.Table
    panel: pa.Table


def read_texts(workspace: Workspace) -> Read:
    """Get all texts up to `trends.as_of`, what they name, and how much was read."""
    lake = workspace.lake
    documents, mentions, panel = lake.read("documents"), lake.read("mentions"), lake.read("panel")
    as_of = workspace.settings.trends.as_of
    if as_of is not None:
        end = pa.scalar(
            datetime.combine(as_of, time(), UTC) + timedelta(days=1), documents["published_at"].type
        )
        documents = documents.filter(pc.less(documents["published_at"], end))
        panel = panel.filter(pc.less_equal(panel["ds"], pa.scalar(as_of - timedelta(days=6), pa.date32())))
        mentions = mentions.filter(pc.is_in(mentions["doc_id"], documents["id"].combine_chunks()))
    return Read(documents, mentions, panel)


def _usable(series: pa.Table) -> pa.Table:
    """Each series from after its last long gap to the last week that was read; only those that are long enough.

    What was read before a gap of half a year or more came from another time, and mostly from other sources:
    compared across the gap, a change of panel would look like a trend. A segment that is no longer read keeps
    its own last week.
    """
    frame = pl.DataFrame(series).sort("unique_id", "ds").with_row_index("row")
    read = frame.filter(pl.col("y").is_not_null())
    gap = (pl.col("row") - pl.col("row").shift(1)).over("unique_id") > _MAX_GAP_WEEKS
    spans = (
        read.with_columns(pl.when(gap).then(pl.col("row")).otherwise(None).alias("restart"))
        .group_by("unique_id")
        .agg(
            pl.max_horizontal(pl.col("row").min(), pl.col("restart").max()).alias("first"),
            pl.col("row").max().alias("last"),
        )
    )
    kept = frame.join(spans, on="unique_id").filter(pl.col("row").is_between(pl.col("first"), pl.col("last")))
    long_enough = pl.col("y").count().over("unique_id") >= _MIN_WEEKS
    mentioned = pl.col("n_mentions").sum().over("unique_id") > 0
    return kept.filter(long_enough & mentioned).select(SERIES.names).to_arrow().cast(SERIES)
