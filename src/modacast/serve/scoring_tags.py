"""Scores of mentions against given truth, for `modacast evaluate tag`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.types import FACETS

__all__ = ["score_mentions"]

Counts = npt.NDArray[np.int64]
_Key = tuple[str, int | None, int | None]
_DRAWS = 1000


def score_mentions(truth: pa.Table, predictions: pa.Table, *, n_errors: int = 20) -> dict[str, Any]:
    """Get precision, recall and F1 of mentions, over all and by facet, with 95 % bootstrap intervals over texts.

    Args:
        truth: one row a mention: `id` (or `doc_id`), `element_id` (or a facet alone) and, where places count,
            `start, end`. A row without an element says that a text names nothing. Without places, each element
            counts once a text.
        predictions: the same, as `modacast tag` writes it; texts that the truth lacks are left out.
        n_errors: mentions to list that were missed or are wrong, the most frequent first.

    Returns:
        `n_texts, n_true, n_found, by` (`"place"` or `"text"`), `precision, recall, f1`, each with `value, low, high`,
        `facets` (the same figures without intervals, and `n_true, n_found`) and `errors`.

    Raises:
        InvalidInput: a column is missing, a facet is unknown, a place is no number, or the truth has no text.
    """
    if n_errors < 0:
        raise InvalidInput(f"--errors is 0 or more; got {n_errors}")
    by_place = {"start", "end"} <= set(truth.column_names)
    wanted, got = (
        _read(truth, "truth", by_place=by_place),
        _read(predictions, "predictions", by_place=by_place),
    )
    if not wanted:
        raise InvalidInput("truth: there is no row")
    whole = {key[0] for keys in wanted.values() for key in keys if "/" not in key[0]}
    pairs = [(keys, _coarse(got.get(text_id, set()), whole)) for text_id, keys in wanted.items()]
    result: dict[str, Any] = {
        "n_texts": len(pairs),
        "n_true": sum(len(keys) for keys, _ in pairs),
        "n_found": sum(len(found) for _, found in pairs),
        "by": "place" if by_place else "text",
        **_with_intervals(_counts(pairs)),
    }
    result["facets"] = {
        facet: _facet_scores(pairs, facet)
        for facet in FACETS
        if any(_facet(key) == facet for both in pairs for keys in both for key in keys)
    }
    result["errors"] = _errors(pairs, n_errors)
    return result


def _read(table: pa.Table, name: str, *, by_place: bool) -> dict[str, set[_Key]]:
    """Get the mentions of each text."""
    id_column = "id" if "id" in table.column_names else "doc_id"
    needed = (id_column, "element_id", *(("start", "end") if by_place else ()))
    for column in needed:
        if column not in table.column_names:
            raise InvalidInput(f"{name}: there is no column {column!r}{suggest(column, table.column_names)}")
    frame = pl.DataFrame(table).select(needed)
    try:
        frame = frame.with_columns(
            pl.col(id_column, "element_id").cast(pl.String),
            *(pl.col(column).cast(pl.Int64) for column in needed[2:]),
        )
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(
            f"{name}: start and end are whole numbers: {str(error).splitlines()[0]}"
        ) from error
    mentions: dict[str, set[_Key]] = defaultdict(set)
    for line, (text_id, element_id, *place) in enumerate(frame.iter_rows(), start=1):
        found = mentions[text_id or ""]
        if not element_id:
            continue
        start, end = place or (None, None)
        if by_place and (start is None or end is None):
            raise InvalidInput(f"{name}, row {line}: {element_id!r} has no start or no end")
        if element_id.partition("/")[0] not in FACETS:
            raise InvalidInput(
                f"{name}, row {line}: {element_id!r} is neither an element nor a facet"
                f"{suggest(element_id.partition('/')[0], FACETS)}"
            )
        found.add((element_id, start, end))
    return mentions


def _coarse(keys: set[_Key], whole: set[str]) -> set[_Key]:
    """Turn elements into their facets where the truth says no more."""
    return {(_facet(key), *key[1:]) if _facet(key) in whole else key for key in keys}


def _facet(key: _Key) -> str:
    return key[0].partition("/")[0]


def _counts(pairs: Sequence[tuple[set[_Key], set[_Key]]]) -> Counts:
    """Get hits, found and true of each text."""
    rows = [(len(keys & found), len(found), len(keys)) for keys, found in pairs]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _scores(counts: Counts) -> dict[str, float]:
    hits, found, true = counts.sum(axis=0).tolist()
    return {
        "precision": hits / found if found else float(not true),
        "recall": hits / true if true else 1.0,
        "f1": 2 * hits / (found + true) if found + true else 1.0,
    }


def _with_intervals(counts: Counts) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(0)
    draws = [_scores(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(_DRAWS)]
    result = {}
    for name, value in _scores(counts).items():
        low, high = np.quantile([draw[name] for draw in draws], (0.025, 0.975))
        result[name] = {"value": value, "low": float(low), "high": float(high)}
    return result


def _facet_scores(pairs: Iterable[tuple[set[_Key], set[_Key]]], facet: str) -> dict[str, float]:
    own = [tuple({key for key in keys if _facet(key) == facet} for keys in both) for both in pairs]
    counts = _counts([(keys, found) for keys, found in own])
    return {"n_true": int(counts[:, 2].sum()), "n_found": int(counts[:, 1].sum()), **_scores(counts)}


def _errors(pairs: Iterable[tuple[set[_Key], set[_Key]]], n: int) -> list[dict[str, Any]]:
    """List what was missed or is wrong by element, the most frequent first."""
    counted: Counter[tuple[str, str]] = Counter()
    for keys, found in pairs:
        counted.update(("missed", key[0]) for key in keys - found)
        counted.update(("wrong", key[0]) for key in found - keys)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [{"kind": kind, "element_id": element_id, "n": times} for (kind, element_id), times in ordered[:n]]
