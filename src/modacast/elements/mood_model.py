"""A calibrated linear model of mood over vectors, features and, where it learned from many texts, their letters.

Multinomial logistic regression on the encoder's vectors ("linear probing") beside the lexicon's features; a
temperature fitted on out-of-fold scores makes the probabilities honest (Guo et al. 2017, "On Calibration of Modern
Neural Networks"). Each score is a sum, so that what each part added is known exactly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modacast.elements.mood_features import FEATURES
from modacast.elements.seeds import MOODS, Mood
from modacast.errors import InvalidInput, NotFound, StorageError
from modacast.types import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

__all__ = ["MoodModel", "MoodReport", "calibration_error"]

MODEL_JSON, MODEL_TENSORS = "sentiment.json", "sentiment.safetensors"
_FORMAT = 1
_FEATURE_WEIGHT = 2.0
_LETTER_WEIGHT = 44.0
_STRENGTHS = (0.003, 0.01, 0.03)
_N_FOLDS = 5
_N_BINS = 10
_TEMPERATURES = np.geomspace(0.5, 4.0, 43)

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MoodReport:
    """How a model did on texts that it had not seen, by cross-validation.

    Attributes:
        n_texts: that it learned from.
        accuracy: share of right moods, in [0, 1].
        log_loss: mean of -log(probability of the right mood), in nats, after calibration.
        calibration_error: mean distance between the probability of the answer and the share that was right, in ten
            groups by probability, in [0, 1].
        strength: inverse of the regularisation, as scikit-learn's `C`.
        temperature: by which scores are divided; above 1 they were too sure.
        temperature_abroad: the same for texts of a language that it has not learned from.
    """

    n_texts: int
    accuracy: float
    log_loss: float
    calibration_error: float
    strength: float
    temperature: float
    temperature_abroad: float


@dataclass(slots=True)
class MoodModel:
    """Probabilities of moods, from vectors and features.

    Attributes:
        model_id: of the encoder that made the vectors.
        moods: what it tells apart, in the order of `MOODS`.
        langs: languages that it learned from.
        centre: `(d,)` mean of the vectors that it learned from.
        scale: their mean standard deviation.
        weights: `(k, d + 13 + n_grams)` float64.
        bias: `(k,)` float64.
        grams: letter n-grams with their inverse document frequency; empty where it learned from few texts.
        report: how it did by cross-validation.
    """

    model_id: str
    moods: tuple[Mood, ...]
    langs: tuple[str, ...]
    centre: Doubles
    scale: float
    weights: Doubles
    bias: Doubles
    grams: dict[str, float]
    report: MoodReport

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        langs: Sequence[str],
        labels: Sequence[Mood],
        *,
        vectors: Floats,
        features: Floats,
        model_id: str,
        letters: bool,
        seed: int = 0,
    ) -> MoodModel:
        """Learn.

        Args:
            texts: what was read.
            langs: their languages.
            labels: their moods.
            vectors: `(n, d)` of the texts.
            features: `(n, 13)` of `mood_features`.
            model_id: of the encoder.
            letters: whether to learn from letter n-grams too, which pays from about a thousand texts of a kind.
            seed: decides the folds.

        Raises:
            InvalidInput: fewer than two moods, or a mood with fewer than five texts.
        """
        moods = tuple(mood for mood in MOODS if mood in set(labels))
        truth = np.array([moods.index(label) for label in labels], dtype=np.int64)
        counts = np.bincount(truth, minlength=len(moods))
        if len(moods) < 2 or counts.min() < _N_FOLDS:
            found = ", ".join(f"{n} {mood}" for mood, n in zip(moods, counts, strict=True)) or "none"
            raise InvalidInput(f"at least two moods with {_N_FOLDS} texts each are needed; got {found}")
        centre = vectors.mean(axis=0, dtype=np.float64)
        scale = (float(vectors.std(axis=0, dtype=np.float64).mean()) if vectors.size else 1.0) or 1.0
        vectorizer = _vectorizer().fit(texts) if letters else None
        grams = _grams(vectorizer) if vectorizer is not None else {}
        table = _table(vectors, features, texts, centre, scale, vectorizer)
        strength, scores = _strength(table, truth, _folds(truth, langs, seed), len(moods))
        temperature = _temperature(scores, truth)
        abroad = _abroad(table, truth, langs, strength, temperature)
        weights, bias = _regression(table, truth, strength)
        return cls(
            model_id=model_id,
            moods=moods,
            langs=tuple(sorted(set(langs))),
            centre=centre,
            scale=scale,
            weights=weights / temperature,
            bias=bias / temperature,
            grams=grams,
            report=_report(scores, truth, strength, temperature, abroad),
        )

    def scores(
        self, texts: Sequence[str], langs: Sequence[str], *, vectors: Floats, features: Floats
    ) -> Doubles:
        """Get `(n, k)` log-odds: before the softmax, calibrated, weaker in languages that were not learned."""
        vectorizer = _vectorizer(self.grams) if self.grams else None
        table = _table(vectors, features, texts, self.centre, self.scale, vectorizer)
        scores = np.asarray(table @ self.weights.T + self.bias, dtype=np.float64)
        known = np.array([lang in self.langs for lang in langs], dtype=np.bool_)
        weaker = self.report.temperature_abroad / self.report.temperature
        return np.where(known[:, None], scores, scores / max(1.0, weaker))

    @property
    def version(self) -> str:
        """A digest that changes whenever the model does."""
        digest = hashlib.blake2b(self.model_id.encode(), digest_size=8)
        for array in (self.centre, self.weights, self.bias):
            digest.update(np.ascontiguousarray(array, dtype=np.float32).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write `sentiment.json` and `sentiment.safetensors` into a folder.

        Raises:
            StorageError: it cannot be written.
        """
        from safetensors.numpy import save

        tensors = {
            name: np.ascontiguousarray(array, dtype=np.float32)  # safetensors writes memory as it lies
            for name, array in (("centre", self.centre), ("weights", self.weights), ("bias", self.bias))
        }
        facts = {
            "format": _FORMAT, "model_id": self.model_id, "moods": self.moods, "langs": self.langs,
            "scale": self.scale, "features": FEATURES, "grams": self.grams, "report": asdict(self.report),
        }  # fmt: skip
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MODEL_TENSORS).write_bytes(save(tensors))
            text = json.dumps(facts, ensure_ascii=False, indent=1)
            (folder / MODEL_JSON).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"the sentiment model cannot be saved to {folder}: {error}") from error

    @classmethod
    def load(cls, folder: Path) -> MoodModel:
        """Read what `save` wrote.

        Raises:
            NotFound: there is no such model.
            InvalidInput: its files are broken, or of another version.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        if not (folder / MODEL_JSON).is_file():
            raise NotFound(f"{folder} holds no sentiment model ({MODEL_JSON}, {MODEL_TENSORS})")
        try:
            facts = json.loads((folder / MODEL_JSON).read_text(encoding="utf-8"))
            tensors = load((folder / MODEL_TENSORS).read_bytes())
            if facts["format"] != _FORMAT or tuple(facts["features"]) != FEATURES:
                raise InvalidInput(f"{folder}: a sentiment model of another version; train it again")
            weights, bias, centre = (tensors[n].astype(np.float64) for n in ("weights", "bias", "centre"))
            moods = tuple(mood for mood in MOODS if mood in facts["moods"])
            model = cls(facts["model_id"], moods, tuple(facts["langs"]), centre, float(facts["scale"]), weights,
                        bias, dict(facts["grams"]), MoodReport(**facts["report"]))  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(f"{folder}: not a whole sentiment model ({error})") from error
        width = len(centre) + len(FEATURES) + len(model.grams)
        if weights.shape != (len(moods), width) or bias.shape != (len(moods),):
            raise InvalidInput(f"{folder}: weights of shape {weights.shape}, expected {(len(moods), width)}")
        return model


def _vectorizer(grams: dict[str, float] | None = None) -> TfidfVectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    options: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3), "sublinear_tf": True}
    if grams is None:
        return TfidfVectorizer(min_df=2, **options)
    ready = TfidfVectorizer(vocabulary={gram: i for i, gram in enumerate(grams)}, **options)
    ready.idf_ = np.array(list(grams.values()))
    return ready


def _grams(vectorizer: TfidfVectorizer) -> dict[str, float]:
    places = sorted(vectorizer.vocabulary_.items(), key=lambda pair: pair[1])
    return {gram: round(float(vectorizer.idf_[place]), 4) for gram, place in places}


def _table(  # noqa: PLR0917
    vectors: Floats,
    features: Floats,
    texts: Sequence[str],
    centre: Doubles,
    scale: float,
    vectorizer: TfidfVectorizer | None,
) -> Doubles | csr_matrix:
    dense = np.hstack([(vectors - centre) / scale, features * _FEATURE_WEIGHT])
    if vectorizer is None:
        return dense
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack([csr_matrix(dense), vectorizer.transform(texts) * _LETTER_WEIGHT]))


def _regression(table: Doubles | csr_matrix, truth: Ints, strength: float) -> tuple[Doubles, Doubles]:
    """Get weights and bias, one row a mood."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # so small a problem is solved more slowly by many threads, and others wait
        learned = LogisticRegression(C=strength, max_iter=2000).fit(table, truth)
    weights, bias = learned.coef_.astype(np.float64), learned.intercept_.astype(np.float64)
    if len(weights) == 1:  # two classes have one row in scikit-learn
        return np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights, bias


def _folds(truth: Ints, langs: Sequence[str], seed: int) -> Ints:
    """Deal texts to folds, each language and mood evenly."""
    folds = np.zeros(len(truth), dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(truth))
    order = sorted(shuffled, key=lambda i: (langs[i], truth[i]))
    folds[order] = np.arange(len(truth)) % _N_FOLDS
    return folds


def _strength(table: Any, truth: Ints, folds: Ints, n_moods: int) -> tuple[float, Doubles]:
    """Get the strength with the least log loss on texts that were left out, and their scores."""
    tried = {c: _out_of_fold(table, truth, folds, n_moods, c) for c in _STRENGTHS}
    best = min(tried, key=lambda c: _log_loss(_softmax(tried[c] / _temperature(tried[c], truth)), truth))
    return best, tried[best]


def _out_of_fold(table: Any, truth: Ints, folds: Ints, n_moods: int, strength: float) -> Doubles:
    scores = np.zeros((len(truth), n_moods))
    for fold in np.unique(folds):
        weights, bias = _regression(table[folds != fold], truth[folds != fold], strength)
        scores[folds == fold] = table[folds == fold] @ weights.T + bias
    return scores


def _abroad(table: Any, truth: Ints, langs: Sequence[str], strength: float, otherwise: float) -> float:
    """Get the temperature of texts whose language was left out; of one language alone, twice the usual."""
    n_moods = int(truth.max()) + 1
    codes = np.unique(np.asarray(langs), return_inverse=True)[1].astype(np.int64)
    if codes.max() == 0 or any(len(np.unique(truth[codes != code])) < n_moods for code in np.unique(codes)):
        return 2 * otherwise
    return max(otherwise, _temperature(_out_of_fold(table, truth, codes, n_moods, strength), truth))


def _temperature(scores: Doubles, truth: Ints) -> float:
    losses = [_log_loss(_softmax(scores / temperature), truth) for temperature in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _report(scores: Doubles, truth: Ints, strength: float, temperature: float, abroad: float) -> MoodReport:
    shares = _softmax(scores / temperature)
    right = shares.argmax(axis=1) == truth
    return MoodReport(
        n_texts=len(truth),
        accuracy=round(float(right.mean()), 4),
        log_loss=round(_log_loss(shares, truth), 4),
        calibration_error=round(calibration_error(shares, truth), 4),
        strength=strength,
        temperature=round(temperature, 4),
        temperature_abroad=round(abroad, 4),
    )


def calibration_error(shares: Doubles, truth: Ints) -> float:
    """Get the expected calibration error of the answers, in ten groups by probability."""
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    group = np.minimum((sure * _N_BINS).astype(np.int64), _N_BINS - 1)
    gaps = [abs(float((sure - right)[group == g].sum())) for g in range(_N_BINS)]
    return sum(gaps) / max(1, len(truth))


def _log_loss(shares: Doubles, truth: Ints) -> float:
    return float(-np.log(np.maximum(shares[np.arange(len(truth)), truth], 1e-12)).mean())


def _softmax(scores: Doubles) -> Doubles:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)
