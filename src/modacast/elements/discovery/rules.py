"""When a run of characters or words counts as a new word."""

from __future__ import annotations

from dataclasses import dataclass

from modacast.errors import InvalidInput

__all__ = ["DiscoveryRules"]


@dataclass(frozen=True, slots=True)
class DiscoveryRules:
    """When a word is new, a word, and about fashion.

    The thresholds were chosen with hidden words of the lexicon on Weibo titles before July 2022; `min_growth`,
    `story_weight`, `floor` and `min_surroundings` with the known cases of the benchmark in view as well.

    Attributes:
        window: weeks that are looked at together.
        past: weeks before the window that a word is compared with.
        warm_up: weeks that are read before the first word is told; nothing is known to be new before.
        min_texts: fewest texts in the window.
        min_stories: fewest separate stories (texts that share most of their other words are one) and authors.
        min_growth: smallest ratio of the rate in the window to that in the past; 0 for words of any age.
        min_freedom: smallest branching entropy on either side, in nats.
        max_bound: largest share of one neighbour.
        min_aligned: smallest share of places where both ends are borders of words.
        min_cohesion: smallest normalised pointwise mutual information of the weakest split.
        reach: a word goes on where its texts are as like fashion as the best texts of the window, `reach` times as
            many as are about fashion.
        min_probability: smallest probability of being a word of fashion, by the language model, of a word that the
            fewest stories tell of.
        story_weight: log-odds that each e-fold of more stories makes up for; 0 asks the same of all words.
        loud: texts from which a word is looked at however little like fashion its texts are; more stories than this
            count as so many.
        min_surroundings: smallest mean relevance of the texts of a word that is not loud.
        floor: smallest probability of any word, however many stories tell of it.
        min_share: smallest probability by the texts alone, where there is no language model or too few examples.
        refit: weeks after which the judgement of what is fashion is learned anew.
        n_evidence: most texts that are named as evidence.
        seed: decides what the judgement is learned from.
    """

    window: int = 8
    past: int = 52
    warm_up: int = 26
    min_texts: int = 3
    min_stories: int = 3
    min_growth: float = 5.0
    min_freedom: float = 0.6
    max_bound: float = 0.6
    min_aligned: float = 0.5
    min_cohesion: float = 0.2
    reach: float = 15.0
    min_probability: float = 0.9
    story_weight: float = 1.6
    loud: int = 12
    min_surroundings: float = 0.1
    floor: float = 0.5
    min_share: float = 0.5
    refit: int = 26
    n_evidence: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        whole = {"window": self.window, "past": self.past, "min_texts": self.min_texts, "refit": self.refit}
        for name, value in whole.items():
            if value < 1:
                raise InvalidInput(f"discovery: {name} must be at least 1, got {value}")
        shares = {
            "max_bound": self.max_bound,
            "min_aligned": self.min_aligned,
            "min_probability": self.min_probability,
            "min_surroundings": self.min_surroundings,
            "floor": self.floor,
            "min_share": self.min_share,
        }
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise InvalidInput(f"discovery: {name} lies in [0, 1], got {share}")
