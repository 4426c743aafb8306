"""BERTopic's topics over time as a peer of the alarms (Grootendorst 2022, "BERTopic").

The topics are fitted once over all texts, later ones too, as its users do: an advantage that the alarms do not have.
The vectors are those of the bundled encoder. A topic alarms when its weekly count bursts by the rule that the plain
z-score follows; the threshold gives as many alarms as modacast raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.bursts import raise_by, threshold_for, z_scores

__all__ = ["Topics", "fit_topics", "tells_of", "topic_alarms"]

_N_WORDS = 10
_WINDOW = 4  # weeks of texts that say what an alarmed topic is about


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of texts.

    Attributes:
        topic: `(n,)` topic of each text, -1 for none.
        words: topic to its words, the most telling first.
    """

    topic: npt.NDArray[np.int64]
    words: dict[int, tuple[str, ...]]


def fit_topics(
    texts: Sequence[str],
    tokens: Sequence[Sequence[str]],
    vectors: npt.NDArray[np.float32],
    *,
    min_topic_size: int = 10,
) -> Topics:
    """Fit BERTopic with its own defaults; words are those that modacast cuts texts into.

    Args:
        texts: `n` texts.
        tokens: their words.
        vectors: `(n, d)`.
        min_topic_size: texts that a topic has at least, BERTopic's default.
    """
    from bertopic import BERTopic
    from sklearn.feature_extraction.text import CountVectorizer
    from umap import UMAP

    model: Any = BERTopic(
        umap_model=UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0),
        vectorizer_model=CountVectorizer(token_pattern=r"[^ ]+", lowercase=False),
        min_topic_size=min_topic_size,
        language=None,
        calculate_probabilities=False,
    )
    joined = [" ".join(words) or text for words, text in zip(tokens, texts, strict=True)]
    topic, _ = model.fit_transform(joined, embeddings=vectors)
    told = {int(k): tuple(word for word, _ in model.get_topic(k)[:_N_WORDS]) for k in set(topic) if k >= 0}
    return Topics(np.asarray(topic, np.int64), told)


def topic_alarms(
    topics: Topics, week: npt.NDArray[np.int64], read: npt.NDArray[np.float64], first: int, n_alarms: int
) -> list[tuple[int, int]]:
    """Get `(week, topic)` of each alarm, as many from week `first` on as modacast raised.

    Args:
        topics: as fitted.
        week: `(n,)` week of each text, from 0.
        read: `(w,)` texts that were read in each week.
        first: the first week that is judged.
        n_alarms: how many alarms there may be from then on.
    """
    n_topics = int(topics.topic.max()) + 1
    counts = np.zeros((max(n_topics, 1), len(read)))
    some = topics.topic >= 0
    np.add.at(counts, (topics.topic[some], week[some]), 1.0)
    scores = z_scores(counts, read)
    return raise_by(scores, counts, threshold_for(scores, counts, first, n_alarms))


def tells_of(
    topics: Topics, topic: int, at: int, word: str, *, texts: Sequence[str], week: npt.NDArray[np.int64]
) -> bool:
    """Whether an alarmed topic tells of a word: its words hold it, or half of its texts of four weeks do."""
    if any(word in told or (len(told) > 1 and told in word) for told in topics.words.get(topic, ())):
        return True
    inside = np.flatnonzero((topics.topic == topic) & (week <= at) & (week > at - _WINDOW))
    return len(inside) > 0 and sum(word in texts[i] for i in inside) >= len(inside) / 2
