"""Learns a shop's own attributes from its products, several at once, and fills them in for other titles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from modacast.elements.attributes import shelf
from modacast.elements.attributes.features import Title, TitleFeatures
from modacast.elements.attributes.model import AttributeModel, AttributeReport, Filled
from modacast.elements.attributes.reading import Named, element_words, meanings, named_in, reading_of
from modacast.elements.tagger import Tagger
from modacast.errors import InvalidInput, NotFitted, suggest

__all__ = ["AttributeTagger"]

_MOST_TITLES = 60_000
_MOST_LABELS = 2_000
_AS_ID = 0.5
_ID_FROM = 100
_ALL_DIFFERENT_FROM = 20
_AT_ONCE = 5_000


class AttributeTagger:
    """Fills in a shop's own attributes, by its own names, from the titles of its products.

    Every shop divides its goods its own way: a polo shirt is a T-shirt in one and a kind of its own in another. What a
    title names by the lexicon, its words and its letters go into a classifier that learns from products whose
    attribute is known. With few examples, or none, the lexicon's own answer decides.

    Args:
        tagger: reads titles and labels.

    Attributes:
        models_: attribute to what was learned about it.

    >>> from modacast.elements import Lexicon
    >>> shop = AttributeTagger(Tagger(Lexicon.load()))
    >>> shop = shop.fit([], [], {}, labels={"kind": ["Hemden", "Jeans"]})
    >>> shop.fill(["Blaues Hemd aus Leinen"], ["de"])["kind"][0].label
    'Hemden'
    """

    models_: dict[str, AttributeModel]

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger

    def fit(
        self,
        titles: Sequence[str],
        langs: Sequence[str],
        attributes: Mapping[str, Sequence[str | None]],
        *,
        labels: Mapping[str, Sequence[str]] | None = None,
        seed: int = 0,
    ) -> AttributeTagger:
        """Learn, in the place of what was learned before.

        Args:
            titles: of products; at most 60,000 of them are read, drawn by chance.
            langs: their language codes.
            attributes: name to the label of each title; None or empty where it is not known.
            labels: name to labels of it that may be without a title.
            seed: decides which titles and how it is measured.

        Returns:
            Itself.

        Raises:
            InvalidInput: lengths disagree, there is no attribute or none of its labels, or an attribute looks like an id:
                of 100 labels or more, most stand once.
        """
        wanted = dict.fromkeys((*attributes, *(labels or {})))
        if not wanted:
            raise InvalidInput("name at least one attribute to learn")
        for name, values in (("langs", langs), *attributes.items()):
            if len(values) != len(titles):
                raise InvalidInput(f"{len(titles)} titles, but {len(values)} of {name!r}")
        truths = {name: [_label(v) for v in attributes.get(name, [None] * len(titles))] for name in wanted}
        listed = {name: list(map(_label, (labels or {}).get(name, ()))) for name in wanted}
        orders = {name: _labels(name, truths[name], listed[name]) for name in wanted}
        chosen = np.flatnonzero([any(truths[name][row] for name in wanted) for row in range(len(titles))])
        if len(chosen) > _MOST_TITLES:
            chosen = np.sort(np.random.default_rng(seed).permutation(chosen)[:_MOST_TITLES])
        rows = chosen.tolist()
        texts, codes = [titles[row] for row in rows], [langs[row] for row in rows]
        named = named_in(self._tagger, texts, codes)
        read = _titles(texts, codes, named)
        self._features = TitleFeatures.fit(read)
        table = self._features.of(read)
        usual = Counter(codes).most_common(1)[0][0] if codes else "en"
        self.models_ = {}
        for name, order in orders.items():
            known = meanings(self._tagger, order, usual)
            mine = [place for place, row in enumerate(rows) if truths[name][row]]
            self.models_[name] = AttributeModel.fit(
                table[mine],
                [truths[name][rows[place]] for place in mine],
                [reading_of(named[place], texts[place], codes[place], known) for place in mine],
                labels=order,
                known=known,
                groups=[texts[place] for place in mine],
                seed=seed,
            )
        return self

    def fill(
        self, titles: Sequence[str], langs: Sequence[str], *, least: float = 0.5
    ) -> dict[str, list[Filled]]:
        """Get the likeliest label of each title, by attribute.

        Args:
            titles: what to read.
            langs: their language codes.
            least: probability, in [0, 1], below which no label is given.

        Raises:
            NotFitted: nothing was learned yet.
            InvalidInput: lengths disagree, or `least` is out of range.
        """
        models, features = self._fitted()
        if len(langs) != len(titles):
            raise InvalidInput(f"{len(titles)} titles, but {len(langs)} languages")
        if not 0 <= least <= 1:
            raise InvalidInput(f"the least probability is in [0, 1], got {least}")
        filled: dict[str, list[Filled]] = {name: [] for name in models}
        for start in range(0, len(titles), _AT_ONCE):
            texts, codes = list(titles[start : start + _AT_ONCE]), list(langs[start : start + _AT_ONCE])
            named = named_in(self._tagger, texts, codes)
            table = features.of(_titles(texts, codes, named))
            for name, model in models.items():
                readings = [
                    reading_of(mentions, text, code, model.known)
                    for mentions, text, code in zip(named, texts, codes, strict=True)
                ]
                filled[name] += model.fill(table, readings, least=least)
        return filled

    @property
    def reports(self) -> dict[str, AttributeReport]:
        """How each attribute was learned."""
        return {name: model.report for name, model in self._fitted()[0].items()}

    def model(self, name: str) -> AttributeModel:
        """Get what was learned about an attribute.

        Raises:
            NotFitted: nothing was learned yet.
            InvalidInput: there is no such attribute.
        """
        models, _ = self._fitted()
        if name not in models:
            raise InvalidInput(
                f"no attribute {name!r} was learned{suggest(name, models)}; there are {', '.join(models)}"
            )
        return models[name]

    def save(self, folder: str | Path) -> None:
        """Write `attributes.json` and `attributes.safetensors` into a folder.

        Raises:
            NotFitted: nothing was learned yet.
            StorageError: the disk refused.
        """
        models, features = self._fitted()
        shelf.save(shelf.Shelved(models, features, self._tagger.lexicon.version), Path(folder))

    @classmethod
    def load(cls, folder: str | Path, tagger: Tagger) -> AttributeTagger:
        """Open what `save` wrote. It may be used with a newer lexicon; learn it anew to make use of that.

        Raises:
            NotFound: there is no such model.
            InvalidInput: its files are broken, or of another version.
        """
        found = cls(tagger)
        shelved = shelf.load(Path(folder))
        found.models_, found._features = shelved.models, shelved.features
        return found

    def _fitted(self) -> tuple[dict[str, AttributeModel], TitleFeatures]:
        if not hasattr(self, "models_"):
            raise NotFitted("no attribute was learned yet; call fit() or AttributeTagger.load()")
        return self.models_, self._features


def _titles(texts: Sequence[str], langs: Sequence[str], named: Sequence[Sequence[Named]]) -> list[Title]:
    return [
        Title(text, lang, tuple(element_words(mentions, text, lang)))
        for text, lang, mentions in zip(texts, langs, named, strict=True)
    ]


def _label(value: str | None) -> str:
    return " ".join((value or "").split())


def _labels(name: str, truth: Sequence[str], listed: Sequence[str]) -> list[str]:
    """Get the labels, the most frequent first, so that of two that mean the same the usual one is taken."""
    counts = Counter(label for label in truth if label)
    n_titles = sum(counts.values())
    is_id = len(counts) >= _ID_FROM and (len(counts) > _AS_ID * n_titles or len(counts) > _MOST_LABELS)
    if is_id or len(counts) == n_titles >= _ALL_DIFFERENT_FROM:
        raise InvalidInput(
            f"{name!r} has {len(counts):,} different labels in {n_titles:,} titles and looks like an id or a text; "
            f"an attribute has at most {_MOST_LABELS:,}, and most of them stand more than once"
        )
    found = [label for label, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    found += [label for label in dict.fromkeys(listed) if label and label not in counts]
    if not found:
        raise InvalidInput(f"{name!r} has no label: no title has one, and none were named")
    return found
