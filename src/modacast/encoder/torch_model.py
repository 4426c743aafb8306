"""From stored weights to a transformers BERT that can be trained, and back to a folder that others load."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.models import find_model, local_path
from modacast.encoder.recipe import Pooling
from modacast.encoder.vocabulary import PRUNING_FILE, Pruning, prune
from modacast.encoder.weights import WORD_EMBEDDINGS, BertConfig, Weights, bert_shapes
from modacast.errors import InvalidInput, MissingExtra, ModacastError, StorageError
from modacast.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["BertModel", "load_bert", "memory_guard", "require_torch", "save_bert", "with_masked_head"]

_ROWS_AT_ONCE = 16_384
_POSITIONS = "embeddings.position_embeddings.weight"


@dataclass(frozen=True, slots=True)
class BertModel:
    """A BERT in torch with all that belongs to it.

    Attributes:
        name: of the model that it came from.
        network: transformers' `BertModel`, or `BertForMaskedLM` after `with_masked_head`.
        tokenizer: neither cuts nor fills up.
        max_tokens: longest text, special tokens included.
        pooling: of the vectors.
        prefixes: what is put before a `"query"` and before a `"document"`.
        pruning: how its vocabulary was pruned on loading; None where it was not.
        head: stored tensors of a masked-language-model head, by their names; empty where there is none.
    """

    name: str
    network: Any
    tokenizer: Tokenizer
    max_tokens: int
    pooling: Pooling
    prefixes: Mapping[str, str]
    pruning: Pruning | None
    head: Mapping[str, Floats]

    @property
    def bert(self) -> Any:
        """The encoder itself, without a head."""
        return getattr(self.network, "bert", self.network)

    @property
    def pad_id(self) -> int:
        """What texts are filled up with."""
        return int(self.bert.config.pad_token_id)


def require_torch(need: str) -> Any:
    """Get torch, when all that training needs is there.

    Raises:
        MissingExtra: torch, transformers or accelerate is not installed.
    """
    try:
        torch, *_ = [import_module(name) for name in ("torch", "transformers", "accelerate")]
    except ImportError as error:
        raise MissingExtra("train", need) from error
    return torch


@contextmanager
def memory_guard(torch: Any, advice: str) -> Iterator[None]:
    """Turn torch's ways of running out of memory into an error that says what to do."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModacastError(f"the GPU's memory is full; {advice}, or choose device='cpu'") from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise ModacastError(f"the memory is full; {advice}") from error


def load_bert(
    name: str | Path = "bundled",
    *,
    texts: Iterable[str] | None = None,
    n_base: int = 16_000,
    layers: Sequence[int] | None = None,
    allow_download: bool = False,
) -> BertModel:
    """Open a model for training.

    Args:
        name: `"bundled"`, a folder, or a name on the Hugging Face hub; see `Encoder.from_pretrained`.
        texts: prune the vocabulary to these; see `vocabulary.prune`. None leaves it whole.
        n_base: length of the base list that pruning keeps.
        layers: which Transformer layers to keep, in order; all where None.
        allow_download: whether a model that is not on this machine may be fetched.

    Raises:
        MissingExtra: torch or transformers is not installed.
        NotFound: there is no such model.
        InvalidInput: what is there is no model, a broken one, or one converted for serving.
    """
    require_torch("training")
    path = local_path(name, allow_download)
    if path is not None and (path / "model.bin").is_file():
        raise InvalidInput(f"{path}: converted for serving; train from the folder that it was made from")
    found = find_model(name, path, "float32")
    weights, tokenizer = found.weights(), found.tokenizer()
    _check_fit(tokenizer, weights, found.recipe.name)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pruning, rows = None, None
    if texts is not None:
        prefixes = tuple({"": None} | dict.fromkeys(found.recipe.prefixes.values()))
        pruning = prune(tokenizer, texts, prefixes=prefixes, n_base=n_base)
        tokenizer, rows = pruning.tokenizer, pruning.original_ids
        pruning = _traced_back(pruning, path)
    return BertModel(
        name=found.recipe.name,
        network=_network(weights, tokenizer, rows, _chosen_layers(weights.config, layers)),
        tokenizer=tokenizer,
        max_tokens=found.recipe.max_tokens,
        pooling=found.recipe.pooling,
        prefixes=found.recipe.prefixes,
        pruning=pruning,
        head=_stored_head(path, rows),
    )


def _check_fit(tokenizer: Tokenizer, weights: Weights, name: str) -> None:
    n_ids, n_rows = tokenizer.get_vocab_size(with_added_tokens=True), weights.config.vocab_size
    if n_ids > n_rows:
        raise InvalidInput(
            f"{name}: the tokenizer has {n_ids} ids but the model only {n_rows} embeddings; "
            "they do not belong together"
        )


def _traced_back(pruning: Pruning, path: Path | None) -> Pruning:
    """Let the ids lead to the first vocabulary, where the model was pruned before."""
    if path is None or not (path / PRUNING_FILE).is_file():
        return pruning
    return replace(pruning, original_ids=Pruning.read_ids(path)[pruning.original_ids])


def _network(
    weights: Weights, tokenizer: Tokenizer, rows: npt.NDArray[np.int64] | None, layers: Sequence[int]
) -> Any:
    import torch
    from transformers import BertModel as Network

    n_rows = weights.config.vocab_size if rows is None else len(rows)
    config = replace(weights.config, vocab_size=n_rows, n_layers=len(layers))
    network = Network(_hugging_face(config, tokenizer), add_pooling_layer=False)
    names = bert_shapes(config)
    state = {name: torch.from_numpy(_tensor(weights, name, rows, layers)) for name in names}
    network.load_state_dict(state, strict=False)
    return network


def _chosen_layers(config: BertConfig, layers: Sequence[int] | None) -> list[int]:
    chosen = list(range(config.n_layers)) if layers is None else list(layers)
    if not chosen or not all(0 <= i < config.n_layers for i in chosen):
        raise InvalidInput(f"layers must name some of 0 to {config.n_layers - 1}; got {chosen}")
    return chosen


def _tensor(weights: Weights, name: str, rows: npt.NDArray[np.int64] | None, layers: Sequence[int]) -> Floats:
    if name == WORD_EMBEDDINGS and rows is not None:
        return _picked(weights, rows)
    if name == _POSITIONS:
        return weights.tensor(name)[weights.config.position_offset :]
    if name.startswith("encoder.layer."):
        _, _, number, part = name.split(".", 3)
        name = f"encoder.layer.{layers[int(number)]}.{part}"
    return weights.tensor(name)


def _picked(weights: Weights, rows: npt.NDArray[np.int64]) -> Floats:
    """Get some rows of the word embeddings, never holding all of them."""
    picked = np.empty((len(rows), weights.config.hidden_size), np.float32)
    n_rows = weights.config.vocab_size
    for start in range(0, n_rows, _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, n_rows)
        here = (rows >= start) & (rows < stop)
        if here.any():
            picked[here] = weights.tensor(WORD_EMBEDDINGS, start, stop)[rows[here] - start]
    return picked


def _hugging_face(config: BertConfig, tokenizer: Tokenizer) -> Any:
    import torch
    from transformers import BertConfig as Configuration

    return Configuration(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        intermediate_size=config.ffn_size,
        max_position_embeddings=config.max_tokens,
        type_vocab_size=config.n_types,
        layer_norm_eps=config.layer_norm_eps,
        hidden_act=config.activation,
        pad_token_id=_first_id(tokenizer, "<pad>", "[PAD]"),
        # torch's fused attention learns slowly on a processor: its backward pass took four tenths of a step
        attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
    )


def _first_id(tokenizer: Tokenizer, *tokens: str) -> int:
    return next((i for token in tokens if (i := tokenizer.token_to_id(token)) is not None), 0)


def _stored_head(path: Path | None, rows: npt.NDArray[np.int64] | None) -> dict[str, Floats]:
    checkpoint = None if path is None else path / "model.safetensors"
    if checkpoint is None or not checkpoint.is_file():
        return {}
    from safetensors import safe_open

    with safe_open(checkpoint, framework="numpy") as file:
        names = [name for name in file.keys() if name.startswith("cls.predictions.")]  # noqa: SIM118
        head = {name: file.get_tensor(name).astype(np.float32) for name in names}
    bias = head.get("cls.predictions.bias")
    if bias is not None and rows is not None:
        head["cls.predictions.bias"] = bias[rows]
    return head


def with_masked_head(model: BertModel, counts: npt.NDArray[np.int64]) -> BertModel:
    """Get the model as a `BertForMaskedLM` with tied embeddings.

    A head that was stored with the weights is taken up. Otherwise it begins as a guesser of frequencies: its
    bias is the logarithm of each piece's share, and its transform passes on what the encoder says, scaled so
    that logits spread by about 1 (weights trained for retrieval come without a head).

    Args:
        model: as `load_bert` gives it.
        counts: `(vocabulary,)` how often the training texts use each piece.
    """
    import torch
    from transformers import BertForMaskedLM

    network = BertForMaskedLM(model.bert.config)
    network.bert = model.bert
    network.tie_weights()
    head = network.cls.predictions
    with torch.no_grad():
        shares = (counts + 0.1) / (counts + 0.1).sum()
        width = head.transform.dense.weight.shape[0]
        head.transform.dense.weight.copy_(torch.eye(width) + 0.02 * torch.randn(width, width))
        head.transform.dense.bias.zero_()
        spread = model.bert.embeddings.word_embeddings.weight.norm(dim=1).mean()
        head.transform.LayerNorm.weight.fill_(float(1 / spread))
        head.bias.copy_(torch.from_numpy(np.log(shares).astype(np.float32)))
        for name, parameter in head.named_parameters():
            stored = model.head.get(f"cls.predictions.{name}")
            if stored is not None and stored.shape == tuple(parameter.shape) and name != "decoder.weight":
                parameter.copy_(torch.from_numpy(stored))
    return replace(model, network=network)


def save_bert(
    model: BertModel, folder: str | Path, card: str, files: Mapping[str, str] | None = None
) -> Path:
    """Write a folder that transformers, sentence-transformers and `Encoder.from_pretrained` open.

    Args:
        model: is written as it is now, its head too where it has one.
        folder: made by this call, wholly or not at all.
        card: text of the model card, `README.md`.
        files: further texts to write into the folder, by their names.

    Raises:
        StorageError: the folder exists already or cannot be written.
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise StorageError(f"{target} exists already; choose another folder, or remove it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            _write(model, aside)
            for name, text in {"README.md": card, **(files or {})}.items():
                (aside / name).write_text(text, encoding="utf-8")
            aside.chmod(0o755)
            os.replace(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise StorageError(f"the model cannot be written to {target}: {error}") from error
    return target


def _write(model: BertModel, folder: Path) -> None:
    from safetensors.torch import save_file
    from transformers import PreTrainedTokenizerFast

    # tied weights appear once among the parameters, and once is how they are stored
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.network.named_parameters()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model.network.config.architectures = [type(model.network).__name__]
    model.network.config.save_pretrained(folder)
    special = {
        kind: token
        for kind, names in {
            "bos_token": ("<s>",),
            "eos_token": ("</s>",),
            "cls_token": ("[CLS]", "<s>"),
            "sep_token": ("[SEP]", "</s>"),
            "pad_token": ("[PAD]", "<pad>"),
            "unk_token": ("[UNK]", "<unk>"),
            "mask_token": ("[MASK]", "<mask>"),
        }.items()
        for token in names
        if model.tokenizer.token_to_id(token) is not None
    }
    PreTrainedTokenizerFast(
        tokenizer_object=model.tokenizer, model_max_length=model.max_tokens, **special
    ).save_pretrained(folder)
    mean = model.pooling == "mean"
    prompts = {kind: model.prefixes[kind] for kind in ("query", "document") if kind in model.prefixes}
    modules = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    files: dict[str, Any] = {
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (kind, path) in enumerate(modules)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.bert.config.hidden_size,
            "pooling_mode_cls_token": not mean,
            "pooling_mode_mean_tokens": mean,
        },
        "sentence_bert_config.json": {"max_seq_length": model.max_tokens, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": prompts, "similarity_fn_name": "cosine"},
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / "2_Normalize").mkdir()
    if model.pruning is not None:
        model.pruning.write(folder)
