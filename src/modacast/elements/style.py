"""Which styles a text, a product, a shopper or a brand is of, and what says so.

A style's score is a sum of three parts that can each be shown: the style is named, elements speak for it (a
table that the project wrote), and the text means something close to a sentence that describes it (BERT). A
softmax turns the scores into weights. The three numbers that weigh the parts against each other were learned as a
conditional logit (McFadden 1974, "Conditional logit analysis of qualitative choice behavior") on texts that
the project wrote and labelled; `python -m benchmarks.style --fit` learns them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.elements.style_reading import StyleEvidence, StyleReading, StyleReason, StyleWeights
from modacast.elements.style_sheet import Style, load_styles
from modacast.elements.tagger import Tagger
from modacast.errors import InvalidInput
from modacast.types import Encoder, Floats

__all__ = [
    "StyleEvidence",
    "StyleReader",
    "StyleReading",
    "StyleReason",
    "StyleWeights",
    "pooled_styles",
    "softmax",
]

_HAN_READERS = frozenset({"zh", "ja", "ko"})
_OWN_SIDE = 0.7  # of the two descriptions, how much the one in the nearer language counts
_MOST_ELEMENTS = 1.5  # many small signs shall not outweigh what is written
_PARENT_SHARE = 0.5
_ENCODED_CHARS = 1_000
_PRIOR_TEXTS = 2.0


class StyleReader:
    """Reads the styles of texts.

    Args:
        tagger: finds styles and elements; of the project's own lexicon.
        encoder: gives the meaning; without one, names and elements alone decide.
        styles: the styles; None for those that come with modacast. Elements that the lexicon lacks are passed over.
        weights: of the parts; None for the learned ones.
    """

    def __init__(
        self,
        tagger: Tagger,
        encoder: Encoder | None = None,
        *,
        styles: Sequence[Style] | None = None,
        weights: StyleWeights | None = None,
    ) -> None:
        self.styles = tuple(load_styles() if styles is None else styles)
        self.style_ids = tuple(style.id for style in self.styles)
        self.weights = weights or StyleWeights.shipped(with_meaning=encoder is not None)
        self._tagger = tagger
        self._encoder = encoder
        own = {covered: i for i, style in enumerate(self.styles) for covered in (style.id, *style.covers)}
        self._column_of = {e.id: self._nearest(e.id, own) for e in tagger.lexicon if e.facet == "style"}
        self._speaks: dict[str, list[tuple[int, float]]] = {}
        for column, style in enumerate(self.styles):
            for element_id, weight in style.elements.items():
                self._speaks.setdefault(element_id, []).append((column, weight))

    def read(
        self, texts: Sequence[str], langs: Sequence[str], *, about_fashion: bool = False
    ) -> StyleReading:
        """Get the styles of texts.

        Args:
            texts: what to read.
            langs: language code of each; any code, `""` for unknown.
            about_fashion: whether the texts are known to be about clothes; otherwise a text that names no element
                has no style.

        Raises:
            InvalidInput: there is not one language a text.
        """
        if len(texts) != len(langs):
            raise InvalidInput(f"one language a text is needed: {len(texts)} texts, {len(langs)} languages")
        # halves of surrogate pairs, which no table can hold, become question marks
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        documents = pa.table({
            "id": pa.array([str(i) for i in range(len(texts))], pa.string()),
            "text": pa.array(texts, pa.string()), "lang": pa.array(langs, pa.string()),
        })  # fmt: skip
        mentions = self._tagger.tag(documents, about_fashion=about_fashion)
        evidence: list[list[StyleEvidence]] = [[] for _ in texts]
        is_read = np.array([about_fashion and bool(text.strip()) for text in texts], dtype=np.bool_)
        seen: set[tuple[str, str]] = set()
        for row in mentions.to_pylist():
            doc = int(row["doc_id"])
            is_read[doc] = True
            if row["polarity"] >= 0 and (row["doc_id"], row["element_id"]) not in seen:
                seen.add((row["doc_id"], row["element_id"]))
                evidence[doc] += self._evidence(row["element_id"], row["surface"], row["confidence"])
        return self._reading(evidence, self._meaning(texts, langs, is_read), is_read)

    def styles_of_elements(self, element_ids: Sequence[Sequence[str]]) -> StyleReading:
        """Get the styles of things whose elements are known, such as products; their meaning is not read.

        Args:
            element_ids: the elements of each thing.
        """
        evidence = [
            [e for element_id in dict.fromkeys(ids) for e in self._evidence(element_id, element_id, 1.0)]
            for ids in element_ids
        ]
        shape = (len(evidence), len(self.styles))
        is_read = np.array([bool(found) for found in evidence], dtype=np.bool_)
        return self._reading(evidence, np.zeros(shape, dtype=np.float32), is_read)

    def vectors(self) -> Floats:
        """Get `(k, d)` float32, L2-normalised: where each style's descriptions lie, without their languages' means.

        Raises:
            InvalidInput: the reader has no encoder.
        """
        if self._encoder is None:
            raise InvalidInput("the vectors of styles need an encoder; give one to StyleReader")
        both = self._described["zh"] + self._described["en"]
        return _normalised(both)

    def column(self, style_id: str) -> int | None:
        """Get the column of the style that a style of the lexicon counts for; None where there is none."""
        return self._column_of.get(style_id)

    @cached_property
    def _language_means(self) -> dict[str, Floats]:
        return {lang: vectors.mean(axis=0) for lang, vectors in self._raw.items()}

    @cached_property
    def _raw(self) -> dict[str, Floats]:
        encoder = self._encoder
        if encoder is None:
            return {}
        return {
            lang: encoder.encode_query([style.descriptions[lang] for style in self.styles])
            for lang in ("zh", "en")
        }

    @cached_property
    def _described(self) -> dict[str, Floats]:
        return {lang: _normalised(raw - self._language_means[lang]) for lang, raw in self._raw.items()}

    def _nearest(self, style_id: str, own: Mapping[str, int]) -> int | None:
        lexicon = self._tagger.lexicon
        line = (style_id, *lexicon.ancestors(style_id))
        return next((own[step] for step in line if step in own), None)

    def _evidence(self, element_id: str, surface: str, confidence: float) -> list[StyleEvidence]:
        found: list[StyleEvidence] = []
        if element_id.startswith("style/"):
            column = self._column_of.get(element_id)
            if column is not None:
                found.append(StyleEvidence(column, "named", surface, element_id, confidence))
            return found
        lexicon = self._tagger.lexicon
        line = (element_id, *(lexicon.ancestors(element_id) if element_id in lexicon else ()))
        share = 1.0
        for step in line:
            if step in self._speaks:
                pairs = self._speaks[step]
                return [
                    StyleEvidence(column, "element", surface, element_id, share * w) for column, w in pairs
                ]
            share *= _PARENT_SHARE
        return found

    def _meaning(self, texts: Sequence[str], langs: Sequence[str], is_read: npt.NDArray[np.bool_]) -> Floats:
        """Get `(n, k)` cosines with the descriptions, each text's mean taken away."""
        cosines = np.zeros((len(texts), len(self.styles)), dtype=np.float32)
        rows = np.flatnonzero(is_read)
        if self._encoder is None or not rows.size:
            return cosines
        vectors = self._encoder.encode_query([texts[i][:_ENCODED_CHARS] for i in rows.tolist()])
        for side, other in (("zh", "en"), ("en", "zh")):
            mine = np.array(
                [(langs[i] in _HAN_READERS) == (side == "zh") for i in rows.tolist()], dtype=np.bool_
            )
            own = _normalised(vectors[mine] - self._language_means[side])
            found = _OWN_SIDE * own @ self._described[side].T
            found += (1 - _OWN_SIDE) * own @ self._described[other].T
            cosines[rows[mine]] = found - found.mean(axis=1, keepdims=True)
        return cosines

    def _reading(
        self, evidence: Sequence[Sequence[StyleEvidence]], meaning: Floats, is_read: npt.NDArray[np.bool_]
    ) -> StyleReading:
        parts = np.zeros((*meaning.shape, 3), dtype=np.float32)
        for row, found in enumerate(evidence):
            for e in found:
                if e.kind == "named":
                    parts[row, e.column, 0] = max(parts[row, e.column, 0], e.amount)
                else:
                    parts[row, e.column, 1] += e.amount
        parts[..., 1] = np.minimum(parts[..., 1], _MOST_ELEMENTS)
        parts[..., 2] = meaning
        unit = self.weights
        parts *= np.array([unit.named, unit.elements, unit.meaning], dtype=np.float32)
        weights = softmax(parts.sum(axis=2))
        # with names and elements alone, a text that has neither says nothing
        says = is_read if self._encoder is not None and meaning.any() else is_read & parts.any(axis=(1, 2))
        weights[~says] = 0.0
        sentences = [style.descriptions for style in self.styles]
        return StyleReading(self.style_ids, weights, parts, evidence, sentences, unit)


def pooled_styles(
    weights: Floats, amounts: npt.ArrayLike | None = None, *, prior_texts: float = _PRIOR_TEXTS
) -> Floats:
    """Get the styles of a set of texts or products: a shopper's, a brand's.

    A few texts are pulled towards even weights, as if `prior_texts` texts without any style were among them.

    Args:
        weights: `(n, k)` of `StyleReading`; rows of zeros are passed over.
        amounts: `(n,)` how much each counts, 0 and more; 1 each where None.
        prior_texts: see above, 0 or more.

    Returns:
        `(k,)` float32 that sums to 1; zeros where nothing has a style.

    Raises:
        InvalidInput: the amounts do not fit or are below 0.
    """
    found = np.asarray(weights, dtype=np.float64)
    counts = np.ones(len(found)) if amounts is None else np.asarray(amounts, dtype=np.float64)
    if counts.shape != (len(found),) or (counts < 0).any():
        raise InvalidInput(f"need one amount of 0 or more a text: {len(found)} texts, {counts.shape} amounts")
    counts = counts * (found.sum(axis=1) > 0)
    total = counts.sum()
    if total <= 0:
        return np.zeros(found.shape[1], dtype=np.float32)
    even = prior_texts / found.shape[1]
    return ((counts @ found + even) / (total + prior_texts)).astype(np.float32)


def softmax(scores: Floats) -> Floats:
    """Get `(n, k)` weights that sum to 1 a row, from `(n, k)` scores."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def _normalised(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
