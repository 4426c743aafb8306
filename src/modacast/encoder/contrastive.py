"""The contrastive loss, its bank of earlier vectors, and batches of neighbours.

The loss is InfoNCE with the batch's other texts as negatives (van den Oord et al. 2018; Henderson et al. 2017), both
ways. Two tricks make few and small batches go far: vectors of earlier batches serve as further negatives (Wang et
al. 2020, "Cross-Batch Memory for Embedding Learning"), and batches are put together from pairs that lie near each
other, so that the negatives in them are hard without being encoded for it (Dahiya et al. 2023, "NGAME").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.pairs import Pair
from modacast.types import Floats

__all__ = ["BatchOrder", "PairBank", "contrastive_loss", "mean_reciprocal_rank"]

Ints = npt.NDArray[np.int64]
_ROWS_AT_ONCE = 2048


class PairBank:
    """The latest vectors of all pairs, and what they may be compared with.

    Args:
        torch: the module.
        pairs: the pairs.
        width: of the vectors.
    """

    def __init__(self, torch: Any, pairs: Sequence[Pair], width: int) -> None:
        self._torch = torch
        self.queries = torch.zeros((len(pairs), width))
        self.documents = torch.zeros((len(pairs), width))
        self._filled = torch.zeros(len(pairs), dtype=torch.bool)
        self._query_of = torch.from_numpy(_numbers([pair.query for pair in pairs]))
        self._document_of = torch.from_numpy(_numbers([pair.document for pair in pairs]))
        self._task_of = torch.from_numpy(_numbers([pair.task for pair in pairs]))

    def update(self, places: Ints, queries: Any, documents: Any) -> None:
        """Keep a batch's vectors."""
        rows = self._torch.from_numpy(places)
        self.queries[rows] = queries.detach().float().cpu()
        self.documents[rows] = documents.detach().float().cpu()
        self._filled[rows] = True

    def state(self) -> dict[str, Any]:
        """Get the kept vectors, and of which pairs there are any."""
        return {"queries": self.queries, "documents": self.documents, "filled": self._filled}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` gave."""
        self.queries, self.documents, self._filled = (
            state[name] for name in ("queries", "documents", "filled")
        )

    def others(self, places: Ints, limit: int) -> Any:
        """Get up to `limit` places of kept pairs, of the batch's task and outside the batch."""
        usable = self._filled & (self._task_of == self._task_of[int(places[0])])
        usable[self._torch.from_numpy(places)] = False
        found = self._torch.nonzero(usable)[:, 0]
        if len(found) > limit:
            found = found[self._torch.randperm(len(found))[:limit]]
        return found

    def alike(self, places: Ints, others: Any) -> Any:
        """Get `(n, m)` bool: whether two pairs share a text, so that the one is no negative of the other."""
        rows = self._torch.from_numpy(places)
        same_query = self._query_of[rows][:, None] == self._query_of[others][None, :]
        return same_query | (self._document_of[rows][:, None] == self._document_of[others][None, :])

    def batches(self, size: int, n_neighbours: int, rng: np.random.Generator) -> list[Ints]:
        """Divide all pairs into batches of one task each; neighbours go together once vectors are kept."""
        found: list[Ints] = []
        for task in self._task_of.unique():
            places = np.flatnonzero(self._task_of.numpy() == int(task))
            rng.shuffle(places)
            if n_neighbours and bool(self._filled[places].all()) and len(places) > size:
                places = self._gathered(places, n_neighbours)
            found += [places[i : i + size] for i in range(0, len(places), size)]
        order = rng.permutation(len(found))
        # one pair alone has nothing to be told apart from
        return [found[i] for i in order if len(found[i]) > 1]

    def _gathered(self, places: Ints, n_neighbours: int) -> Ints:
        queries, documents = self.queries[places], self.documents[places]
        reach = min(4 * n_neighbours, len(places))
        nearest = [
            (queries[i : i + _ROWS_AT_ONCE] @ documents.T).topk(reach, dim=1).indices
            for i in range(0, len(places), _ROWS_AT_ONCE)
        ]
        taken = np.zeros(len(places), bool)
        order: list[int] = []
        for seed, row in enumerate(self._torch.cat(nearest).numpy()):
            if taken[seed]:
                continue
            free = [int(i) for i in row if not taken[i] and i != seed][:n_neighbours]
            taken[[seed, *free]] = True
            order += [seed, *free]
        gathered: Ints = places[order]
        return gathered


class BatchOrder:
    """Batches without end, epoch after epoch, which can be stopped and gone on with.

    Args:
        bank: divides the pairs anew for each epoch.
        size: pairs a batch.
        n_neighbours: pairs that are put beside each seed.
        seed: decides the order.
    """

    def __init__(self, bank: PairBank, size: int, n_neighbours: int, seed: int) -> None:
        self._bank, self._size, self._n_neighbours, self._seed = bank, size, n_neighbours, seed
        self._epoch, self._place = 0, 0
        self._batches: list[Ints] = []

    def next(self) -> Ints:
        """Get the next batch."""
        if self._place == len(self._batches):
            rng = np.random.default_rng([self._seed, 1, self._epoch])
            self._batches = self._bank.batches(self._size, self._n_neighbours, rng)
            self._epoch, self._place = self._epoch + 1, 0
        self._place += 1
        return self._batches[self._place - 1]

    def state(self) -> dict[str, Ints]:
        """Get the running epoch's batches, and how far it has come."""
        return {
            "pairs": np.concatenate([np.zeros(0, np.int64), *self._batches]),
            "lengths": np.array([len(batch) for batch in self._batches], np.int64),
            "reached": np.array([self._epoch, self._place], np.int64),
        }

    def restore(self, state: Mapping[str, Ints]) -> None:
        """Put back what `state` gave."""
        ends = np.cumsum(state["lengths"])[:-1]
        self._batches = np.split(state["pairs"], ends) if len(state["lengths"]) else []
        self._epoch, self._place = (int(n) for n in state["reached"])


def contrastive_loss(
    torch: Any, queries: Any, documents: Any, bank: PairBank, places: Ints, *, temperature: float, n_bank: int
) -> Any:
    """Get the mean loss of a batch.

    Each query must find its document among the batch's and the bank's documents, and each document its query:
    `-log(exp(s_ii / T) / sum over j of exp(s_ij / T))`, s being cosines.

    Args:
        torch: the module.
        queries: `(n, d)` L2-normalised, with gradients.
        documents: the same, of the same pairs.
        bank: supplies further negatives and tells which are none.
        places: `(n,)` of the pairs, in the bank's order.
        temperature: T.
        n_bank: negatives to take from the bank.
    """
    device = queries.device
    others = bank.others(places, n_bank)
    own = torch.arange(len(places), device=device)
    alike = bank.alike(places, torch.cat([torch.from_numpy(places), others])).to(device)
    alike[own, own] = False
    total = 0.0
    for asking, told, kept in (
        (queries, documents, bank.documents),
        (documents, queries, bank.queries),
    ):
        scores = asking @ torch.cat([told, kept[others].to(device)]).T / temperature
        total = total + torch.nn.functional.cross_entropy(scores.masked_fill(alike, -1e4), own)
    return total / 2


def mean_reciprocal_rank(queries: Floats, documents: Floats) -> float:
    """Get the mean of 1 / rank of each query's own document; ties count against it."""
    scores = queries @ documents.T
    ranks = (scores >= np.diag(scores)[:, None]).sum(axis=1)
    return float((1.0 / ranks).mean())


def _numbers(texts: Sequence[str]) -> Ints:
    places: dict[str, int] = {}
    return np.asarray([places.setdefault(text, len(places)) for text in texts], np.int64)
