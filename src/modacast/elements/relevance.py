"""How likely a text is about fashion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.elements.tagger import Tagger
from modacast.types import Floats

__all__ = ["Relevance"]

_AMBIGUOUS_SHARE = 0.12
_WEAK = 0.2
_MOST_OF_WEAK = 0.4
_MOST_CERTAIN = 0.99

Numbers = npt.NDArray[np.float64]


class Relevance:
    """Scores how likely texts are about fashion.

    A noisy-or (Pearl, 1988, "Probabilistic Reasoning in Intelligent Systems"): each distinct element and cue is
    a cause of its own weight, garments strong and colours nearly nothing. What is weak adds up to 0.4 at most,
    however long the text. Cues of another sense then take their share away.

    Args:
        tagger: gives the lexicon and the cues.
    """

    def __init__(self, tagger: Tagger) -> None:
        self._reader = tagger.reader

    def __call__(self, texts: Sequence[str], langs: Sequence[str]) -> Floats:
        """Get the probabilities that texts are about fashion.

        Args:
            texts: what to score.
            langs: language code of each text, `""` for unknown.

        Returns:
            `(n,)` float32 in [0, 1].
        """
        reader, n = self._reader, len(texts)
        reading = reader.read(texts, langs)
        mentions, cues = reading.mentions, reading.cues
        weight = reader.weight[mentions.claim].astype(np.float64)
        weight[reader.is_ambiguous[mentions.claim]] *= _AMBIGUOUS_SHARE
        named = _strongest(mentions.doc, reader.element[mentions.claim], weight)
        cued = _strongest(cues.doc, cues.claim, reader.weight[cues.claim].astype(np.float64))
        causes = _Causes(np.concatenate([named.doc, cued.doc]), np.concatenate([named.weight, cued.weight]))
        strong = 1.0 - _none_of(causes, causes.weight >= _WEAK, n)
        weak = 1.0 - _none_of(causes, (causes.weight > 0) & (causes.weight < _WEAK), n)
        against = _none_of(causes, causes.weight < 0, n)
        return ((1.0 - (1.0 - strong) * (1.0 - np.minimum(weak, _MOST_OF_WEAK))) * against).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Causes:
    doc: npt.NDArray[np.int64]
    weight: Numbers


def _strongest(doc: npt.NDArray[np.int64], key: npt.NDArray[np.int64], weight: Numbers) -> _Causes:
    """Get one weight a document and key, the strongest."""
    order = np.lexsort((-np.abs(weight), key, doc))
    doc, key, weight = doc[order], key[order], weight[order]
    first = np.ones(len(doc), dtype=np.bool_)
    first[1:] = (doc[1:] != doc[:-1]) | (key[1:] != key[:-1])
    return _Causes(doc[first], weight[first])


def _none_of(causes: _Causes, chosen: npt.NDArray[np.bool_], n: int) -> Numbers:
    """Get, for each of n documents, the chance that none of the chosen causes is at work."""
    logs = np.log1p(-np.minimum(np.abs(causes.weight[chosen]), _MOST_CERTAIN))
    return np.exp(np.bincount(causes.doc[chosen], weights=logs, minlength=n))
