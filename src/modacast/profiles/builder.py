"""What a shopper likes, read from what they did.

A profile depends on the shopper's own events and on the catalogue alone, never on other shoppers, so that
building one shopper's profile again after a new event gives just what a rebuild of all would give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from modacast.errors import InvalidInput
from modacast.profiles.values import value_evidence
from modacast.types import PROFILES, Floats

__all__ = ["EVENT_STRENGTH", "CatalogueView", "ProfileBuilder", "event_strength"]

EVENT_STRENGTH: Mapping[str, float] = {
    "purchase": 1.0,
    "like": 0.6,
    "cart": 0.5,
    "review": 0.3,
    "view": 0.15,
    "rating": 0.0,
    "impression": 0.0,
    "dislike": -0.8,
    "return": -0.9,
}
"""How much each kind of event says for (or against) an item; a rating counts by its stars."""

_NEUTRAL_STARS = 3.0
_PRIOR_EVENTS = 4.0
_PARENT_SHARE = 0.5
_MAX_AFFINITIES = 48
_MAX_VALUES = 5
_MIN_VALUE_WEIGHT = 0.1


def event_strength(events: pa.Table) -> npt.NDArray[np.float64]:
    """Get `(n,)` float64 in [-1, 1]: how much each event says for (or against) its item.

    Args:
        events: columns `kind` and `value`. A rating or a review with a value of 1 to 5 stars counts by its
            distance from 3 stars.
    """
    kinds = events["kind"].to_pylist()
    strength = np.array([EVENT_STRENGTH.get(kind, 0.0) for kind in kinds], dtype=np.float64)
    stars = events["value"].to_numpy(zero_copy_only=False).astype(np.float64)
    rated = np.array([kind in {"rating", "review"} for kind in kinds], dtype=bool) & np.isfinite(stars)
    strength[rated] = np.clip((stars[rated] - _NEUTRAL_STARS) / 2.0, -1.0, 1.0)
    return strength


class CatalogueView(Protocol):
    """What profiles need of a catalogue; `modacast.recommend.Catalogue` has it.

    Attributes:
        prices: `(n,)` float64, NaN where unknown.
        vectors: `(n, d)` float32, or None.
        elements: `(n, m)` sparse: how much each item is of each element, in [0, 1].
    """

    vectors: Floats | None
    prices: npt.NDArray[np.float64]
    elements: sparse.csr_matrix

    @property
    def row(self) -> Mapping[str, int]:
        """Item id to its row."""
        ...

    @property
    def element_ids(self) -> Sequence[str]:
        """Names of the columns of `elements`."""
        ...


class ProfileBuilder:
    """Builds profiles against one catalogue.

    Args:
        catalogue: the items; without vectors the profiles' vectors are null.
        half_life_days: how fast old events lose weight.
        session_hours: events so close to the shopper's last one make up the session.
    """

    def __init__(
        self, catalogue: CatalogueView, *, half_life_days: float = 60.0, session_hours: float = 6.0
    ) -> None:
        if half_life_days <= 0 or session_hours <= 0:
            raise InvalidInput(
                f"half_life_days and session_hours are above 0, got {half_life_days} and {session_hours}"
            )
        self.half_life_days = half_life_days
        self.session_hours = session_hours
        self._catalogue = catalogue
        counts = np.asarray(catalogue.elements.sum(axis=0)).ravel()
        self._base = (counts + 0.5) / (catalogue.elements.shape[0] + 1.0)

    def build(
        self,
        events: pa.Table,
        *,
        now: datetime,
        consents: Mapping[str, str] | None = None,
        statements: pa.Table | None = None,
    ) -> pa.Table:
        """Get the profiles of all shoppers in the events.

        Args:
            events: rows of `EVENTS`, in any order; those after `now` and of unknown items are left out.
            now: UTC; ages are counted back from here.
            consents: pseudonym to what the shopper agreed to; `"granted"` where absent.
            statements: rows of `STATEMENTS`: what shoppers wrote about values.

        Returns:
            Rows of `PROFILES`, ordered by key. Affinities lie in (-1, 1): 0 is the catalogue's own share of
            the element, 1 is only that element, -1 is avoided.
        """
        events = events.filter(pc.less_equal(events["at"], pa.scalar(now.astimezone(UTC), events["at"].type)))
        known = pa.array([item in self._catalogue.row for item in events["item_id"].to_pylist()], pa.bool_())
        events = events.filter(known).sort_by(
            [("user_key", "ascending"), ("at", "ascending"), ("id", "ascending")]
        )
        if events.num_rows == 0:
            return PROFILES.empty_table()
        keys, user = np.unique(events["user_key"].to_numpy(zero_copy_only=False), return_inverse=True)
        item = np.array([self._catalogue.row[i] for i in events["item_id"].to_pylist()], dtype=np.int64)
        at = events["at"].to_numpy(zero_copy_only=False).astype("datetime64[us]").astype(np.float64) / 3.6e9
        age_days = (now.timestamp() / 3600.0 - at) / 24.0
        strength = event_strength(events)
        weight = strength * np.exp2(-age_days / self.half_life_days)
        taste = _sum_by_user(user, item, weight, len(keys), len(self._catalogue.row))
        rows: dict[str, Any] = {
            "user_key": keys.tolist(),
            "long_vector": self._mean_vectors(taste),
            "session_vector": self._mean_vectors(self._session(user, item, at, strength, len(keys))),
            "affinities": self._affinities(taste),
            "consent": [(consents or {}).get(key, "granted") for key in keys],
            "n_events": np.bincount(user, minlength=len(keys)).tolist(),
            "updated_at": [now.astimezone(UTC)] * len(keys),
        }
        low, high = _price_bands(user, self._catalogue.prices[item], np.maximum(weight, 0.0), len(keys))
        rows["price_low"] = pa.array(low, pa.float64(), from_pandas=True)
        rows["price_high"] = pa.array(high, pa.float64(), from_pandas=True)
        held = self.values(events, now=now, consents=consents, statements=statements)
        values: dict[str, list[str]] = {}
        for row in held.select(["user_key", "element_id", "weight"]).to_pylist():
            if row["weight"] > _MIN_VALUE_WEIGHT:
                values.setdefault(row["user_key"], []).append(row["element_id"])
        rows["values"] = [values.get(key, [])[:_MAX_VALUES] for key in rows["user_key"]]
        return pa.table([pa.array(rows[field.name], field.type) for field in PROFILES], schema=PROFILES)

    def values(
        self,
        events: pa.Table,
        *,
        now: datetime,
        consents: Mapping[str, str] | None = None,
        statements: pa.Table | None = None,
    ) -> pa.Table:
        """Get what each shopper cares for, with what it rests on; rows of `VALUES`.

        Args:
            events: as in `build`.
            now: likewise.
            consents: likewise; who did not grant has no values.
            statements: likewise.
        """
        return value_evidence(
            events,
            event_strength(events),
            self._item_values,
            now=now,
            statements=statements,
            consents=consents,
        )

    @cached_property
    def _item_values(self) -> dict[str, list[str]]:
        names = self._catalogue.element_ids
        of_value = np.array([name.startswith("value/") for name in names], dtype=np.bool_)
        found: dict[str, list[str]] = {}
        matrix = self._catalogue.elements
        for item_id, row in self._catalogue.row.items():
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            found[item_id] = [names[c] for c in matrix.indices[span] if c < len(names) and of_value[c]]
        return found

    def _mean_vectors(self, taste: sparse.csr_matrix) -> list[Floats | None]:
        if self._catalogue.vectors is None:
            return [None] * taste.shape[0]
        sums = np.asarray(taste @ self._catalogue.vectors, dtype=np.float32)
        norms = np.linalg.norm(sums, axis=1)
        return [row / norm if norm > 1e-9 else None for row, norm in zip(sums, norms, strict=True)]

    def _session(
        self,
        user: npt.NDArray[np.int64],
        item: npt.NDArray[np.int64],
        at: npt.NDArray[np.float64],
        strength: npt.NDArray[np.float64],
        n_users: int,
    ) -> sparse.csr_matrix:
        last = np.full(n_users, -np.inf)
        np.maximum.at(last, user, at)
        recent = at >= last[user] - self.session_hours
        fresh = np.exp2(-(last[user] - at) / max(self.session_hours / 2.0, 1e-9))
        return _sum_by_user(
            user[recent], item[recent], (strength * fresh)[recent], n_users, len(self._catalogue.row)
        )

    def _affinities(self, taste: sparse.csr_matrix) -> list[list[tuple[str, float]]]:
        hits = (taste @ self._catalogue.elements).tocsr()
        total = np.asarray(taste.maximum(0).sum(axis=1)).ravel()
        result: list[list[tuple[str, float]]] = []
        for row in range(hits.shape[0]):
            span = slice(hits.indptr[row], hits.indptr[row + 1])
            columns, weights = hits.indices[span], hits.data[span]
            base = self._base[columns]
            share = np.maximum(weights + _PRIOR_EVENTS * base, 0.0) / (total[row] + _PRIOR_EVENTS)
            affinity = (share - base) / (share + base)
            order = np.lexsort((columns, -np.abs(affinity) * np.sqrt(np.abs(weights))))[:_MAX_AFFINITIES]
            result.append([(self._catalogue.element_ids[columns[i]], float(affinity[i])) for i in order])
        return result


def _sum_by_user(
    user: npt.NDArray[np.int64],
    item: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    n_users: int,
    n_items: int,
) -> sparse.csr_matrix:
    return sparse.csr_matrix((weight.astype(np.float32), (user, item)), shape=(n_users, n_items))


def _price_bands(
    user: npt.NDArray[np.int64],
    price: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    n_users: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weighted 10 % and 90 % quantiles of the prices of what each shopper took to."""
    low, high = np.full(n_users, np.nan), np.full(n_users, np.nan)
    good = np.isfinite(price) & (weight > 0)
    user, price, weight = user[good], price[good], weight[good]
    order = np.lexsort((price, user))
    user, price, weight = user[order], price[order], weight[order]
    bounds = np.flatnonzero(np.r_[True, user[1:] != user[:-1], True]) if user.size else np.zeros(1, np.int64)
    for start, stop in pairwise(bounds):
        reached = np.cumsum(weight[start:stop]) / weight[start:stop].sum()
        low[user[start]] = price[start + np.searchsorted(reached, 0.1)]
        high[user[start]] = price[start + min(np.searchsorted(reached, 0.9), stop - start - 1)]
    return low, high
