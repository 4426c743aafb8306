"""The encoder: texts in, vectors out, on CTranslate2."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modacast.encoder.models import converted_model
from modacast.encoder.pieces import CompactUnigram
from modacast.encoder.recipe import KINDS, PRECISIONS, RECIPE_FILE, Precision, Recipe, known_pooling
from modacast.encoder.states import Token, TokenStates
from modacast.encoder.tokenizer import load_tokenizer, placed_sound, sound
from modacast.encoder.weights import files_digest
from modacast.errors import InvalidInput, StorageError
from modacast.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Encoder", "usable_cores"]

# activations of this many tokens stay in a core's cache; twice as many halved the throughput
_BATCH_TOKENS = 512
_TEXTS_AT_ONCE = 4096

Progress = Callable[[int, int], None]


class Encoder:
    """Turns texts into vectors with a BERT; see `modacast.types.Encoder`.

    Safe to share between threads. One instance holds one copy of the weights, whatever its `threads`.

    Args:
        folder: a converted model, as `from_pretrained` finds or makes it.
        pooling: `"mean"` or `"cls"`; the model's own where None.
        prefixes: what goes before a `"query"` and a `"document"`; the model's own where None.
        device: `"cpu"`, `"cuda"` or `"auto"`.
        threads: batches that are computed at a time; the cores that this process may use where None.

    Attributes:
        model_id: name and digest of everything that decides what the vectors are.
        dim: width of the vectors.
        recipe: pooling, prefixes and the rest.

    Raises:
        InvalidInput: the folder holds no converted model, or a broken one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pooling: str | None = None,
        prefixes: Mapping[str, str] | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise InvalidInput(f"threads must be at least 1; got {threads}")
        self._threads = threads or usable_cores()
        self._folder = folder
        # the recipe knows how large the weights must be, so it is read before they are
        recipe = Recipe.read(folder) if (folder / RECIPE_FILE).is_file() else None
        self._model = _open(folder, device, self._threads)
        self._compact = CompactUnigram.open(folder)
        self._library_tokenizer: Tokenizer | None = None
        self.recipe = (recipe or self._foreign_recipe()).changed(pooling, prefixes)
        self.model_id = self.recipe.model_id
        self.dim = self.recipe.dim
        if self._compact is None:
            self._library_tokenizer = self._cutting_tokenizer()

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = "bundled",
        *,
        pooling: str | None = None,
        prefixes: Mapping[str, str] | None = None,
        device: str = "cpu",
        threads: int | None = None,
        cache_dir: str | Path | None = None,
        precision: Precision = "int8",
        allow_download: bool = False,
    ) -> Encoder:
        """Open a model, converting it on the first call.

        Args:
            name: `"bundled"`; a path of a Hugging Face BERT folder (config.json, model.safetensors,
                tokenizer.json or vocab.txt), of a sentence-transformers folder, of a folder that
                `save_pretrained` or CTranslate2 wrote; or a name on the Hugging Face hub, such as
                `"bert-base-chinese"`.
            pooling: `"mean"` or `"cls"`; the model's own, or mean, where None.
            prefixes: for example `{"query": "query: ", "document": "passage: "}` for the e5 family; the
                model's own where None.
            device: `"cpu"`, `"cuda"` or `"auto"`.
            threads: batches that are computed at a time; the cores that this process may use where None.
            cache_dir: where conversions are kept; the user's cache folder where None.
            precision: of the stored weights, `"int8"` (a quarter of the size, faster) or `"float32"`.
            allow_download: whether a model that is not on this machine may be fetched. Nothing touches the
                network otherwise.

        Raises:
            NotFound: there is no such model on this machine, and downloading was not allowed or failed.
            InvalidInput: what is there is no model, or a broken one.
            MissingExtra: the weights are a PyTorch checkpoint and torch is not installed.
            StorageError: the conversion cannot be written.
        """
        if precision not in PRECISIONS:
            raise InvalidInput(f"precision must be one of {', '.join(PRECISIONS)}; got {precision!r}")
        folder = converted_model(
            name,
            cache_dir=None if cache_dir is None else Path(cache_dir).expanduser(),
            precision=precision,
            allow_download=allow_download,
        )
        return cls(folder, pooling=pooling, prefixes=prefixes, device=device, threads=threads)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Copy the converted model, with this encoder's pooling and prefixes, to a new folder.

        Raises:
            StorageError: the folder exists or cannot be written.
        """
        target = Path(folder)
        try:
            shutil.copytree(self._folder, target)
            self.recipe.write(target)
        except OSError as error:
            raise StorageError(f"the model cannot be saved to {target}: {error}") from error
        return target

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer, cutting at the model's length; shared, so leave its settings alone.

        The bundled one takes about 280 MB, so it is opened on the first call; encoding does without it.
        """
        if self._library_tokenizer is None:
            self._library_tokenizer = self._cutting_tokenizer()
        return self._library_tokenizer

    def _cutting_tokenizer(self) -> Tokenizer:
        tokenizer = load_tokenizer(self._folder / "tokenizer.json")
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.recipe.max_tokens)
        return tokenizer

    def encode_query(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that ask."""
        return self.encode(texts, kind="query")

    def encode_document(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that are searched."""
        return self.encode(texts, kind="document")

    def encode(
        self,
        texts: Sequence[str],
        *,
        kind: str | None = None,
        pooling: str | None = None,
        normalize: bool = True,
        batch_tokens: int = _BATCH_TOKENS,
        progress: Progress | None = None,
    ) -> Floats:
        """Get one vector a text.

        Equal texts are computed once. Texts longer than the model reads are cut.

        Args:
            texts: any strings, empty ones among them.
            kind: `"query"` or `"document"` puts the model's prefix before each text; None puts nothing.
            pooling: `"mean"` or `"cls"`; the encoder's own where None.
            normalize: whether to scale the vectors to length 1.
            batch_tokens: tokens that are computed together, padding included.
            progress: called with the number of distinct texts done, and of all.

        Returns:
            `(n, dim)` float32.

        Raises:
            InvalidInput: not a sequence of strings, or an unknown kind or pooling.
        """
        if kind is not None and kind not in KINDS:
            raise InvalidInput(f"kind must be one of {', '.join(KINDS)}, or None; got {kind!r}")
        if batch_tokens < 1:
            raise InvalidInput(f"batch_tokens must be at least 1; got {batch_tokens}")
        prefix = self.recipe.prefixes.get(kind, "") if kind else ""
        first = (self.recipe.pooling if pooling is None else known_pooling(pooling)) == "cls"
        _check_texts(texts)
        places = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        vectors = np.empty((len(places), self.dim), np.float32)
        for done in self._fill(vectors, list(places), prefix, first, batch_tokens):
            if progress:
                progress(done, len(places))
        if normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(lengths == 0, 1, lengths)
        if len(places) == len(texts):
            return vectors
        return vectors[np.fromiter((places[text] for text in texts), np.intp, len(texts))]

    def states(
        self, texts: Sequence[str], *, kind: str | None = None, batch_tokens: int = _BATCH_TOKENS
    ) -> list[TokenStates]:
        """Get the model's state of each token, with the token's place in its text.

        Texts longer than the model reads are cut: what is beyond has no tokens. A token of 384 dimensions takes
        about 800 bytes, a text of 100 characters some 50 kB, so pass large collections in portions.

        Args:
            texts: any strings, empty ones among them.
            kind: `"query"` or `"document"` puts the model's prefix before each text; its tokens are left out.
            batch_tokens: tokens that are computed together, padding included.

        Returns:
            One `TokenStates` a text: `(n, dim)` float16 states and the characters that each token covers.

        Raises:
            InvalidInput: not a sequence of strings, or an unknown kind.
        """
        if kind is not None and kind not in KINDS:
            raise InvalidInput(f"kind must be one of {', '.join(KINDS)}, or None; got {kind!r}")
        _check_texts(texts)
        prefix = self.recipe.prefixes.get(kind, "") if kind else ""
        tokens = [self._tokens(prefix + text) for text in texts]
        ids = [[token.id for token in row] for row in tokens]
        found: dict[int, TokenStates] = {}
        with ThreadPoolExecutor(self._threads) as pool:
            batches = list(_batches(ids, batch_tokens))
            for batch, hidden in zip(
                batches, pool.map(lambda b: self._hidden([ids[j] for j in b]), batches), strict=True
            ):
                for j, rows in zip(batch, hidden, strict=True):
                    found[j] = _placed(rows, tokens[j], len(prefix))
        return [found[j] for j in range(len(texts))]

    def _tokens(self, text: str) -> list[Token]:
        limit = self.recipe.max_tokens
        text = placed_sound(text, limit)
        if self._compact is not None:
            return self._compact.tokens(text, limit)
        encoding = self.tokenizer.encode(text)
        return [Token(number, *place) for number, place in zip(encoding.ids, encoding.offsets, strict=True)]

    def _hidden(self, ids: list[list[int]]) -> Floats:
        return np.asarray(_host(self._model.forward_batch(ids).last_hidden_state))

    def _fill(
        self, vectors: Floats, texts: list[str], prefix: str, first: bool, batch_tokens: int
    ) -> Iterator[int]:
        """Compute the vectors in place, longest texts first, and yield how many are done."""
        if not texts:
            return
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        done = 0
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(order), _TEXTS_AT_ONCE):
                window = order[start : start + _TEXTS_AT_ONCE]
                ids = self._ids([prefix + texts[i] for i in window])
                batches = list(_batches(ids, batch_tokens))
                pooled = pool.map(lambda batch: self._forward([ids[j] for j in batch], first), batches)  # noqa: B023
                for batch, rows in zip(batches, pooled, strict=True):
                    vectors[[window[j] for j in batch]] = rows
                    done += len(batch)
                    yield done

    def _ids(self, texts: list[str]) -> list[list[int]]:
        clean = [sound(text, self.recipe.max_tokens) for text in texts]
        if self._compact is not None:
            return [self._compact.ids(text, self.recipe.max_tokens) for text in clean]
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(clean)]

    def _forward(self, ids: list[list[int]], first: bool) -> Floats:
        hidden = self._hidden(ids)
        if first:
            return hidden[:, 0].astype(np.float32)
        return np.stack([row[: len(i)].mean(axis=0) for row, i in zip(hidden, ids, strict=True)])

    def _foreign_recipe(self) -> Recipe:
        """Make a recipe for a folder that CTranslate2's own converter wrote."""
        width = _host(self._model.forward_batch([[0]]).last_hidden_state).shape[-1]
        truncation = load_tokenizer(self._folder / "tokenizer.json").truncation or {}
        return Recipe(
            name=self._folder.resolve().name,
            dim=int(width),
            max_tokens=int(truncation.get("max_length", 512)),
            digest=files_digest([self._folder / "model.bin", self._folder / "tokenizer.json"]),
            model_bytes=(self._folder / "model.bin").stat().st_size,
        )


def _open(folder: Path, device: str, threads: int) -> Any:
    import ctranslate2

    try:
        # one thread a batch and a batch a core: twice as fast, for short texts, as sharing each batch
        return ctranslate2.Encoder(str(folder), device=device, inter_threads=threads, intra_threads=1)
    except (RuntimeError, ValueError) as error:
        raise InvalidInput(f"{folder}: CTranslate2 cannot open this model on {device!r} ({error})") from error


def _host(view: Any) -> Any:
    return view if view.device == "cpu" else view.to_device(_cpu())


def _cpu() -> Any:
    import ctranslate2

    return ctranslate2.Device.cpu


def _placed(rows: Floats, tokens: list[Token], shift: int) -> TokenStates:
    """Get the states of a text from those of its prefix and padding too."""
    first = np.array([token.start - shift for token in tokens], np.int64)
    last = np.array([token.end - shift for token in tokens], np.int64)
    first = np.maximum(first, 0)
    return TokenStates.of(rows[: len(tokens)], first, last)


def _check_texts(texts: object) -> None:
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise InvalidInput(f"texts must be a list of strings; got {type(texts).__name__}")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidInput(f"texts must be a list of strings; number {i} is {type(text).__name__}")


def _batches(ids: list[list[int]], batch_tokens: int) -> Iterable[list[int]]:
    """Group places by length, longest first, so that little is padded."""
    batch: list[int] = []
    for j in sorted(range(len(ids)), key=lambda j: -len(ids[j])):
        if batch and (len(batch) + 1) * len(ids[batch[0]]) > batch_tokens:
            yield batch
            batch = []
        batch.append(j)
    if batch:
        yield batch


def usable_cores() -> int:
    """Get how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
