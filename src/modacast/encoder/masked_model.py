"""A BERT that guesses masked pieces: its loss, its optimiser, and what it scores on texts that it never saw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from modacast.encoder.masking import Masked, TokenizedTexts, masked, masked_one_by_one
from modacast.encoder.torch_model import BertModel, with_masked_head
from modacast.encoder.training import Computing
from modacast.errors import InvalidInput

__all__ = ["MaskedModel", "MaskedScore"]

_HEAD_PACE = 10.0
_WEIGHT_DECAY = 0.01


@dataclass(frozen=True, slots=True)
class MaskedScore:
    """How well masked pieces of held-out texts are guessed; the masks are the same each time.

    Attributes:
        accuracy: share of the masked pieces whose likeliest guess is right.
        loss: mean negative log-likelihood of a masked piece, in nats.
        pseudo_perplexity: see `pretrain.pretrain`; None where it was not computed.
    """

    accuracy: float
    loss: float
    pseudo_perplexity: float | None = None


class MaskedModel:
    """A BERT with a masked-language-model head and its optimiser.

    Args:
        torch: the module.
        model: as `load_bert` gives it.
        texts: tell how frequent each piece is, which a new head begins with.
        accelerator: of the package accelerate; brings network and optimiser to the devices.
        compute: what to compute in.
        learning_rate: at its highest; a head that begins anew learns ten times as fast.

    Attributes:
        model: with its head.
        optimizer: of all weights.

    Raises:
        InvalidInput: the tokenizer has no mask token.
    """

    def __init__(
        self,
        torch: Any,
        model: BertModel,
        texts: TokenizedTexts,
        *,
        accelerator: Any,
        compute: Computing,
        learning_rate: float,
    ) -> None:
        self._torch, self._accelerator, self._compute = torch, accelerator, compute
        self._mask_id = _mask_id(model)
        counts = np.bincount(np.concatenate(texts.ids), minlength=model.bert.config.vocab_size)
        self.model = with_masked_head(model, counts)
        network = self.model.network.to(accelerator.device)
        head_rate = learning_rate if model.head else learning_rate * _HEAD_PACE
        optimizer = torch.optim.AdamW(_groups(network, learning_rate, head_rate), weight_decay=_WEIGHT_DECAY)
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self._guessing, self.optimizer = accelerator.prepare(_guessing(torch, network), optimizer)

    def mask(self, texts: TokenizedTexts, rng: np.random.Generator, share: float) -> Masked:
        """Get a batch with whole words masked."""
        return masked(
            texts,
            rng,
            share=share,
            mask_id=self._mask_id,
            pad_id=self.model.pad_id,
            n_ids=self.model.tokenizer.get_vocab_size(with_added_tokens=True),
        )

    def learn(self, batches: list[Masked], *, rate_share: float) -> float:
        """Update the weights once from some batches, and get their mean loss."""
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * rate_share
        self._guessing.train()
        total = 0.0
        for batch in batches:
            loss = self._losses(batch)[0].mean() / len(batches)
            self._accelerator.backward(loss)
            total += float(loss.detach())
        self._accelerator.clip_grad_norm_(self._guessing.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def score(
        self, texts: TokenizedTexts, *, share: float, batch_size: int, seed: int, n_pseudo: int = 0
    ) -> MaskedScore:
        """Measure on texts; the pseudo-perplexity on the first `n_pseudo` of them."""
        self._guessing.eval()
        rng = np.random.default_rng([seed, 2])
        starts = range(0, len(texts), batch_size)
        parts = [texts.pick(range(i, min(i + batch_size, len(texts)))) for i in starts]
        with self._torch.no_grad():
            read = [self._losses(self.mask(part, rng, share)) for part in parts]
            losses = self._torch.cat([loss for loss, _ in read])
            right = self._torch.cat([hit for _, hit in read])
            pseudo = (
                self._pseudo_perplexity(texts.pick(range(min(n_pseudo, len(texts))))) if n_pseudo else None
            )
        return MaskedScore(float(right.float().mean()), float(losses.mean()), pseudo)

    def _pseudo_perplexity(self, texts: TokenizedTexts) -> float:
        total, n_pieces = 0.0, 0
        for ids, words in zip(texts.ids, texts.words, strict=True):
            one = masked_one_by_one(ids, words, mask_id=self._mask_id, pad_id=self.model.pad_id)
            total += float(self._losses(one)[0].sum())
            n_pieces += len(one.labels)
        return math.exp(total / n_pieces)

    def _losses(self, batch: Masked) -> Any:
        """Get negative log-likelihood, and whether the likeliest guess is right, of each masked piece."""
        fields = (batch.ids, batch.attended, batch.rows, batch.columns, batch.labels)
        tensors = [self._torch.from_numpy(field).to(self._accelerator.device) for field in fields]
        with self._compute():
            return self._guessing(*tensors)


def _guessing(torch: Any, network: Any) -> Any:
    """Wrap a `BertForMaskedLM` so that only masked places are turned into guesses, which are what costs."""

    class Guessing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, ids: Any, attended: Any, rows: Any, columns: Any, labels: Any) -> Any:
            hidden = network.bert(ids, attention_mask=attended.long()).last_hidden_state
            logits = network.cls(hidden[rows, columns]).float()
            losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
            return losses, logits.argmax(dim=1) == labels

    return Guessing()


def _groups(network: Any, body_rate: float, head_rate: float) -> list[dict[str, Any]]:
    body = [p for name, p in network.named_parameters() if not name.startswith("cls.")]
    head = [p for name, p in network.named_parameters() if name.startswith("cls.")]
    return [{"params": body, "lr": body_rate}, {"params": head, "lr": head_rate}]


def _mask_id(model: BertModel) -> int:
    for token in ("<mask>", "[MASK]"):
        found = model.tokenizer.token_to_id(token)
        if found is not None:
            return int(found)
    raise InvalidInput(f"{model.name}: its tokenizer has no mask token, so it cannot be pre-trained")
