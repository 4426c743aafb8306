"""The trend board: one row for each element and segment, with its stage, forecast and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.trends.evidence import EVIDENCE, evidence, goes_with, mood
from modacast.trends.lifecycle import stages
from modacast.trends.series import ancestors, split_unique_id
from modacast.types import TRENDS

__all__ = ["trend_board"]

_MOOD_WEEKS = 26


def trend_board(
    series: pa.Table,
    forecasts: pa.Table,
    mentions: pa.Table,
    documents: pa.Table,
    *,
    means_ahead: pa.Table | None = None,
    backtests: pa.Table | None = None,
    lexicon_parents: Mapping[str, str | None] | None = None,
    n_evidence: int = 5,
) -> pa.Table:
    """Put together what is known of every trend.

    Args:
        series: `SERIES`.
        forecasts: `FORECASTS` of the series; those that have none get no `forecast_growth`.
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`.
        means_ahead: `MEANS_AHEAD` of the forecasts, from `EnsembleForecaster.means_ahead`; `forecast_low` and
            `forecast_high` are null without.
        backtests: `BACKTEST`, from `EnsembleForecaster.backtest_.scores()`; null columns without.
        lexicon_parents: element id to the id of its parent; mentions of an element speak for those above.
        n_evidence: documents a trend; none where 0.

    Returns:
        `TRENDS`, sorted by element and segment.

    Raises:
        InvalidInput: a table lacks a column, or an element is its own ancestor.
    """
    staged = stages(series, forecasts, means_ahead)
    below = _descendants(mentions, lexicon_parents or {})
    shown = EVIDENCE.empty_table()
    if n_evidence:
        shown = evidence(mentions, documents, staged, k=n_evidence, descendants=below)
    feeling = mood(mentions, documents, staged, descendants=below)
    partners = goes_with(_of_last_year(mentions, documents, staged))
    scores = _by_id(backtests, ("mase", "coverage_80"))
    documents_of = _grouped(shown, "doc_id")
    moods = _recent_mood(feeling, dict(zip(_list(staged, "unique_id"), _list(staged, "as_of"), strict=True)))
    rows = []
    for row in staged.to_pylist():
        unique_id = row["unique_id"]
        element, segment = split_unique_id(unique_id)
        score = scores.get(unique_id, {})
        rows.append(
            {
                **{name: row[name] for name in TRENDS.names if name in row},
                "element_id": element,
                "segment": segment,
                "mood": moods.get(unique_id),
                "backtest_mase": score.get("mase"),
                "backtest_coverage_80": score.get("coverage_80"),
                "evidence_ids": documents_of.get(unique_id, []),
                "goes_with": partners.get(element, []),
            }
        )
    board = pa.Table.from_pylist(rows, schema=TRENDS)
    return board.sort_by([("element_id", "ascending"), ("segment", "ascending")])


def _of_last_year(mentions: pa.Table, documents: pa.Table, staged: pa.Table) -> pa.Table:
    """Get the mentions of the 52 weeks that end with the board's last."""
    if not staged.num_rows:
        return mentions.slice(0, 0)
    last = pc.max(staged["as_of"]).as_py() + timedelta(days=6)
    days = pc.cast(documents["published_at"], pa.date32())
    recent = documents.filter(
        pc.and_(pc.greater(days, last - timedelta(weeks=52)), pc.less_equal(days, last))
    )
    return mentions.filter(pc.is_in(mentions["doc_id"], recent["id"].combine_chunks()))


def _descendants(mentions: pa.Table, parents: Mapping[str, str | None]) -> dict[str, list[str]]:
    below: dict[str, list[str]] = {}
    for element in sorted(set(mentions["element_id"].to_pylist())):
        for above in ancestors(element, parents)[1:]:
            below.setdefault(above, []).append(element)
    return below


def _recent_mood(feeling: pa.Table, as_of: Mapping[str, date]) -> dict[str, float]:
    """Average the mood of the last 26 weeks' texts."""
    totals: dict[str, tuple[float, int]] = {}
    for row in feeling.to_pylist():
        unique_id = row["unique_id"]
        if row["ds"] > as_of[unique_id] - timedelta(weeks=_MOOD_WEEKS):
            total, n = totals.get(unique_id, (0.0, 0))
            totals[unique_id] = (total + row["mood"] * row["n_mentions"], n + row["n_mentions"])
    return {unique_id: total / n for unique_id, (total, n) in totals.items()}


def _by_id(table: pa.Table | None, columns: tuple[str, ...]) -> dict[str, dict[str, float | None]]:
    if table is None:
        return {}
    return {row["unique_id"]: {c: row[c] for c in columns} for row in table.to_pylist()}


def _grouped(table: pa.Table, column: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for unique_id, value in zip(_list(table, "unique_id"), _list(table, column), strict=True):
        found.setdefault(unique_id, []).append(value)
    return found


def _list(table: pa.Table, column: str) -> list[Any]:
    return list(table[column].to_pylist())
