"""What surrounds a trend: what moves against it, what it goes with, who speaks of it and where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.changes import false_discovery

__all__ = ["AGAINST", "BONDS", "SPLIT", "bonds", "moves_against", "weekly_matrix", "who_and_where"]

Values = npt.NDArray[np.float64]

AGAINST = pa.schema([
    pa.field("element_id", pa.string(), nullable=False),
    pa.field("other_id", pa.string(), nullable=False),
    pa.field("r", pa.float64(), nullable=False),          # partial correlation of changes, -1 .. 0
    pa.field("p", pa.float64(), nullable=False),
    pa.field("q", pa.float64(), nullable=False),          # false discovery rate over all others that were held against it
    pa.field("change", pa.float64(), nullable=False),     # of the element: last 26 weeks over the 26 before
    pa.field("other_change", pa.float64(), nullable=False),
    pa.field("n_steps", pa.int64(), nullable=False),      # steps of four weeks that were compared
])  # fmt: skip
"""Elements whose share falls as an element's rises, the strongest first. No claim that one drives out the other."""

BONDS = pa.schema([
    pa.field("element_id", pa.string(), nullable=False),
    pa.field("other_id", pa.string(), nullable=False),
    pa.field("n", pa.int64(), nullable=False),            # documents that name both
    pa.field("expected", pa.float64(), nullable=False),   # were both strewn at random
    pa.field("lift", pa.float64(), nullable=False),
    pa.field("q", pa.float64(), nullable=False),          # false discovery rate
])  # fmt: skip
"""Elements that are named together more often than chance, the most shared texts beyond chance first."""

WORN = pa.schema([
    pa.field("other_id", pa.string(), nullable=False),
    pa.field("n", pa.int64(), nullable=False),            # documents that say so
    pa.field("share", pa.float64(), nullable=False),      # of those that say of what, or how, the element is worn
])  # fmt: skip
"""What an element belongs to in the texts (a colour: to dresses), or how it looks in them (a dress: pink)."""

SPLIT = pa.schema([
    pa.field("kind", pa.string(), nullable=False),        # "lang", "source", "region" or "audience"
    pa.field("value", pa.string(), nullable=False),
    pa.field("n", pa.int64(), nullable=False),            # documents that name the element
    pa.field("share", pa.float64(), nullable=False),      # of all that name it
    pa.field("index", pa.float64(), nullable=False),      # over the share of all documents; 1 is like everything
])  # fmt: skip
"""Where the documents of an element come from."""

_STEP = 4
_MIN_STEPS = 12
_WINDOW = 26
_LEVEL = 0.1
_FEWEST_SAY = 3  # documents
_PRIOR_PAIRS = 3.0


def weekly_matrix(
    series: pa.Table, segment: str = "all"
) -> tuple[npt.NDArray[np.datetime64], dict[str, Values]]:
    """Get the Mondays and each element's weekly shares in one segment, NaN where nothing was read.

    Args:
        series: `SERIES`.
        segment: `"all"`, `"lang=zh"`, ...
    """
    _need(series, "series", ("unique_id", "ds", "y"))
    frame = pl.DataFrame(series.select(["unique_id", "ds", "y"]))
    frame = frame.filter(pl.col("unique_id").str.ends_with(f"|{segment}")).sort("unique_id", "ds")
    if frame.is_empty():
        return np.empty(0, dtype="datetime64[D]"), {}
    first, last = frame["ds"].min(), frame["ds"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise InvalidInput("series: the column 'ds' is not all dates")
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1, 7)
    found: dict[str, Values] = {}
    for key, part in frame.group_by("unique_id", maintain_order=True):
        values = np.full(days.size, np.nan)
        at = ((part["ds"].to_numpy().astype("datetime64[D]") - days[0]).astype(np.int64)) // 7
        values[at] = part["y"].cast(pl.Float64).to_numpy()
        found[str(key[0]).rpartition("|")[0]] = values
    return days, found


def moves_against(
    series: pa.Table, element_id: str, others: Collection[str], *, segment: str = "all", k: int = 5
) -> pa.Table:
    """Get which of some elements fall as one rises.

    Shares are averaged over four weeks and differenced, which takes trends and slow common growth away; then the
    correlation of two elements' changes is taken with the mean change of all the other elements held constant
    (partial correlation), and tested with as many degrees of freedom as the autocorrelation leaves (Bartlett 1946).
    The p-values are corrected over all others (Benjamini and Hochberg 1995). An element counts where q is
    at most .1 and its share fell in the last 26 weeks while this one's rose.

    Args:
        series: `SERIES`.
        element_id: the one that rises.
        others: what it may take from: its siblings, its facet.
        segment: of the series.
        k: how many.

    Returns:
        `AGAINST`; empty where the element does not rise, or the history is shorter than 13 steps.
    """
    _, shares = weekly_matrix(series, segment)
    own = shares.get(element_id)
    if own is None or not _change(own) > 0:
        return AGAINST.empty_table()
    names = [name for name in others if name in shares and name != element_id]
    steps = {name: _steps(shares[name]) for name in (element_id, *names)}
    common = np.array(list(steps.values()))
    rows = []
    for i, name in enumerate(names, start=1):
        rest = np.delete(common, [0, i], axis=0)
        found = _partial(steps[element_id], steps[name], rest)
        if found is not None:
            r, p, n = found
            rows.append({"element_id": element_id, "other_id": name, "r": r, "p": p, "n_steps": n,
                         "change": _change(own), "other_change": _change(shares[name])})  # fmt: skip
    if not rows:
        return AGAINST.empty_table()
    q = false_discovery(np.array([row["p"] for row in rows], dtype=np.float64))
    kept = [
        row | {"q": float(q[i])}
        for i, row in enumerate(rows)
        if q[i] <= _LEVEL and float(row["r"]) < 0 and float(row["other_change"]) < 0  # type: ignore[arg-type]
    ]
    kept.sort(key=lambda row: (row["q"], row["r"]))
    return pa.Table.from_pylist(kept[:k], schema=AGAINST)


def bonds(
    mentions: pa.Table,
    element_ids: Sequence[str],
    *,
    descendants: Mapping[str, Sequence[str]] | None = None,
    relatives: Mapping[str, Collection[str]] | None = None,
    k: int = 8,
) -> pa.Table:
    """Get the elements that each element is named with more often than chance.

    Tested with the hypergeometric tail, corrected over all partners of an element (Benjamini and Hochberg 1995). A
    name within another (`qipao` in `qipao dress`) is one name, not two that go together. `lift` is `n` over `expected`,
    both with three texts added, so that one chance meeting of two rare elements is no twentyfold bond.

    Args:
        mentions: `MENTIONS`.
        element_ids: of which.
        descendants: element id to the ids below it, whose documents are its own too.
        relatives: element id to those above and below it, which always stand with it and are left out.
        k: partners an element.

    Returns:
        `BONDS`.
    """
    from scipy.stats import hypergeom

    _need(mentions, "mentions", ("doc_id", "element_id"))
    pairs = pl.DataFrame(mentions.select(["doc_id", "element_id"])).unique()
    n_docs = pairs["doc_id"].n_unique()
    size = dict(pairs.group_by("element_id").len().iter_rows())
    tables = [BONDS.empty_table()]
    for element_id in element_ids:
        own = [element_id, *(descendants or {}).get(element_id, ())]
        docs = pairs.filter(pl.col("element_id").is_in(own)).select("doc_id").unique()
        skipped = {*own, *(relatives or {}).get(element_id, ())}
        shared = (
            _apart_from(mentions, own, pairs.join(docs, on="doc_id"))
            .filter(~pl.col("element_id").is_in(list(skipped)))
            .group_by("element_id")
            .len(name="n")
            .sort("element_id")
        )
        if shared.is_empty():
            continue
        n = shared["n"].to_numpy().astype(np.int64)
        sizes = np.array([size[other] for other in shared["element_id"]], dtype=np.int64)
        expected = sizes * len(docs) / n_docs
        q = false_discovery(hypergeom.sf(n - 1, n_docs, len(docs), sizes))
        lift = (n + _PRIOR_PAIRS) / (expected + _PRIOR_PAIRS)
        gain = np.where(
            (q <= 0.05) & (n >= 3) & (lift > 1.1), (n - expected) / np.sqrt(expected + 1), -np.inf
        )
        rows = [
            {"element_id": element_id, "other_id": shared["element_id"][int(i)], "n": int(n[i]),
             "expected": float(expected[i]), "lift": float(lift[i]), "q": float(q[i])}
            for i in np.argsort(-gain, kind="stable")[:k]
            if np.isfinite(gain[i])
        ]  # fmt: skip
        tables.append(pa.Table.from_pylist(rows, schema=BONDS))
    return pa.concat_tables(tables)


def _apart_from(mentions: pa.Table, own: Sequence[str], pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out pairs of document and element whose every mention lies within one of the elements' own, or around it."""
    if not {"start", "end"} <= set(mentions.column_names):
        return pairs
    spans = pl.DataFrame(mentions.select(["doc_id", "element_id", "start", "end"]))
    spans = spans.join(pairs.select("doc_id").unique(), on="doc_id")
    mine = spans.filter(pl.col("element_id").is_in(own)).select("doc_id", own_start="start", own_end="end")
    is_same = (pl.col("start") == pl.col("own_start")) & (pl.col("end") == pl.col("own_end"))
    overlaps = (pl.col("start") < pl.col("own_end")) & (pl.col("end") > pl.col("own_start")) & ~is_same
    free = (
        spans.join(mine, on="doc_id")
        .group_by("doc_id", "element_id", "start", "end")
        .agg(overlaps.any().alias("is_within"))
        .filter(~pl.col("is_within"))
    )
    return pairs.join(free.select("doc_id", "element_id").unique(), on=["doc_id", "element_id"])


def worn(attachments: pa.Table, element_ids: Sequence[str], *, k: int = 8) -> pa.Table:
    """Get the garments that a modifier belongs to, or the modifiers of a garment, the commonest first.

    Other than `bonds` this reads who belongs to whom: in `pink dress and white shoes` nothing white is a dress.

    Args:
        attachments: `ATTACHMENTS`.
        element_ids: the element and those below it.
        k: rows at most; those that fewer than three documents say are left out.

    Returns:
        `WORN`.
    """
    _need(attachments, "attachments", ("doc_id", "element_id", "head_id"))
    own = list(element_ids)
    pairs = pl.DataFrame(attachments.select(["doc_id", "element_id", "head_id"])).filter(
        pl.col("element_id").is_in(own) ^ pl.col("head_id").is_in(own)
    )
    other = pl.when(pl.col("element_id").is_in(own)).then("head_id").otherwise("element_id")
    told = pairs.select("doc_id", other.alias("other_id")).unique()
    n_docs = told["doc_id"].n_unique()
    return (
        told.group_by("other_id")
        .len(name="n")
        .filter(pl.col("n") >= _FEWEST_SAY)
        .with_columns(pl.col("n").cast(pl.Int64), (pl.col("n") / n_docs).alias("share"))
        .sort("n", "other_id", descending=[True, False])
        .head(k)
        .to_arrow()
        .cast(WORN)
    )


def who_and_where(mentions: pa.Table, documents: pa.Table, element_ids: Sequence[str], *, until: date, weeks: int = 26) -> pa.Table:  # fmt: skip
    """Get where the documents of an element come from, against where all documents come from.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`.
        element_ids: the element and those below it.
        until: last day.
        weeks: how many weeks before it count.

    Returns:
        `SPLIT`, each kind by descending count; a kind of which nothing is known has no rows.
    """
    needed = ("id", "lang", "source", "region", "published_at")
    _need(documents, "documents", needed)
    columns = [*needed, *(name for name in ("audience",) if name in documents.column_names)]
    frame = pl.DataFrame(documents.select(columns)).with_columns(day=pl.col("published_at").dt.date())
    frame = frame.filter(pl.col("day").is_between(until - timedelta(weeks=weeks) + timedelta(days=1), until))
    ids = pl.DataFrame(mentions.select(["doc_id", "element_id"])).filter(
        pl.col("element_id").is_in(list(element_ids))
    )
    own = frame.filter(pl.col("id").is_in(ids["doc_id"].unique().to_list()))
    rows = []
    for kind in ("lang", "source", "region", *columns[len(needed) :]):
        known, mine = (part.filter(pl.col(kind).is_not_null()) for part in (frame, own))
        total = dict(known.group_by(kind).len().iter_rows())
        counts = mine.group_by(kind).len().sort(["len", kind], descending=[True, False])
        for value, n in counts.iter_rows():
            share = n / len(mine)
            rows.append({"kind": kind, "value": value, "n": n, "share": share,
                         "index": share / (total[value] / len(known))})  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SPLIT)


def _need(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in table.column_names:
            raise InvalidInput(f"{name}: there is no column {column!r}{suggest(column, table.column_names)}")


def _mean(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _change(values: Values) -> float:
    """The last 26 weeks over the 26 before, relative; NaN where nothing stood there."""
    before, now = _mean(values[-2 * _WINDOW : -_WINDOW]), _mean(values[-_WINDOW:])
    return now / before - 1 if before > 0 else float("nan") if not now > 0 else float("inf")


def _steps(values: Values) -> Values:
    """Changes of four-week means, counted from the last week back."""
    cut = values[values.size % _STEP :].reshape(-1, _STEP)
    known = np.isfinite(cut)
    means = np.where(
        known.sum(axis=1) > 0, np.where(known, cut, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan
    )
    return np.diff(np.sqrt(means))


def _partial(own: Values, other: Values, rest: Values) -> tuple[float, float, int] | None:
    from scipy.stats import t as student

    known = np.isfinite(own) & np.isfinite(other)
    if known.sum() < _MIN_STEPS:
        return None
    a, b = own[known], other[known]
    lost = 2.0
    if len(rest):
        held = rest[:, known]
        counts = np.isfinite(held).sum(axis=0)
        common = np.where(np.isfinite(held), held, 0.0).sum(axis=0) / np.maximum(counts, 1)
        if np.std(common) > 0:
            a, b, lost = _without(a, common), _without(b, common), 3.0
    if np.std(a) == 0 or np.std(b) == 0:
        return None
    r = float(np.corrcoef(a, b)[0, 1])
    carried = _lag(a) * _lag(b)
    freedom = max(a.size * (1 - carried) / (1 + carried), 4.0) if carried > -1 else float(a.size)
    freedom = min(freedom, a.size) - lost
    if freedom < 1:
        return None
    t = r * np.sqrt(freedom / max(1 - r * r, 1e-12))
    return r, float(2 * student.sf(abs(t), freedom)), int(a.size)


def _without(values: Values, common: Values) -> Values:
    centred = common - common.mean()
    return values - values.mean() - centred * float(values @ centred / (centred @ centred))


def _lag(values: Values) -> float:
    if np.std(values[1:]) == 0 or np.std(values[:-1]) == 0:
        return 0.0
    return float(np.corrcoef(values[1:], values[:-1])[0, 1])
