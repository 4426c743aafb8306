from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import erf

from modacast.encoder.weights import BertConfig, bert_shapes

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"的红黑白色裙子马面新中式长短连衣风多巴胺",
    "dress",
    "red",
    "##s",
    "a",
    "b",
]


@dataclass(frozen=True)
class TinyBert:
    """A Hugging Face BERT folder, and the same model computed by numpy."""

    folder: Path
    config: BertConfig
    tensors: dict[str, np.ndarray]

    def ids(self, words: list[str], cut: int = 510) -> list[int]:
        return [2, *[WORDS.index(w) if w in WORDS else 1 for w in words][:cut], 3]

    def hidden(self, ids: list[int]) -> np.ndarray:
        """`(len(ids), hidden)`: a plain forward pass, one sequence at a time, so without padding."""
        t, c = self.tensors, self.config

        def norm(x, name):
            x = x - x.mean(-1, keepdims=True)
            x = x / np.sqrt((x * x).mean(-1, keepdims=True) + c.layer_norm_eps)
            return x * t[f"{name}.weight"] + t[f"{name}.bias"]

        def linear(x, name):
            return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]

        positions = np.arange(len(ids)) + c.position_offset
        x = (
            t["embeddings.word_embeddings.weight"][ids]
            + t["embeddings.position_embeddings.weight"][positions]
        )
        x = norm(x + t["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        head = c.hidden_size // c.n_heads
        for i in range(c.n_layers):
            layer = f"encoder.layer.{i}"
            query, key, value = (
                linear(x, f"{layer}.attention.self.{n}").reshape(len(ids), c.n_heads, head).swapaxes(0, 1)
                for n in ("query", "key", "value")
            )
            scores = query @ key.swapaxes(1, 2) / np.sqrt(head)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (scores / scores.sum(-1, keepdims=True)) @ value
            mixed = mixed.swapaxes(0, 1).reshape(len(ids), -1)
            x = norm(
                x + linear(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm"
            )
            inner = linear(x, f"{layer}.intermediate.dense")
            inner = 0.5 * inner * (1 + erf(inner / np.sqrt(2)))
            x = norm(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return x

    def vector(self, words: list[str], pooling: str = "mean") -> np.ndarray:
        hidden = self.hidden(self.ids(words))
        pooled = hidden[0] if pooling == "cls" else hidden.mean(0)
        return pooled / np.linalg.norm(pooled)


def make_tiny_bert(
    folder: Path, *, prefix: str = "", dtype: str = "float32", model_type: str = "bert", seed: int = 0
) -> TinyBert:
    from safetensors.numpy import save_file

    rng = np.random.default_rng(seed)
    offset = 0 if model_type == "bert" else 2
    config = BertConfig(len(WORDS), 32, 2, 4, 64, 512 + offset, 2, position_offset=offset)
    tensors = {name: rng.normal(0, 0.3, shape).astype(dtype) for name, shape in bert_shapes(config).items()}
    for name in tensors:
        if name.endswith("LayerNorm.weight"):
            tensors[name] += np.asarray(1, dtype)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({prefix + name: value for name, value in tensors.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "model_type": model_type,
                "vocab_size": config.vocab_size,
                "hidden_size": config.hidden_size,
                "num_hidden_layers": config.n_layers,
                "num_attention_heads": config.n_heads,
                "intermediate_size": config.ffn_size,
                "max_position_embeddings": config.n_positions,
                "type_vocab_size": config.n_types,
                "pad_token_id": 1 if offset else 0,
            }
        )
    )
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return TinyBert(folder, config, {name: value.astype(np.float32) for name, value in tensors.items()})
