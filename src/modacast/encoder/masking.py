"""Masked pieces for language-model training: whole words, drawn anew each time from a seed.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers", with the whole-word masks of
Cui et al. 2021, "Pre-Training with Whole Word Masking for Chinese BERT".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.tokenizer import sound

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "Masked",
    "Segmenter",
    "TokenizedTexts",
    "batches_in_order",
    "masked",
    "masked_one_by_one",
    "tokenized",
]

Ints = npt.NDArray[np.int64]
Segmenter = Callable[[str], Sequence[str]]

_TEXTS_AT_ONCE = 1024
_AS_MASK, _AS_ANY = 0.8, 0.1


@dataclass(frozen=True, slots=True)
class TokenizedTexts:
    """Texts as ids, with the word that each belongs to.

    Attributes:
        ids: one array a text, special tokens included.
        words: one array a text: number of the word within the text; -1 for special tokens.
    """

    ids: list[Ints]
    words: list[Ints]

    def __len__(self) -> int:
        return len(self.ids)

    def pick(self, places: Sequence[int] | Ints) -> TokenizedTexts:
        """Get some of the texts."""
        return TokenizedTexts([self.ids[i] for i in places], [self.words[i] for i in places])


@dataclass(frozen=True, slots=True)
class Masked:
    """One batch.

    Attributes:
        ids: `(n, t)`, filled up with the padding id.
        attended: `(n, t)` bool, False where filled up.
        rows: `(m,)` text of each piece to guess.
        columns: `(m,)` place of each piece to guess.
        labels: `(m,)` what stood there.
    """

    ids: Ints
    attended: npt.NDArray[np.bool_]
    rows: Ints
    columns: Ints
    labels: Ints


def tokenized(
    tokenizer: Tokenizer, texts: Sequence[str], *, max_tokens: int, segment: Segmenter | None = None
) -> TokenizedTexts:
    """Get ids and words of texts.

    Args:
        tokenizer: neither cuts nor fills up.
        texts: longer ones are cut.
        max_tokens: length of the longest, special tokens included.
        segment: splits a text into words, in order (Chinese writes no spaces between them). Where None, the
            tokenizer's own words count, and each piece of a script without spaces is a word.
    """
    ids: list[Ints] = []
    words: list[Ints] = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        batch = [sound(text, max_tokens) for text in texts[start : start + _TEXTS_AT_ONCE]]
        for text, encoding in zip(batch, tokenizer.encode_batch(batch), strict=True):
            groups = _segmented(encoding, text, segment) if segment else _own_words(encoding, text)
            ids.append(_cut(np.asarray(encoding.ids, np.int64), max_tokens))
            words.append(_cut(groups, max_tokens))
    return TokenizedTexts(ids, words)


def _cut(values: Ints, length: int) -> Ints:
    return values if len(values) <= length else np.concatenate([values[: length - 1], values[-1:]])


def _segmented(encoding: Any, text: str, segment: Segmenter) -> Ints:
    ends: list[int] = []
    at = 0
    for word in segment(text):
        found = text.find(word, at)
        at = (found if found >= 0 else at) + len(word)
        ends.append(at)
    # a piece belongs to the word in which its first letter lies
    starts = np.asarray([_first_letter(text, *span) for span in encoding.offsets], np.int64)
    groups = np.searchsorted(np.asarray(ends, np.int64), starts, side="right").astype(np.int64)
    groups[np.asarray(encoding.special_tokens_mask, bool)] = -1
    return groups


def _first_letter(text: str, start: int, end: int) -> int:
    while start < end - 1 and text[start].isspace():
        start += 1
    return start


def _own_words(encoding: Any, text: str) -> Ints:
    groups = np.full(len(encoding.ids), -1, np.int64)
    number, before, joined = -1, None, False
    for i, (word, span) in enumerate(zip(encoding.word_ids, encoding.offsets, strict=True)):
        if word is None or encoding.special_tokens_mask[i]:
            continue
        spaced = all(_has_spaced_script(c) for c in text[span[0] : span[1]])
        if not (joined and spaced and word == before):
            number += 1
        groups[i], before, joined = number, word, spaced
    return groups


def _has_spaced_script(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character.isspace()
    name = unicodedata.name(character, "")
    return character.isalpha() and not name.startswith(
        ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER")
    )


def masked(
    texts: TokenizedTexts,
    rng: np.random.Generator,
    *,
    share: float,
    mask_id: int,
    pad_id: int,
    n_ids: int,
) -> Masked:
    """Mask whole words until `share` of each text's pieces, and at least one word, is to be guessed.

    Of the chosen pieces 80 % are masked, 10 % become any piece, and 10 % stay as they are.
    """
    ids, attended = _filled(texts.ids, pad_id)
    chosen = np.zeros(ids.shape, bool)
    for i, words in enumerate(texts.words):
        numbers = np.unique(words[words >= 0])
        rng.shuffle(numbers)
        wanted = max(1, round(share * int((words >= 0).sum())))
        for number in numbers:
            chosen[i, : len(words)] |= words == number
            if chosen[i].sum() >= wanted:
                break
    rows, columns = np.nonzero(chosen)
    labels = ids[rows, columns].copy()
    draw = rng.random(len(rows))
    anything = rng.integers(0, n_ids, len(rows))
    shown = np.where(draw < _AS_MASK, mask_id, np.where(draw < _AS_MASK + _AS_ANY, anything, labels))
    ids[rows, columns] = shown
    return Masked(ids, attended, rows, columns, labels)


def masked_one_by_one(ids: Ints, words: Ints, *, mask_id: int, pad_id: int) -> Masked:
    """Get a text as often as it has pieces, another one masked each time."""
    places = np.flatnonzero(words >= 0)
    copies, attended = _filled([ids] * len(places), pad_id)
    rows = np.arange(len(places))
    labels = ids[places]
    copies[rows, places] = mask_id
    return Masked(copies, attended, rows, places, labels)


def _filled(texts: Sequence[Ints], pad_id: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    lengths = np.asarray([len(text) for text in texts])
    attended = np.arange(lengths.max(initial=1)) < lengths[:, None]
    ids = np.full(attended.shape, pad_id, np.int64)
    ids[attended] = np.concatenate(texts) if len(texts) else []
    return ids, attended


def batches_in_order(n_texts: int, batch_size: int, seed: int) -> Iterator[Ints]:
    """Yield the places of one batch after another, for ever: a new order each time through."""
    for epoch in range(1 << 30):
        order = np.random.default_rng([seed, epoch]).permutation(n_texts)
        for start in range(0, n_texts, batch_size):
            yield order[start : start + batch_size]
