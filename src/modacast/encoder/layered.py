"""A BERT whose lower layers stand still: what they say of a text is computed once and kept.

Freezing lower layers costs retrieval little (Lee, Tang and Lin 2019, "What Would Elsa Do? Freezing Layers During
Transformer Fine-Tuning"), and with their output kept, a step computes only the layers that learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.check_texts import AS_DOCUMENTS, AS_QUERIES
from modacast.encoder.checks import battery_scores
from modacast.encoder.tokenizer import sound
from modacast.encoder.torch_model import BertModel
from modacast.encoder.training import Computing
from modacast.errors import InvalidInput
from modacast.types import Floats

__all__ = ["LayeredBert", "Prepared"]

Ints = npt.NDArray[np.int64]
_TEXTS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Prepared:
    """Texts that are ready for the layers that learn.

    Attributes:
        ids: one array a text.
        starts: `(n,)` where each text's rows begin in `hidden`.
        hidden: `(all tokens, width)` output of the frozen layers; None where nothing is kept.
        known: `(n,)` bool, whether a text's rows of `hidden` have been computed.
    """

    ids: list[Ints]
    starts: Ints
    hidden: Any | None
    known: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def followed_by(self, torch: Any, other: Prepared) -> Prepared:
        """Get these texts and then another's."""
        hidden = None
        if self.hidden is not None and other.hidden is not None:
            hidden = torch.cat([self.hidden, other.hidden])
        n_tokens = sum(len(own) for own in self.ids)
        starts = np.append(self.starts, other.starts + n_tokens)
        return Prepared([*self.ids, *other.ids], starts, hidden, np.append(self.known, other.known))


class LayeredBert:
    """Computes vectors in torch, with gradients for the upper layers.

    Args:
        torch: the module.
        model: is trained in place.
        n_frozen: so many layers, and the embeddings, stand still; None lets everything learn.
        device: where to compute.
        compute: what to compute in.
        max_tokens: longer texts are cut, special tokens included.
        keep_bytes: upper bound of what is kept of one set of texts; beyond it, it is computed each time.

    Raises:
        InvalidInput: there are not so many layers.
    """

    def __init__(
        self,
        torch: Any,
        model: BertModel,
        *,
        n_frozen: int | None,
        device: str,
        compute: Computing,
        max_tokens: int,
        keep_bytes: int = 3 << 30,
    ) -> None:
        layers = list(model.bert.encoder.layer)
        if n_frozen is not None and not 0 <= n_frozen < len(layers):
            raise InvalidInput(f"frozen_layers must be 0 to {len(layers) - 1} for this model; got {n_frozen}")
        self._torch, self._model, self._device, self._compute = torch, model, device, compute
        self._max_tokens = min(max_tokens, model.max_tokens)
        self._keep_bytes = keep_bytes
        self._checks: tuple[Prepared, Prepared] | None = None
        self._batch_tokens = 2048 if device == "cpu" else 65_536
        self._adds_mask = getattr(model.bert.config, "_attn_implementation", "sdpa") == "eager"
        self.n_frozen = n_frozen
        model.bert.to(device)
        model.bert.requires_grad_(n_frozen is None)
        self._lower_layers, self._upper = layers[: n_frozen or 0], layers[n_frozen or 0 :]
        for layer in self._upper:
            layer.requires_grad_(True)
        self.train(0.0)

    def parameters(self) -> list[Any]:
        """Get what learns."""
        return [p for p in self._model.bert.parameters() if p.requires_grad]

    def train(self, dropout: float) -> None:
        """Drop out this share in the layers that learn; 0 for none."""
        for module in self._model.bert.modules():
            if isinstance(module, self._torch.nn.Dropout):
                module.p = dropout
        for module in self._model.bert.modules():
            # dropping attention weights would take the fast path of attention away; older releases of
            # transformers keep its share in a number of its own
            if hasattr(module, "attention_head_size"):
                module.dropout.p = module.dropout_prob = 0.0
        self._model.bert.eval()
        for layer in self._upper:
            layer.train(dropout > 0)

    def prepare(self, texts: Sequence[str], kind: str | None) -> Prepared:
        """Get texts ready; what frozen layers say of one is computed when it is first asked for, and kept."""
        prefix = self._model.prefixes.get(kind, "") if kind else ""
        ids: list[Ints] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = [prefix + sound(text, self._max_tokens) for text in texts[start : start + _TEXTS_AT_ONCE]]
            for encoding in self._model.tokenizer.encode_batch(batch):
                own = np.asarray(encoding.ids, np.int64)
                too_long = len(own) > self._max_tokens
                ids.append(np.append(own[: self._max_tokens - 1], own[-1]) if too_long else own)
        starts = np.cumsum([0, *(len(own) for own in ids)])
        width = self._model.bert.config.hidden_size
        hidden = None
        if self.n_frozen is not None and starts[-1] * width * 2 <= self._keep_bytes:
            # half the bytes of float32, and as exact as what the layers above compute in where it pays
            hidden = self._torch.empty((int(starts[-1]), width), dtype=self._torch.bfloat16)
        return Prepared(ids, starts[:-1], hidden, np.zeros(len(ids), bool))

    def vectors(self, prepared: Prepared, places: Sequence[int] | Ints) -> Any:
        """Get `(n, width)` L2-normalised vectors of some texts, with gradients."""
        torch, parts, order = self._torch, [], []
        for batch in self._batches([prepared.ids[i] for i in places], range(len(places))):
            own = [int(places[j]) for j in batch]
            lengths = torch.tensor([len(prepared.ids[i]) for i in own], device=self._device)
            with self._compute():
                hidden = self._lower_output(prepared, own)
                hidden = self._run(self._upper, hidden, lengths)
            parts.append(self._pooled(hidden.float(), lengths))
            order += batch
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.nn.functional.normalize(torch.cat(parts)[back.to(self._device)], dim=1)

    def all_vectors(self, prepared: Prepared) -> Floats:
        """Get `(n, width)` float32 vectors of all texts, as numpy."""
        if not len(prepared):
            return np.zeros((0, self._model.bert.config.hidden_size), np.float32)
        self.train(0.0)
        with self._torch.no_grad():
            found: Floats = self.vectors(prepared, range(len(prepared))).cpu().numpy()
        return found

    def battery(self) -> dict[str, float]:
        """Get the scores of the small checks; see `checks.battery_scores`."""
        if self._checks is None:
            self._checks = self.prepare(AS_QUERIES, "query"), self.prepare(AS_DOCUMENTS, "document")
        queries, documents = (self.all_vectors(prepared) for prepared in self._checks)
        return battery_scores(
            dict(zip(AS_QUERIES, queries, strict=True)), dict(zip(AS_DOCUMENTS, documents, strict=True))
        )

    def _batches(self, ids: Sequence[Ints], places: Sequence[int]) -> Iterator[list[int]]:
        """Group places by length, so that little is filled up."""
        batch: list[int] = []
        for i in sorted(places, key=lambda i: -len(ids[i])):
            if batch and (len(batch) + 1) * len(ids[batch[0]]) > self._batch_tokens:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _lower_output(self, prepared: Prepared, places: Sequence[int]) -> Any:
        if prepared.hidden is None:
            return self._lower(prepared, places)
        new = [i for i in places if not prepared.known[i]]
        if new:
            with self._torch.no_grad():
                rows = self._lower(prepared, new)
            for row, i in zip(rows, new, strict=True):
                start, n = int(prepared.starts[i]), len(prepared.ids[i])
                prepared.hidden[start : start + n] = row[:n].to("cpu", prepared.hidden.dtype)
            prepared.known[new] = True
        spans = [
            prepared.hidden[int(prepared.starts[i]) : int(prepared.starts[i]) + len(prepared.ids[i])]
            for i in places
        ]
        padded = self._torch.nn.utils.rnn.pad_sequence(spans, batch_first=True)
        return padded.to(self._device).float()

    def _lower(self, prepared: Prepared, places: Sequence[int]) -> Any:
        torch = self._torch
        ids = [torch.from_numpy(prepared.ids[i]) for i in places]
        lengths = torch.tensor([len(own) for own in ids], device=self._device)
        padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=self._model.pad_id)
        with self._compute(), torch.set_grad_enabled(self.n_frozen is None and torch.is_grad_enabled()):
            hidden = self._model.bert.embeddings(padded.to(self._device))
            return self._run(self._lower_layers, hidden, lengths)

    def _run(self, layers: Sequence[Any], hidden: Any, lengths: Any) -> Any:
        mask = None
        if int(lengths.min()) < hidden.shape[1]:
            mask = self._inside(hidden, lengths)[:, None, None, :]
            if self._adds_mask:
                # bfloat16 keeps the sum narrow; next to so large a number the scores do not count
                mask = self._torch.zeros(
                    mask.shape, dtype=self._torch.bfloat16, device=self._device
                ).masked_fill_(~mask, -1e9)
        for layer in layers:
            output = layer(hidden, mask)
            # a tuple in older releases of transformers
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden

    def _inside(self, hidden: Any, lengths: Any) -> Any:
        return self._torch.arange(hidden.shape[1], device=self._device) < lengths[:, None]

    def _pooled(self, hidden: Any, lengths: Any) -> Any:
        if self._model.pooling == "cls":
            return hidden[:, 0]
        inside = self._inside(hidden, lengths)[:, :, None]
        return (hidden * inside).sum(dim=1) / lengths[:, None]
