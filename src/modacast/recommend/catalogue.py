"""The catalogue as arrays, and the shoppers as rows against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from modacast.errors import InvalidInput
from modacast.types import Floats

__all__ = ["Catalogue", "Shoppers"]

Ints = npt.NDArray[np.int64]

_PARENT_SHARE = 0.5


class Catalogue:
    """Items in the order of the table, with what ranking needs of them.

    Args:
        items: rows of `ITEMS`.
        vectors: `(n, d)` float32, L2-normalised, in the order of `items`; None where there are none.
        parents: element id to its parent's id.

    Attributes:
        ids: item ids.
        groups: `(n,)` int64; variants of one product share a number.
        prices: `(n,)` float64, NaN where unknown.
        created: `(n,)` float64, days since 1970, NaN where unknown.
        available: `(n,)` bool.
        element_ids: the elements that occur, parents among them.
        elements: `(n, len(element_ids))` sparse; 1 for an item's own elements, 0.5 for their parents.
    """

    def __init__(
        self,
        items: pa.Table,
        vectors: Floats | None = None,
        *,
        parents: Mapping[str, str | None] | None = None,
    ) -> None:
        if vectors is not None and vectors.shape[:1] != (items.num_rows,):
            raise InvalidInput(f"need one vector an item: {items.num_rows} items, vectors of {vectors.shape}")
        self.ids: list[str] = items["id"].to_pylist()
        self.titles: list[str] = items["title"].to_pylist()
        self.vectors = vectors
        self.row: dict[str, int] = {item_id: row for row, item_id in enumerate(self.ids)}
        self.groups = _codes(
            [g or f"\0{i}" for g, i in zip(items["group_id"].to_pylist(), self.ids, strict=True)]
        )
        self.prices = items["price"].to_numpy(zero_copy_only=False).astype(np.float64)
        self.created = _days(items["created_at"])
        self.available = items["available"].to_numpy(zero_copy_only=False).astype(bool)
        self.own_elements: list[list[str]] = [found or [] for found in items["element_ids"].to_pylist()]
        self.element_ids: list[str]
        self.element_ids, self.elements = _elements(self.own_elements, parents or {})
        self.element_row = {element_id: i for i, element_id in enumerate(self.element_ids)}

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def n_elements_of(self) -> npt.NDArray[np.float32]:
        """`(n,)` float32: the weight of each item's elements, at least 1."""
        return np.maximum(np.asarray(self.elements.sum(axis=1)).ravel(), 1.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Shoppers:
    """Some shoppers as rows against a catalogue.

    Attributes:
        keys: pseudonyms.
        long: `(u, d)` float32 long-term vectors, zero where unknown; None where there are no vectors.
        session: `(u, d)` float32 session vectors, zero where unknown.
        affinities: `(u, n_elements)` sparse.
        taste: `(u, n_items)` sparse: decayed strength of what the shopper did with each item.
        bought: `(u, n_items)` sparse: how much of each item the shopper bought, decayed.
        price_low: `(u,)` float64, NaN where unknown.
        price_high: `(u,)` float64.
        values: ids of the values that each cares for.
    """

    keys: Sequence[str]
    long: Floats | None
    session: Floats | None
    affinities: sparse.csr_matrix
    taste: sparse.csr_matrix
    bought: sparse.csr_matrix
    price_low: npt.NDArray[np.float64]
    price_high: npt.NDArray[np.float64]
    values: Sequence[Sequence[str]]

    def __len__(self) -> int:
        return len(self.keys)


def _codes(names: Sequence[str]) -> Ints:
    return np.unique(np.array(names, dtype=object), return_inverse=True)[1].astype(np.int64)


def _days(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    instants = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype("datetime64[us]")
    days = instants.astype(np.float64) / 8.64e10
    days[np.isnat(instants)] = np.nan
    return days


def _elements(
    own: Sequence[Sequence[str]], parents: Mapping[str, str | None]
) -> tuple[list[str], sparse.csr_matrix]:
    position: dict[str, int] = {}
    rows, columns, values = [], [], []
    for row, element_ids in enumerate(own):
        shares = dict.fromkeys(element_ids, 1.0)
        for element_id in element_ids:
            parent = parents.get(element_id)
            if parent:
                shares.setdefault(parent, _PARENT_SHARE)
        for element_id, share in shares.items():
            rows.append(row)
            columns.append(position.setdefault(element_id, len(position)))
            values.append(share)
    shape = (len(own), max(len(position), 1))
    return list(position), sparse.csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float32)
