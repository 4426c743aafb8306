"""What texts, and the elements that they name, feel: negative, neutral or positive, and why."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pyarrow as pa

from modacast.elements.mention_mood import mention_scores
from modacast.elements.mood_features import FEATURES, has_words, mood_features
from modacast.elements.mood_model import Doubles, MoodModel
from modacast.elements.occlusion import Reason, pieces_of, without
from modacast.elements.polarity import Polarity, PolarWord
from modacast.elements.ratings import moods_of
from modacast.elements.seeds import MOODS, Mood, Seed, load_seeds
from modacast.errors import InvalidInput
from modacast.types import Encoder, Floats

__all__ = ["Reading", "Sentiment"]

_METHOD = 4
_SILENT = FEATURES.index("silent")
_UNREADABLE = np.log([0.3, 0.4, 0.3])
_WORDS_OF_STRETCHES = 0.4
_READ = 10_000
_EXPLAINED = 1_000
_MANY_TEXTS = 1_000
_SHIPPED = {True: "sentiment", False: "sentiment_lexicon"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text feels, how sure that is, and what tipped it.

    Attributes:
        mood: the most probable one.
        probabilities: of each mood; they sum to 1.
        reasons: pieces of the text that matter most first; taken away, the text would feel otherwise.
    """

    mood: Mood
    probabilities: Mapping[Mood, float]
    reasons: tuple[Reason, ...]


class Sentiment:
    """Reads the mood of texts and of the elements that they name.

    With an encoder, a linear model reads the encoder's vectors beside the words of praise and blame: nine languages
    by training, others through the encoder, with weaker probabilities. Without one it knows only the words of
    praise and blame, which is fast, and blind to what is said in other words.

    Args:
        words: polar words; None for those that come with modacast.
        encoder: makes the vectors; one with a cache computes each text once. None for the words alone.
        model: what was learned; None for the one that comes with modacast. An encoder other than the bundled one
            has its own vectors: then it is learned anew from the shipped seed texts, in some seconds.

    Attributes:
        encoder: the same.
        model: what was learned.

    Raises:
        InvalidInput: the model was learned with another encoder.

    >>> Sentiment().predict(["质量很好，穿着舒服", "itchy and it fell apart"], ["zh", "en"])
    ['positive', 'negative']
    """

    def __init__(
        self,
        words: Sequence[PolarWord] | None = None,
        *,
        encoder: Encoder | None = None,
        model: MoodModel | None = None,
    ) -> None:
        self.encoder = encoder
        self._polarity = Polarity(words)
        if model is not None and model.model_id != self._model_id:
            raise InvalidInput(
                f"this sentiment model was learned with {model.model_id!r} and cannot read the vectors of "
                f"{self._model_id!r}; open it with that encoder, or fit it again"
            )
        self._model = model

    @property
    def model(self) -> MoodModel:
        """What was learned: the given model, the shipped one, or one learned from the seeds for this encoder."""
        if self._model is None:
            self._model = self._shipped()
        return self._model

    @property
    def version(self) -> str:
        """A digest that changes whenever words, model or method do."""
        learned = "words" if self.encoder is None else self.model.version
        return f"{_METHOD}-{self._polarity.version}-{learned}"

    def predict_proba(self, texts: Sequence[str], langs: Sequence[str] | str) -> Doubles:
        """Get `(n, 3)` float64: how likely each text is negative, neutral, positive; each row sums to 1.

        Texts without a known sign or a letter of a script that the encoder can know get .3, .4, .3: nobody can tell.

        Args:
            texts: what to read, of each the first 10,000 characters; what an encoder cannot hold of a long text
                counts by its polar words alone.
            langs: language code of each text, or of all; any other code than the nine is read as a foreign one.
        """
        texts, langs = [text[:_READ] for text in texts], _codes(langs, len(texts))
        features = mood_features(texts, langs, self._polarity)
        vectors = self._vectors(texts)
        scores = self.model.scores(texts, langs, vectors=vectors, features=features)
        full = np.full((len(texts), len(MOODS)), -np.inf)
        full[:, [MOODS.index(mood) for mood in self.model.moods]] = scores
        mute = [bool(f[_SILENT]) and not has_words(text) for f, text in zip(features, texts, strict=True)]
        full[np.array(mute, dtype=np.bool_)] = _UNREADABLE
        shares = np.exp(full - full.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)

    def predict(self, texts: Sequence[str], langs: Sequence[str] | str) -> list[Mood]:
        """Get the most probable mood of each text."""
        return [MOODS[i] for i in self.predict_proba(texts, langs).argmax(axis=1)]

    def document_polarity(self, texts: Sequence[str], langs: Sequence[str] | str) -> Floats:
        """Get the polarity of whole texts.

        Args:
            texts: what to score.
            langs: language code of each text, or of all.

        Returns:
            `(n,)` float32 in [-1, 1]: the chance of praise less that of blame. Without an encoder the score of the
            polar words, 0 where none was found.
        """
        texts, codes = list(texts), _codes(langs, len(texts))
        if self.encoder is None:
            return self._polarity.find(texts, codes).by_document()
        shares = self.predict_proba(texts, codes)
        return (shares[:, 2] - shares[:, 0]).astype(np.float32)

    def mention_polarity(self, mentions: pa.Table, documents: pa.Table) -> pa.Table:
        """Fill in the polarity of mentions.

        A mention feels what its own clause says about it. Where that says nothing, it feels what the next clause
        of the sentence says if no mention stands there, else what the one before says.

        Args:
            mentions: a table of `MENTIONS`, of `Tagger.tag`.
            documents: a table with the columns `id`, `text` and `lang` that holds the mentions' documents.

        Returns:
            The mentions, with polarity in [-1, 1]; -1 stays where the text denies the element.

        Raises:
            InvalidInput: a column is missing.
            NotFound: a mention's document is not among the documents.
        """
        reader = None if self.encoder is None else self._stretch_polarity
        return mention_scores(mentions, documents, self._polarity, reader)

    def explain(self, text: str, lang: str, *, n_reasons: int = 5) -> Reading:
        """Read one text and tell what tipped it: pieces are taken away one by one, and the text is read again.

        Args:
            text: what to read, the first 1,000 characters.
            lang: its language code.
            n_reasons: at most so many.
        """
        text = text[:_EXPLAINED]
        pieces = pieces_of(text, lang)
        shares = self.predict_proba([text, *(without(text, piece) for piece in pieces)], lang)
        balance = shares[:, 2] - shares[:, 0]
        weighed = [
            Reason(text[start:end], start, end, round(float(balance[0] - rest), 4))
            for (start, end), rest in zip(pieces, balance[1:], strict=True)
        ]
        first = shares[0]
        return Reading(
            mood=MOODS[int(first.argmax())],
            probabilities={mood: float(p) for mood, p in zip(MOODS, first, strict=True)},
            reasons=tuple(sorted((r for r in weighed if r.weight), key=lambda r: -abs(r.weight))[:n_reasons]),
        )

    def fit(
        self,
        texts: Sequence[str],
        ratings: Sequence[float | str],
        langs: Sequence[str] | str,
        *,
        seeds: bool | None = None,
    ) -> Sentiment:
        """Learn from rated texts, in the place of what was learned before.

        Args:
            texts: reviews, at least five of each mood.
            ratings: stars from 1 to 5 (up to 2 negative, from 4 positive), or moods.
            langs: language code of each text, or of all.
            seeds: whether to learn from the shipped seed texts too; None for where there are fewer than 1,000 texts.
                Without them a mood that no rating has gets no probability.

        Returns:
            Itself.

        Raises:
            InvalidInput: lengths disagree, a rating is none, or there are too few texts of a mood.
        """
        texts, codes, labels = list(texts), _codes(langs, len(texts)), moods_of(ratings)
        if len(labels) != len(texts):
            raise InvalidInput(f"{len(texts)} texts, but {len(labels)} ratings")
        many = len(texts) >= _MANY_TEXTS
        if seeds or (seeds is None and not many):
            shipped = load_seeds()
            texts = [*texts, *(seed.text for seed in shipped)]
            codes = [*codes, *(seed.lang for seed in shipped)]
            labels = [*labels, *(seed.label for seed in shipped)]
        self._model = self._learn(texts, codes, labels, letters=many)
        return self

    def save(self, folder: str | Path) -> Path:
        """Write what was learned (JSON and safetensors) into a folder.

        Raises:
            StorageError: it cannot be written.
        """
        self.model.save(Path(folder))
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path, *, encoder: Encoder | None = None) -> Sentiment:
        """Open what `save` wrote, with the encoder that it was learned with.

        Raises:
            NotFound: there is no such model.
            InvalidInput: its files are broken, or it was learned with another encoder.
        """
        return cls(encoder=encoder, model=MoodModel.load(Path(folder)))

    def learn_seeds(self, seeds: Sequence[Seed] | None = None) -> Sentiment:
        """Learn from the seed texts alone, as the shipped model did.

        Args:
            seeds: texts with their mood; None for those that come with modacast.
        """
        seeds = load_seeds() if seeds is None else seeds
        self._model = self._learn([s.text for s in seeds], [s.lang for s in seeds], [s.label for s in seeds])
        return self

    @property
    def _model_id(self) -> str:
        return "polar words" if self.encoder is None else self.encoder.model_id

    def _stretch_polarity(self, texts: Sequence[str], langs: Sequence[str]) -> Floats:
        """Get the polarity of stretches of texts: so short, they are ruled by their polar words more than texts."""
        words = self._polarity.find(texts, langs).by_document()
        return np.clip(self.document_polarity(texts, langs) + _WORDS_OF_STRETCHES * words, -1, 1)

    def _vectors(self, texts: Sequence[str]) -> Floats:
        if self.encoder is None:
            return np.zeros((len(texts), 0), dtype=np.float32)
        return self.encoder.encode_document(texts)

    def _learn(
        self, texts: list[str], langs: list[str], labels: list[Mood], *, letters: bool = False
    ) -> MoodModel:
        return MoodModel.fit(
            texts,
            langs,
            labels,
            vectors=self._vectors(texts),
            features=mood_features(texts, langs, self._polarity),
            model_id=self._model_id,
            letters=letters,
        )

    def _shipped(self) -> MoodModel:
        name = _SHIPPED[self.encoder is not None]
        with as_file(files("modacast.elements") / "data" / name) as folder:
            model = MoodModel.load(folder)
        if model.model_id == self._model_id:
            return model
        _log.info("learning the sentiment of %s from the seed texts", self._model_id)
        return self.learn_seeds().model


def _codes(langs: Sequence[str] | str, n: int) -> list[str]:
    codes = [langs] * n if isinstance(langs, str) else list(langs)
    if len(codes) != n:
        raise InvalidInput(f"{n} texts, but {len(codes)} languages")
    return codes
