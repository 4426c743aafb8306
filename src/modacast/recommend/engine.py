"""The recommender: profiles, trends and products in, explained lists out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from modacast.errors import InvalidInput
from modacast.recommend.catalogue import Catalogue, Shoppers
from modacast.recommend.diversify import diversify
from modacast.recommend.explain import Explainer, Lang
from modacast.recommend.features import FEATURES, feature_matrix
from modacast.recommend.rank import LinearRanker
from modacast.recommend.retrieve import (
    Again,
    Candidates,
    Channel,
    CoPurchase,
    Popularity,
    TextSimilarity,
    Trending,
    retrieve,
)
from modacast.types import RECOMMENDATIONS, Floats, Ranker

__all__ = ["FeatureBlock", "Recommender"]

_BLOCK = 64
_RISING = frozenset({"emerging", "rising"})
_PERSONAL_FEATURES = (
    "similar",
    "session",
    "bought_together",
    "again",
    "trend_for_you",
    "affinity",
    "value",
    "price",
)


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """Candidates of some shoppers with their features, for learning.

    Attributes:
        shopper: `(m,)` int64 row of the shopper in the keys that were asked for.
        item_ids: `(m,)` ids.
        features: `(m, f)` float32, columns as in `FEATURES`.
    """

    shopper: npt.NDArray[np.int64]
    item_ids: list[str]
    features: Floats


class Recommender:
    """Recommends from a catalogue.

    Args:
        catalogue: the items.
        label: element id and language to its name, for the reasons.
        ranker: scores the candidates; the default weights where None.
        half_life_days: how fast old events lose weight.
        popularity_days: half-life of what counts as selling now.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        label: Callable[[str, str], str] = lambda element_id, lang: element_id.partition("/")[2],
        ranker: Ranker | None = None,
        half_life_days: float = 60.0,
        popularity_days: float = 14.0,
    ) -> None:
        self.catalogue = catalogue
        self.ranker: Ranker = ranker or LinearRanker()
        self.half_life_days = half_life_days
        self.popularity_days = popularity_days
        self._label = label

    def fit(
        self,
        events: pa.Table,
        strengths: npt.NDArray[np.float64],
        profiles: pa.Table,
        *,
        now: datetime,
        trends: pa.Table | None = None,
    ) -> Recommender:
        """Learn what sells, what goes together and what rises.

        Args:
            events: rows of `EVENTS`; later ones than `now` are left out.
            strengths: `(n_events,)` float64 in [-1, 1]: how much each event says for its item.
            profiles: rows of `PROFILES`.
            now: UTC.
            trends: rows of `TRENDS`; those of the segment "all" count.
        """
        self.now_ = now.astimezone(UTC)
        past = pc.less_equal(events["at"], pa.scalar(self.now_, events["at"].type)).to_numpy(
            zero_copy_only=False
        )
        self._remember(events.filter(pa.array(past)), strengths[past])
        self._profiles = {key: row for row, key in enumerate(profiles["user_key"].to_pylist())}
        self._profile_rows = profiles.to_pylist()
        rising = _rising(trends)
        self.lift_ = {element_id: lift for element_id, (lift, _) in rising.items()}
        growth = {element_id: growth for element_id, (_, growth) in rising.items() if growth is not None}
        self.neighbours_ = CoPurchase(self._taken)
        self._channels: list[Channel] = [
            TextSimilarity(self.catalogue, "long"),
            TextSimilarity(self.catalogue, "session"),
            self.neighbours_,
            Again(self.catalogue),
            Popularity(self._sold),
            Trending(self.catalogue, self.lift_, personal=False),
            Trending(self.catalogue, self.lift_, personal=True),
        ]
        self._explainer = Explainer(self.catalogue, self.lift_, growth, self.neighbours_)
        return self

    def recommend(
        self,
        user_keys: Sequence[str],
        *,
        k: int = 12,
        personal: bool = True,
        exclude_purchased: bool = False,
        lang: Lang = "zh",
        explain: bool = True,
    ) -> pa.Table:
        """Get a list for each shopper.

        Args:
            user_keys: pseudonyms; unknown ones get what is popular and rising.
            k: length of the lists, where the catalogue has so many available items.
            personal: False gives the same list to everyone, made from popularity and trends alone.
            exclude_purchased: leave out what the shopper bought.
            lang: of the reasons.
            explain: False leaves the reasons empty and is faster.

        Returns:
            Rows of `RECOMMENDATIONS`, in the order of the keys.
        """
        if k < 1:
            raise InvalidInput(f"k is at least 1, got {k}")
        rows: list[dict[str, object]] = []
        if not personal:
            one = self._lists(
                self._shoppers([""]), k, personal=False, exclude=False, lang=lang, explain=explain
            )
            return _table([{**row, "user_key": key} for key in user_keys for row in one])
        for start in range(0, len(user_keys), _BLOCK):
            shoppers = self._shoppers(user_keys[start : start + _BLOCK])
            rows += self._lists(
                shoppers, k, personal=True, exclude=exclude_purchased, lang=lang, explain=explain
            )
        return _table(rows)

    def features(self, user_keys: Sequence[str]) -> Iterator[FeatureBlock]:
        """Yield the candidates of shoppers, as of `now`, with their features, a block at a time."""
        for start in range(0, len(user_keys), _BLOCK):
            shoppers = self._shoppers(user_keys[start : start + _BLOCK])
            candidates, features = self._score_inputs(shoppers)
            ids = self.catalogue.ids
            yield FeatureBlock(candidates.shopper + start, [ids[i] for i in candidates.item], features)

    def features_of(self, user_key: str, item_ids: Sequence[str]) -> Floats:
        """Get `(len(item_ids), f)` features of given items for one shopper, as of `now`."""
        shoppers = self._shoppers([user_key])
        item = np.array([self.catalogue.row[i] for i in item_ids], dtype=np.int64)
        shopper = np.zeros(item.size, dtype=np.int64)
        scores = {channel.name: channel.scores(shoppers)[shopper, item] for channel in self._channels}
        return feature_matrix(
            Candidates(shopper, item, scores), shoppers, self.catalogue, today=self._today()
        )

    # -- inside -------------------------------------------------------------------------------------------

    def _today(self) -> float:
        return self.now_.timestamp() / 86_400.0

    def _remember(self, events: pa.Table, strengths: npt.NDArray[np.float64]) -> None:
        rows = self.catalogue.row
        item = np.array([rows.get(i, -1) for i in events["item_id"].to_pylist()], dtype=np.int64)
        known = item >= 0
        names = events["user_key"].to_numpy(zero_copy_only=False)[known]
        users, user = np.unique(names.astype(object), return_inverse=True)
        at = events["at"].to_numpy(zero_copy_only=False)[known].astype("datetime64[us]").astype(np.float64)
        age = self._today() - at / 8.64e10
        item, strength = item[known], strengths[known]
        bought = np.array([kind == "purchase" for kind in events["kind"].to_pylist()], dtype=bool)[known]
        decay = np.exp2(-age / self.half_life_days)
        self._user_row = {key: row for row, key in enumerate(users.tolist())}
        shape = (len(users), len(self.catalogue))
        self._taste = _matrix(user, item, strength * decay, shape)
        self._bought = _matrix(user[bought], item[bought], decay[bought], shape)
        taken = _matrix(user, item, np.maximum(strength, 0.0), shape)
        taken.data = np.minimum(taken.data, 1.0)
        self._taken = taken
        fresh = np.exp2(-age / self.popularity_days) * np.maximum(strength, 0.0)
        self._sold = np.bincount(item, fresh, minlength=len(self.catalogue)).astype(np.float64)

    def _shoppers(self, keys: Sequence[str]) -> Shoppers:
        found = [self._profile_rows[self._profiles[key]] if key in self._profiles else None for key in keys]
        rows = [self._user_row.get(key, -1) for key in keys]
        return Shoppers(
            keys=keys,
            long=self._stack([profile and profile["long_vector"] for profile in found]),
            session=self._stack([profile and profile["session_vector"] for profile in found]),
            affinities=self._affinities([dict(p["affinities"]) if p else {} for p in found]),
            taste=_take_rows(self._taste, rows),
            bought=_take_rows(self._bought, rows),
            price_low=np.array([_number(p and p["price_low"]) for p in found]),
            price_high=np.array([_number(p and p["price_high"]) for p in found]),
            values=[(p["values"] or []) if p else [] for p in found],
        )

    def _stack(self, vectors: Sequence[Sequence[float] | None]) -> Floats | None:
        if self.catalogue.vectors is None:
            return None
        stacked = np.zeros((len(vectors), self.catalogue.vectors.shape[1]), dtype=np.float32)
        for row, vector in enumerate(vectors):
            if vector is not None:
                stacked[row] = vector
        return stacked

    def _affinities(self, maps: Sequence[Mapping[str, float]]) -> sparse.csr_matrix:
        row_of = self.catalogue.element_row
        cells = [(r, row_of[e], w) for r, found in enumerate(maps) for e, w in found.items() if e in row_of]
        rows, columns, weights = zip(*cells, strict=True) if cells else ((), (), ())
        shape = (len(maps), self.catalogue.elements.shape[1])
        return sparse.csr_matrix((weights, (rows, columns)), shape=shape, dtype=np.float32)

    def _score_inputs(
        self, shoppers: Shoppers, allowed: npt.NDArray[np.bool_] | None = None
    ) -> tuple[Candidates, Floats]:
        allowed = self.catalogue.available if allowed is None else allowed
        candidates = retrieve(shoppers, self._channels, allowed)
        return candidates, feature_matrix(candidates, shoppers, self.catalogue, today=self._today())

    def _lists(
        self, shoppers: Shoppers, k: int, *, personal: bool, exclude: bool, lang: Lang, explain: bool
    ) -> list[dict[str, object]]:
        candidates, features = self._score_inputs(shoppers)
        if not personal:
            features[:, [FEATURES.index(name) for name in _PERSONAL_FEATURES]] = 0.0
        scores = self.ranker.predict(features)
        rows: list[dict[str, object]] = []
        bounds = np.searchsorted(candidates.shopper, np.arange(len(shoppers) + 1))
        for row, key in enumerate(shoppers.keys):
            span = np.arange(bounds[row], bounds[row + 1])
            if exclude:
                span = span[~np.isin(candidates.item[span], shoppers.bought[row].indices)]
            picks = span[self._choose(scores[span], candidates.item[span], k)]
            parts = self.ranker.contributions(features[picks])
            for rank, (pick, part) in enumerate(zip(picks, parts, strict=True), start=1):
                item = int(candidates.item[pick])
                found = (
                    self._explainer.reasons(shoppers, row, item, part, personal=personal) if explain else ()
                )
                reasons = [reason.text(lang, self._label, self._title) for reason in found]
                rows.append({
                    "user_key": key,
                    "item_id": self.catalogue.ids[item],
                    "rank": rank,
                    "score": float(scores[pick]),
                    "reasons": reasons,
                    "contributions": [(n, float(v)) for n, v in zip(FEATURES, part, strict=True) if v != 0],
                })  # fmt: skip
        return rows

    def _choose(self, scores: Floats, items: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
        best = np.argsort(-scores, kind="stable")[: max(5 * k, 50)]
        vectors = None if self.catalogue.vectors is None else self.catalogue.vectors[items[best]]
        return best[diversify(scores[best], vectors, self.catalogue.groups[items[best]], k=k)]

    def _title(self, item_id: str) -> str:
        return self.catalogue.titles[self.catalogue.row[item_id]]


def _rising(trends: pa.Table | None) -> dict[str, tuple[float, float | None]]:
    """Element id to lift in [0, 1] and growth, of the trends that rise."""
    if trends is None:
        return {}
    # what rises from nothing has no growth, and rises more than all that has one
    return {
        row["element_id"]: (
            float(np.tanh(np.inf if row["growth"] is None else abs(row["growth"])) * row["confidence"]),
            row["growth"],
        )
        for row in trends.to_pylist()
        if row["segment"] == "all" and row["stage"] in _RISING
    }


def _matrix(
    user: npt.NDArray[np.int64],
    item: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    shape: tuple[int, int],
) -> sparse.csr_matrix:
    return sparse.csr_matrix((weight.astype(np.float32), (user, item)), shape=shape)


def _take_rows(matrix: sparse.csr_matrix, rows: Sequence[int]) -> sparse.csr_matrix:
    """Rows of a matrix; -1 gives an empty one."""
    known = [row for row in rows if row >= 0]
    at = [i for i, row in enumerate(rows) if row >= 0]
    place = sparse.csr_matrix((np.ones(len(at), np.float32), (at, known)), shape=(len(rows), matrix.shape[0]))
    return (place @ matrix).tocsr()


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=RECOMMENDATIONS)
