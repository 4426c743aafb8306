"""The sentiment that a project reads with: the shipped one, or one learned from its own rated reviews if better."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.documents import identify_languages
from modacast.elements import Sentiment
from modacast.elements.ratings import moods_of
from modacast.elements.seeds import MOODS, Mood
from modacast.errors import InvalidInput, NotFound
from modacast.evaluate import Interval, bootstrap
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageTimer
from modacast.pipeline.workspace import Workspace

__all__ = [
    "LearnedMood",
    "RatedTexts",
    "learn_sentiment",
    "project_sentiment",
    "rated_texts",
    "try_sentiment",
]

_log = logging.getLogger(__name__)

_VERSION = 1
_MIN_TEXTS = 200
_MIN_OF_A_MOOD = 20
_HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class RatedTexts:
    """Reviews with their mood, oldest first, each text once.

    Attributes:
        texts: what shoppers wrote.
        langs: its languages.
        moods: what their stars say.
    """

    texts: list[str]
    langs: list[str]
    moods: list[Mood]

    def part(self, start: int, stop: int) -> RatedTexts:
        """Get the texts from `start` to `stop`."""
        return RatedTexts(self.texts[start:stop], self.langs[start:stop], self.moods[start:stop])


@dataclass(frozen=True, slots=True)
class LearnedMood:
    """A sentiment model that was tried on ratings which it had not seen.

    Attributes:
        sentiment: learned from all ratings where it is kept, else the one that was in use.
        is_kept: whether it reads the later ratings better than the one in use.
        before: accuracy of the one in use on the later ratings, in [0, 1].
        after: the new one's.
        gain: fall of the log loss, in nats a text, with its 95 % interval.
        n_texts: that it learned from, and that judged.
    """

    sentiment: Sentiment
    is_kept: bool
    before: float
    after: float
    gain: Interval
    n_texts: tuple[int, int]


def project_sentiment(workspace: Workspace) -> Sentiment:
    """Get the sentiment that a project reads with: the one last learned and kept, else the shipped one.

    With `sentiment.encoder = false` in the settings it is the words of praise and blame alone.
    """
    if not workspace.settings.sentiment.encoder:
        return Sentiment()
    stored = workspace.database.active_model("sentiment")
    if stored is not None:
        try:
            return Sentiment.load(
                workspace.home / str(stored.payload["folder"]), encoder=workspace.language_model
            )
        except (NotFound, InvalidInput) as error:
            _log.warning("the shipped sentiment is used until the next learning: %s", error)
            workspace.database.set_state("learned/sentiment", None)
    return Sentiment(encoder=workspace.language_model)


def rated_texts(events: pa.Table) -> RatedTexts:
    """Get the reviews that carry stars from 1 to 5, of a table of `EVENTS`."""
    stars = events["value"]
    is_rated = pc.and_(
        pc.equal(events["kind"], "review"), pc.and_(pc.greater_equal(stars, 1), pc.less_equal(stars, 5))
    )
    written = events.filter(pc.and_(pc.fill_null(is_rated, False), pc.is_valid(events["text"]))).sort_by("at")
    found = {
        text: value
        for text, value in zip(written["text"].to_pylist(), written["value"].to_pylist(), strict=True)
        if text.strip()
    }
    texts = list(found)
    return RatedTexts(texts, identify_languages(texts, [None] * len(texts)), moods_of(list(found.values())))


def try_sentiment(in_use: Sentiment, rated: RatedTexts) -> LearnedMood | None:
    """Learn from the older four fifths, judge by the newest fifth, and keep what is surely better.

    Better is a lower log loss with a 95 % interval above none. What is kept has then learned from all. Where the one
    in use learned from some of the judging texts in an earlier round, the guard is the stricter for it.

    Returns:
        None where there are too few ratings: 200 texts, and 20 of each of two moods.
    """
    counts = [rated.moods.count(mood) for mood in MOODS]
    if len(rated.texts) < _MIN_TEXTS or sum(n >= _MIN_OF_A_MOOD for n in counts) < 2:
        return None
    border = int(len(rated.texts) * (1 - _HELD_OUT))
    teach, judge = rated.part(0, border), rated.part(border, len(rated.texts))
    truth = np.array([MOODS.index(mood) for mood in judge.moods])
    new = Sentiment(encoder=in_use.encoder)
    try:
        new.fit(teach.texts, teach.moods, teach.langs, seeds=True)
    except InvalidInput:  # a mood that the older ratings hardly hold
        return None
    old_shares = in_use.predict_proba(judge.texts, judge.langs)
    new_shares = new.predict_proba(judge.texts, judge.langs)
    rows = np.arange(len(truth))
    gain = bootstrap(_surprise(old_shares[rows, truth]) - _surprise(new_shares[rows, truth]))
    is_kept = gain.low > 0
    if is_kept:
        new.fit(rated.texts, rated.moods, rated.langs, seeds=True)
    return LearnedMood(
        sentiment=new if is_kept else in_use,
        is_kept=is_kept,
        before=float((old_shares.argmax(axis=1) == truth).mean()),
        after=float((new_shares.argmax(axis=1) == truth).mean()),
        gain=gain,
        n_texts=(len(teach.texts), len(judge.texts)),
    )


def learn_sentiment(workspace: Workspace, progress: Progress) -> LearnedMood | None:
    """Learn sentiment from the stored rated reviews, and take it over if it reads later ones better.

    A verdict on the same reviews is not sought twice.
    """
    if not workspace.settings.sentiment.encoder:
        return None
    timer = StageTimer(progress, "learn", "sentiment")
    rated = rated_texts(workspace.database.events())
    found = fingerprint(rated.texts, rated.moods, workspace.language_model.model_id, _VERSION)
    if workspace.database.get_state("learned/sentiment") == found:
        timer.add(len(rated.texts), 0, known=len(rated.texts))
        timer.finish()
        return None
    learned = try_sentiment(project_sentiment(workspace), rated)
    if learned is not None:
        metrics = {
            "metric": "accuracy on later ratings",
            "before": learned.before,
            "after": learned.after,
            "gain_in_nats": [learned.gain.value, learned.gain.low, learned.gain.high],
            "n_texts": list(learned.n_texts),
            "is_kept": learned.is_kept,
        }
        if learned.is_kept:
            folder = f"models/sentiment/{found[:12]}"
            learned.sentiment.save(workspace.home / folder)
            workspace.database.save_model("sentiment", {"folder": folder}, metrics, active=True)
        workspace.database.set_state("learning/sentiment", metrics)
    workspace.database.set_state("learned/sentiment", found)
    timer.add(len(rated.texts), int(learned is not None and learned.is_kept))
    timer.finish()
    return learned


def _surprise(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(-np.log(np.maximum(shares, 1e-9)), dtype=np.float64)
