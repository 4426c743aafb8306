"""Learns from a corpus and a lexicon what spans name fashion elements, and finds those that the lexicon lacks.

Two views judge a span (co-training's two views, Blum and Mitchell 1998): the state of its tokens in the text, and the
vector of the word alone. The labels are weak: what the lexicon finds in the corpus' own texts, as in distant
supervision (Mintz et al. 2009); the language model itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from modacast.elements.columns import text_column
from modacast.elements.folding import fold
from modacast.elements.spans import shelf
from modacast.elements.spans.lessons import Marked, marked, names_of, swapped
from modacast.elements.spans.models import Linear, TokenSpan, spans_of, trimmed
from modacast.elements.spans.naming import Neighbours, SpanModels
from modacast.elements.spans.tokens import Sentence, StateEncoder, sentences, words_of
from modacast.elements.tagger import Tagger
from modacast.errors import InvalidInput, NotFitted
from modacast.types import FACETS, Floats

__all__ = ["SPANS", "SpanTagger"]

SPANS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("lang", pa.string()),
        pa.field("facet", pa.string(), nullable=False),
        pa.field("probability", pa.float32(), nullable=False),
        pa.field("by_context", pa.float32(), nullable=False),
        pa.field("by_word", pa.float32(), nullable=False),
        pa.field("nearest", pa.list_(pa.string()), nullable=False),
        pa.field("cosine", pa.float32()),
        pa.field("is_known", pa.bool_(), nullable=False),
    ]
)
"""Spans: place, the facet that they look like, how likely they name an element (by both views, by the text, by the
word alone), the nearest elements and the cosine of the first, and whether the lexicon covers them."""

_T = TypeVar("_T")

_MOST_TEXTS = 1500
_FEWEST = 50
_TEXTS_AT_ONCE = 256
_FURTHER_NAMES = 2000
_TOKEN_STRENGTH, _FACET_STRENGTH, _WORD_STRENGTH = 1e-3, 1e-3, 1e-2
# chosen on texts of AdvertiseGen's training part, with names hidden from the lexicon
_LEAN = 1.0
_LEAST = 0.1
_N_NEAREST = 3


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: Marked
    doc_id: str
    start: int
    end: int
    by_context: float
    facet: Floats

    @property
    def surface(self) -> str:
        return self.text.text[self.start : self.end]


class SpanTagger:
    """Finds spans that name fashion elements, whether the lexicon has them or not.

    Args:
        encoder: the language model; `modacast.encoder.Encoder` is one.
        tagger: gives the lexicon and what is already known.

    Attributes:
        models_: what was learned.
    """

    models_: SpanModels

    def __init__(self, encoder: StateEncoder, tagger: Tagger) -> None:
        self._encoder = encoder
        self._tagger = tagger
        self._neighbours: dict[str, Neighbours] = {}
        self._listed: dict[str, frozenset[str]] = {}

    def fit(
        self,
        documents: pa.Table,
        *,
        values: Sequence[Sequence[str]] | None = None,
        about_fashion: bool = False,
        seed: int = 0,
    ) -> SpanTagger:
        """Learn from texts, by what the lexicon finds in them.

        Up to 1,500 texts that name something are read, and again with other names of the lexicon in the place of half
        of theirs.

        Args:
            documents: `id`, `text` and `lang`.
            values: attribute values of each text, where there are any; those that stand in it word for word are
                learned too.
            about_fashion: whether all texts are known to be about clothes.
            seed: decides which texts and names.

        Raises:
            InvalidInput: a column is missing, there are not as many rows of values as texts, or the lexicon finds
                fewer than 50 mentions.
        """
        if values is not None and len(values) != documents.num_rows:
            raise InvalidInput(
                f"{len(values)} rows of values for {documents.num_rows} texts; one for each is needed"
            )
        texts = marked(documents, self._tagger, about_fashion=about_fashion, values=values)
        n_mentions = sum(len(text.spans) for text in texts)
        if n_mentions < _FEWEST:
            raise InvalidInput(
                f"the lexicon finds {n_mentions} mentions in {len(texts)} texts; at least {_FEWEST} are needed to learn "
                "from: give more texts, or a model that was learned from others"
            )
        rng = np.random.default_rng(seed)
        named = [text for text in texts if text.spans]
        chosen = _some(named, _MOST_TEXTS, rng)
        names = names_of(self._tagger.lexicon, {text.lang for text in chosen})
        lessons = chosen + [swapped(text, names, rng) for text in chosen]
        tokens, facets = self._token_models(lessons)
        further = sorted({name for some in names.values() for name in some})
        further = _some(further, _FURTHER_NAMES, rng)
        self.models_ = SpanModels(self._encoder.model_id, tokens, facets, self._word_model(texts, further))
        return self

    def find(
        self,
        documents: pa.Table,
        *,
        least: float = _LEAST,
        about_fashion: bool = False,
        known: bool = False,
    ) -> pa.Table:
        """Find spans.

        Args:
            documents: `id`, `text` and `lang`.
            least: smallest probability, in [0, 1], of spans that are returned.
            about_fashion: whether all texts are known to be about clothes.
            known: whether to return the spans that the lexicon covers, too.

        Returns:
            A table of `SPANS`, ordered as the documents and then by `start`.

        Raises:
            NotFitted: nothing was learned yet.
            InvalidInput: a column is missing.
        """
        self._fitted()
        tables = [SPANS.empty_table()]
        for start in range(0, documents.num_rows, _TEXTS_AT_ONCE):
            part = documents.slice(start, _TEXTS_AT_ONCE)
            texts = marked(part, self._tagger, about_fashion=about_fashion)
            candidates = list(self._candidates(text_column(part, "id"), texts, known=known))
            tables.append(self._table(candidates, least))
        return pa.concat_tables(tables)

    def save(self, folder: str | Path) -> None:
        """Write the weights as safetensors, with the encoder's name.

        Raises:
            NotFitted: there are none yet.
            StorageError: the disk refused.
        """
        shelf.save(self._fitted(), Path(folder))

    @classmethod
    def load(cls, folder: str | Path, encoder: StateEncoder, tagger: Tagger) -> SpanTagger:
        """Open a saved model.

        Raises:
            NotFound: there is none.
            InvalidInput: its files are broken, or it was learned with another encoder.
        """
        models = shelf.load(Path(folder))
        if models.model_id != encoder.model_id:
            raise InvalidInput(
                f"{folder}: was learned with the language model {models.model_id}, this one is {encoder.model_id}; "
                "learn it again"
            )
        found = cls(encoder, tagger)
        found.models_ = models
        return found

    def _fitted(self) -> SpanModels:
        if not hasattr(self, "models_"):
            raise NotFitted("this span tagger has learned nothing yet; call fit() or SpanTagger.load()")
        return self.models_

    def _sentences(self, texts: Sequence[Marked]) -> list[Sentence]:
        return sentences(self._encoder, [text.text for text in texts], [text.lang for text in texts])

    def _token_models(self, lessons: Sequence[Marked]) -> tuple[Linear, Linear]:
        """Learn where spans begin and go on, and what facet their tokens speak of."""
        features, tags, means, facets = [], [], [], []
        for start in range(0, len(lessons), _TEXTS_AT_ONCE):
            part = lessons[start : start + _TEXTS_AT_ONCE]
            for text, sentence in zip(part, self._sentences(part), strict=True):
                features.append(sentence.features)
                tags.append(sentence.tags(text.spans))
                for span in text.spans:
                    inside = (sentence.start < span.end) & (sentence.end > span.start)
                    if span.facet >= 0 and inside.any():
                        means.append(sentence.features[inside].mean(axis=0))
                        facets.append(span.facet)
        truth = np.concatenate(tags)
        tokens = Linear.fit(np.vstack(features), truth, strength=_TOKEN_STRENGTH, n_classes=3)
        kinds = np.array(facets, np.int64)
        if len(set(facets)) < 2:
            raise InvalidInput(
                "the mentions that were found are all of one facet; texts that name more are needed"
            )
        return tokens, Linear.fit(
            np.array(means), kinds, strength=_FACET_STRENGTH, n_classes=len(FACETS), balanced=True
        )

    def _word_model(self, texts: Sequence[Marked], further: Sequence[str]) -> Linear:
        """Learn what names of elements are like, by the vectors of the words alone."""
        names = dict.fromkeys(
            fold(t.text[s.start : s.end]) for t in texts for s in t.spans if s.end - s.start > 1
        )
        names.update(dict.fromkeys(map(fold, further)))
        others = dict.fromkeys(
            fold(text.text[start:end])
            for text in texts
            for start, end in words_of(text.text, text.lang)
            if end - start > 1 and text.text[start].isalnum() and not text.touches(start, end)
        )
        others = {word: None for word in others if word not in names}
        words = [*names, *others]
        truth = np.arange(len(words)) < len(names)
        vectors = self._encoder.encode(words)
        return Linear.fit(
            vectors, truth.astype(np.int64), strength=_WORD_STRENGTH, n_classes=2, balanced=True
        )

    def _candidates(
        self, ids: Sequence[str], texts: Sequence[Marked], *, known: bool
    ) -> Iterator[_Candidate]:
        models = self._fitted()
        for doc_id, text, sentence in zip(ids, texts, self._sentences(texts), strict=True):
            scores = models.tokens.log_probabilities(sentence.features)
            for found in spans_of(sentence, scores, lean=_LEAN):
                place = trimmed(
                    text.text, int(sentence.start[found.first]), int(sentence.end[found.last - 1])
                )
                if place is None:
                    continue
                candidate = _Candidate(text, doc_id, *place, found.probability, _mean(sentence, found))
                if known or not self._is_known(candidate):
                    yield candidate

    def _is_known(self, candidate: _Candidate) -> bool:
        """Say whether the lexicon covers a stretch, or lists its spelling for other places (`领口` names no value)."""
        text = candidate.text
        if text.covered(candidate.start, candidate.end):
            return True
        if text.lang not in self._listed:
            self._listed[text.lang] = frozenset(
                fold(entry.surface.text)
                for entry in self._tagger.lexicon.iter_entries()
                if entry.lang in {text.lang, "en"}
            )
        return fold(candidate.surface) in self._listed[text.lang]

    def _table(self, candidates: Sequence[_Candidate], least: float) -> pa.Table:
        if not candidates:
            return SPANS.empty_table()
        models = self._fitted()
        words = list(dict.fromkeys(fold(candidate.surface) for candidate in candidates))
        vectors = self._encoder.encode(words)
        place = {word: i for i, word in enumerate(words)}
        by_word = np.exp(models.words.log_probabilities(vectors)[:, 1])
        facets = models.facets.log_probabilities(
            np.stack([candidate.facet for candidate in candidates])
        ).argmax(axis=1)
        rows = []
        for candidate, facet in zip(candidates, facets.tolist(), strict=True):
            number = place[fold(candidate.surface)]
            probability = candidate.by_context * float(by_word[number])
            if probability >= least:
                rows.append(self._row(candidate, facet, probability, float(by_word[number]), vectors[number]))
        return pa.Table.from_pylist(rows, schema=SPANS)

    def _row(
        self, candidate: _Candidate, facet: int, probability: float, by_word: float, vector: Floats
    ) -> dict[str, Any]:
        text = candidate.text
        if text.lang not in self._neighbours:
            self._neighbours[text.lang] = Neighbours.of(self._tagger.lexicon, text.lang, self._encoder.encode)
        nearest = self._neighbours[text.lang].nearest(vector, _N_NEAREST)
        return {
            "doc_id": candidate.doc_id,
            "start": candidate.start,
            "end": candidate.end,
            "text": candidate.surface,
            "lang": text.lang,
            "facet": FACETS[facet],
            "probability": probability,
            "by_context": candidate.by_context,
            "by_word": by_word,
            "nearest": nearest.ids,
            "cosine": nearest.cosine,
            "is_known": self._is_known(candidate),
        }


def _mean(sentence: Sentence, span: TokenSpan) -> Floats:
    return np.asarray(sentence.features[span.first : span.last].mean(axis=0), np.float32)


def _some(rows: Sequence[_T], n: int, rng: np.random.Generator) -> list[_T]:
    """Get up to `n` rows by chance, in their order."""
    if len(rows) <= n:
        return list(rows)
    return [rows[i] for i in np.sort(rng.choice(len(rows), n, replace=False)).tolist()]
