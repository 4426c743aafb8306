"""What stands behind a trend: the documents that show its rise, what it goes with, and the mood about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.series import split_unique_id
from modacast.types import Floats

__all__ = ["EVIDENCE", "MOOD", "Vectors", "evidence", "goes_with", "mood"]

Vectors = Callable[[Sequence[str]], Floats]
"""Turns texts into `(n, dim)` L2-normalised vectors, as `Encoder.encode_document` does."""

EVIDENCE = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("published_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)
"""Documents of each trend, the most telling first."""

MOOD = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("ds", pa.date32(), nullable=False),
        pa.field("mood", pa.float64(), nullable=False),
        pa.field("n_mentions", pa.int64(), nullable=False),
    ]
)
"""Mean polarity of the texts of each trend, week by week; `n_mentions` is the number of texts."""

_CANDIDATES = 60  # newest and most noticed documents of a rise that are compared
_RECENT_WEEKS = 26  # where no rise began
_ALIKE = 0.85  # cosine above which two texts say the same
_SAME_SOURCE = 0.08  # how much less a text is worth for each chosen one of its source
_MIN_LIFT = 1.2
_PRIOR_PAIRS = 3.0  # pairs that chance is given, so that one shared text is no bond
_GROUPS = ("region", "audience")  # segments that documents may name


@dataclass(frozen=True, slots=True)
class _Trend:
    unique_id: str
    elements: frozenset[str]
    column: str | None
    value: str
    since: date
    until: date


def evidence(
    mentions: pa.Table,
    documents: pa.Table,
    trends: pa.Table,
    *,
    k: int = 5,
    vectors: Vectors | None = None,
    descendants: Mapping[str, Sequence[str]] | None = None,
) -> pa.Table:
    """Choose documents that show each trend's last rise: central to what is said, and unlike each other.

    Candidates are the documents of the rise (since `rising_since`, else the last 26 weeks) that name the
    element, the most noticed first. They are chosen by maximal marginal relevance (Carbonell and Goldstein
    1998): near the centre of what is said, far from what was chosen; texts that say the same count once, an
    author is quoted once where there are others, and sources take turns where they say as much.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`.
        trends: `unique_id`, `as_of`, `rising_since` of each trend, as `stages` gives them.
        k: documents a trend.
        vectors: turns texts into vectors; character bigrams where None.
        descendants: element id to the ids below it, whose mentions speak for it too.

    Returns:
        `EVIDENCE`, in the order of `trends`; a trend without documents has no rows.

    Raises:
        InvalidInput: a table lacks a column or `k` is below 1.
    """
    if k < 1:
        raise InvalidInput(f"evidence: k must be >= 1, got {k}")
    _need(trends, "trends", ("unique_id", "as_of", "rising_since"))
    spoken = _spoken(mentions, documents)
    by_element = {str(key[0]): part for key, part in spoken.group_by("element_id", maintain_order=True)}
    rows: list[dict[str, object]] = []
    for trend in _trends(trends, descendants or {}):
        parts = [by_element[e] for e in sorted(trend.elements) if e in by_element]
        if not parts:
            continue
        found = _candidates(pl.concat(parts), trend)
        picks = _choose(
            found["text"].to_list(), k, vectors, found["author_key"].to_list(), found["source"].to_list()
        )
        for rank, i in enumerate(picks, start=1):
            rows.append(
                {
                    "unique_id": trend.unique_id,
                    "rank": rank,
                    "doc_id": found["id"][i],
                    "published_at": found["published_at"][i],
                }
            )
    return pa.Table.from_pylist(rows, schema=EVIDENCE)


def goes_with(mentions: pa.Table, *, k: int = 5, min_pairs: int = 3) -> dict[str, list[str]]:
    """Get the elements that each element is named with more often than chance, highest lift first.

    Lift is the observed number of shared documents over the number expected if both were strewn at random,
    each with a few pairs added, so that rare elements need more than one shared text.

    Args:
        mentions: `MENTIONS`.
        k: partners an element.
        min_pairs: fewest shared documents.

    Raises:
        InvalidInput: a column is lacking.
    """
    _need(mentions, "mentions", ("doc_id", "element_id"))
    pairs = _frame(mentions.select(["doc_id", "element_id"])).unique()
    n_docs = pairs["doc_id"].n_unique()
    if n_docs == 0:
        return {}
    size = dict(pairs.group_by("element_id").len().iter_rows())
    shared = (
        pairs.join(pairs, on="doc_id", suffix="_other")
        .filter(pl.col("element_id") != pl.col("element_id_other"))
        .group_by("element_id", "element_id_other")
        .len(name="n")
        .filter(pl.col("n") >= min_pairs)
    )
    bonds: dict[str, list[tuple[float, str]]] = {}
    for element, other, n in shared.iter_rows():
        expected = size[element] * size[other] / n_docs
        lift = (n + _PRIOR_PAIRS) / (expected + _PRIOR_PAIRS)
        if lift >= _MIN_LIFT:
            bonds.setdefault(element, []).append((-lift, other))
    return {element: [other for _, other in sorted(found)[:k]] for element, found in sorted(bonds.items())}


def mood(
    mentions: pa.Table,
    documents: pa.Table,
    trends: pa.Table,
    *,
    descendants: Mapping[str, Sequence[str]] | None = None,
) -> pa.Table:
    """Get the mean polarity of each trend's texts, week by week (weeks without any have no row).

    A text counts once, with the mean of what it says about the element and about those below it; each of them counts
    with the mean of its mentions in the text.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`.
        trends: `unique_id`, `as_of`, `rising_since` of each trend.
        descendants: as in `evidence`.

    Returns:
        `MOOD`, in the order of `trends`, then by week.

    Raises:
        InvalidInput: a table lacks a column.
    """
    _need(trends, "trends", ("unique_id", "as_of", "rising_since"))
    _need(mentions, "mentions", ("polarity",))
    spoken = _spoken(mentions, documents).with_columns(ds=pl.col("day").dt.truncate("1w"))
    by_element = {str(key[0]): part for key, part in spoken.group_by("element_id", maintain_order=True)}
    tables = [MOOD.empty_table()]
    for trend in _trends(trends, descendants or {}):
        parts = [by_element[e] for e in sorted(trend.elements) if e in by_element]
        if not parts:
            continue
        found = _in_segment(pl.concat(parts), trend).filter(pl.col("ds") <= trend.until)
        texts = found.group_by("id", "ds", maintain_order=True).agg(pl.col("polarity").mean())
        weekly = texts.group_by("ds").agg(pl.col("polarity").mean(), n=pl.len()).sort("ds")
        columns = [
            pa.array([trend.unique_id] * len(weekly), pa.string()),
            pa.array(weekly["ds"].to_list(), pa.date32()),
            pa.array(weekly["polarity"].to_list(), pa.float64()),
            pa.array(weekly["n"].to_list(), pa.int64()),
        ]
        tables.append(pa.table(columns, schema=MOOD))
    return pa.concat_tables(tables)


def _need(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in table.column_names:
            raise InvalidInput(f"{name}: there is no column {column!r}{suggest(column, table.column_names)}")


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _spoken(mentions: pa.Table, documents: pa.Table) -> pl.DataFrame:
    """Join mentions and documents: one row for each element of a document, with its mean polarity."""
    _need(mentions, "mentions", ("doc_id", "element_id"))
    columns = ["id", "text", "lang", "source", "published_at", "engagement"]
    _need(documents, "documents", columns)
    kept = [c for c in ("doc_id", "element_id", "polarity") if c in mentions.column_names]
    pairs = _frame(mentions.select(kept))
    if "polarity" not in pairs.columns:
        pairs = pairs.with_columns(polarity=pl.lit(0.0))
    pairs = pairs.group_by("doc_id", "element_id", maintain_order=True).agg(
        pl.col("polarity").cast(pl.Float64).mean()
    )
    texts = _frame(documents.select([*columns, *_known(documents)]))
    if "author_key" not in texts.columns:
        texts = texts.with_columns(author_key=pl.lit(None, pl.String))
    texts = texts.with_columns(day=pl.col("published_at").dt.date())
    return pairs.join(texts, left_on="doc_id", right_on="id", how="inner").rename({"doc_id": "id"})


def _known(documents: pa.Table) -> list[str]:
    """Get the columns that need not be there: who wrote, and what segments may be of."""
    return [name for name in ("author_key", *_GROUPS) if name in documents.column_names]


def _trends(trends: pa.Table, descendants: Mapping[str, Sequence[str]]) -> list[_Trend]:
    found = []
    rows = trends.select(["unique_id", "as_of", "rising_since"]).to_pylist()
    for row in rows:
        element, segment = split_unique_id(row["unique_id"])
        column, _, value = segment.partition("=")
        since = row["rising_since"] or row["as_of"] - timedelta(weeks=_RECENT_WEEKS - 1)
        found.append(
            _Trend(
                unique_id=row["unique_id"],
                elements=frozenset([element, *descendants.get(element, ())]),
                column=column if value else None,
                value=value,
                since=since,
                until=row["as_of"] + timedelta(days=6),
            )
        )
    return found


def _in_segment(frame: pl.DataFrame, trend: _Trend) -> pl.DataFrame:
    return frame.filter(pl.col(trend.column) == trend.value) if trend.column else frame


def _candidates(spoken: pl.DataFrame, trend: _Trend) -> pl.DataFrame:
    inside = _in_segment(spoken, trend).filter(pl.col("day").is_between(trend.since, trend.until))
    order = ["engagement", "published_at", "id"]
    return (
        inside.unique("id", keep="first", maintain_order=True)
        .unique("text", keep="first", maintain_order=True)
        .sort(order, descending=[True, True, False], nulls_last=True)
        .head(_CANDIDATES)
    )


def _choose(
    texts: Sequence[str],
    k: int,
    vectors: Vectors | None,
    authors: Sequence[str | None],
    sources: Sequence[str],
) -> list[int]:
    """Pick up to `k` positions by maximal marginal relevance; near copies of a pick are passed over."""
    if not texts:
        return []
    found = np.asarray(vectors(texts) if vectors else _bigrams(texts), dtype=np.float64)
    likeness = found @ found.T
    centre = found.mean(axis=0)
    central = found @ centre / max(float(np.linalg.norm(centre)), 1e-9)
    picked = [int(np.argmax(central))]
    while len(picked) < min(k, len(texts)):
        nearest = likeness[:, picked].max(axis=1)
        score = np.where(nearest < _ALIKE, 0.6 * central - 0.4 * nearest, -np.inf)
        score -= _SAME_SOURCE * np.array([sum(sources[p] == source for p in picked) for source in sources])
        score[picked] = -np.inf
        if not np.isfinite(score).any():
            break
        heard = {authors[p] for p in picked if authors[p] is not None}
        anew = np.array([author not in heard for author in authors], dtype=np.bool_)
        if np.isfinite(score[anew]).any():
            score[~anew] = -np.inf
        picked.append(int(np.argmax(score)))
    return picked


def _bigrams(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Get `(n, v)` normalised counts of character pairs: good for any script, and without a model."""
    pairs = [[text[i : i + 2] for i in range(max(1, len(text) - 1))] for text in texts]
    number = {pair: i for i, pair in enumerate(sorted({p for line in pairs for p in line}))}
    counts = np.zeros((len(texts), max(1, len(number))))
    for row, line in enumerate(pairs):
        for pair in line:
            counts[row, number[pair]] += 1
    norms = np.linalg.norm(counts, axis=1, keepdims=True)
    return counts / np.maximum(norms, 1e-9)
