"""Weekly share of voice: of all that was read in a week, how much spoke of an element?

Sources come and go, and grow. A raw count, and even a raw share, then rises because a chatty source was
added. So shares are computed for each panel cell (a source in a language), cells are combined with fixed
weights, and a cell that was not read in some week is imputed; see `modacast.trends.shares`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput, suggest
from modacast.trends.counting import Weighing, ancestors, count_weeks, with_days
from modacast.trends.shares import read_grid, segment_series
from modacast.types import DOCUMENTS, MENTIONS, PANEL, SERIES

__all__ = ["SEGMENTS", "ancestors", "last_week", "split_unique_id", "weekly_series"]

_CELLS = ("all", "lang", "source")
_GROUPS = ("region", "audience")
SEGMENTS = (*_CELLS, *_GROUPS)
"""What series are made for: everything, each language, source, region, and audience where it is known."""

_WHOLE = 0.8  # of a usual week's volume


def weekly_series(
    mentions: pa.Table,
    documents: pa.Table,
    panel: pa.Table,
    *,
    lexicon_parents: Mapping[str, str | None] | None = None,
    segments: Sequence[str] = _CELLS,
    min_mentions: int = 20,
    weighing: Weighing | None = None,
    read_until: date | None = None,
) -> pa.Table:
    """Count how much is said of each element, week by week.

    A document counts once for an element however often it names it, and counts for the element's ancestors
    too. Every series of a segment spans all weeks from the first that the segment was read to the last that
    anything was read: a week in which nothing was read is null, one in which much was read and nothing said
    is 0. The last week is dropped where it is unfinished. Segments of a language, source, region or audience
    are left out where there is only one, as they would equal "all". What was read of a region or audience is
    known of the documents alone, so their shares are of the texts about clothes, not of all that was read.

    Args:
        mentions: `MENTIONS`; of documents that are not in `documents` nothing is counted.
        documents: `DOCUMENTS`; a column `audience` may be added.
        panel: `PANEL`, the denominators; a week's texts are never fewer than its documents.
        lexicon_parents: element id to the id of its parent.
        segments: some of `SEGMENTS`.
        min_mentions: fewest counted documents of a series.
        weighing: how much a document counts, so that one voice or a copied text is no trend, or by how much it
            was noticed; `n_mentions` is the rounded sum of weights, 1 or more in a week that named the element.
        read_until: the last day that was read in full; where None, the last week counts as finished if its
            Sunday was read or it has 80 % of the usual volume.

    Returns:
        `SERIES`, sorted by `unique_id` (`"element_id|segment"`) and `ds` (Mondays).

    Raises:
        InvalidInput: a table lacks a column, a segment is unknown, a number is out of range, or an element
            is its own ancestor.
    """
    _check(mentions, documents, panel, segments)
    if min_mentions < 1:
        raise InvalidInput(f"series: min_mentions must be >= 1, got {min_mentions}")
    options = _Options(lexicon_parents or {}, min_mentions, weighing, read_until)
    parts = [_of_panel(mentions, documents, panel, [s for s in segments if s in _CELLS], options)]
    for column in (s for s in dict.fromkeys(segments) if s in _GROUPS and s in documents.column_names):
        parts += _of_groups(mentions, documents, column, options)
    return pa.concat_tables([SERIES.empty_table(), *parts]).sort_by(
        [("unique_id", "ascending"), ("ds", "ascending")]
    )


@dataclass(frozen=True, slots=True)
class _Options:
    parents: Mapping[str, str | None]
    min_mentions: int
    weighing: Weighing | None
    read_until: date | None


def _of_panel(
    mentions: pa.Table, documents: pa.Table, panel: pa.Table, segments: Sequence[str], options: _Options
) -> pa.Table:
    dated = with_days(documents)
    counts = count_weeks(
        mentions,
        dated,
        panel,
        parents=options.parents,
        weighing=options.weighing,
    )
    if counts.read.num_rows == 0:
        return SERIES.empty_table()
    grid = read_grid(counts.read, last_week(counts.read, dated, options.read_until))
    if not grid.weeks:
        return SERIES.empty_table()
    parts = [
        segment_series(counts.spoken, grid, rows, name, options.min_mentions)
        for name, rows in _segments(grid.cells, segments)
    ]
    return pa.concat_tables([SERIES.empty_table(), *parts])


def _of_groups(mentions: pa.Table, documents: pa.Table, column: str, options: _Options) -> Iterator[pa.Table]:
    """Each region or audience by itself: what was read there is only known of the documents."""
    values = sorted(v for v in pc.unique(documents[column]).to_pylist() if v)
    # one end for all, else a quiet group would seem to end early
    until = options.read_until
    if until is None and documents.num_rows:
        counts = count_weeks(mentions.slice(0, 0), with_days(documents), PANEL.empty_table())
        until = last_week(counts.read, with_days(documents), None) + timedelta(days=6)
    for value in values if len(values) > 1 else ():
        part = documents.filter(pc.equal(documents[column], value))
        series = _of_panel(mentions, part, PANEL.empty_table(), ("all",), replace(options, read_until=until))
        ids = pc.replace_substring_regex(series["unique_id"], r"\|all$", f"|{column}={value}")
        yield series.set_column(0, SERIES.field("unique_id"), ids)


def split_unique_id(unique_id: str) -> tuple[str, str]:
    """Get the element id and the segment of a series; the segment is "all" where none is named."""
    element, _, segment = unique_id.rpartition("|")
    return (element, segment) if element else (segment, "all")


def _check(mentions: pa.Table, documents: pa.Table, panel: pa.Table, segments: Sequence[str]) -> None:
    wanted = (
        ("mentions", mentions, MENTIONS, ("doc_id", "element_id")),
        ("documents", documents, DOCUMENTS, ("id", "source", "lang", "published_at", "author_key")),
        ("panel", panel, PANEL, ("ds", "source", "lang", "n_documents")),
    )
    for name, table, _, columns in wanted:
        for column in columns:
            if column not in table.column_names:
                raise InvalidInput(
                    f"{name}: there is no column {column!r}{suggest(column, table.column_names)}"
                )
    for segment in segments:
        if segment not in SEGMENTS:
            raise InvalidInput(f"series: unknown segment {segment!r}{suggest(segment, SEGMENTS)}")


def last_week(read: pa.Table, dated: pa.Table, read_until: date | None) -> date:
    """Get the Monday of the last week that is finished."""
    last: date = pc.max(read["ds"]).as_py()
    sunday = last + timedelta(days=6)
    if read_until is not None:
        days_into_week = (read_until.weekday() + 1) % 7
        return min(last, read_until - timedelta(days=days_into_week + 6))
    if dated.num_rows and pc.max(dated["day"]).as_py() >= sunday:
        return last
    volumes = read.group_by("ds").aggregate([("n", "sum")]).sort_by("ds")["n_sum"].to_pylist()
    usual = float(np.median([float(v) for v in volumes[-9:-1]])) if len(volumes) > 1 else 0.0
    return last if float(volumes[-1]) >= _WHOLE * usual else last - timedelta(days=7)


def _segments(
    cells: tuple[tuple[str, str], ...], segments: Sequence[str]
) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Get each segment's name and the numbers of its cells."""
    found: list[tuple[str, npt.NDArray[np.int64]]] = []
    for segment in dict.fromkeys(segments):
        if segment == "all":
            found.append(("all", np.arange(len(cells))))
            continue
        part = ("source", "lang").index(segment)
        values = sorted({cell[part] for cell in cells})
        if len(values) > 1:
            found += [(f"{segment}={v}", np.flatnonzero([cell[part] == v for cell in cells])) for v in values]
    return found
