"""When an alarm is raised."""

from __future__ import annotations

from dataclasses import dataclass

from modacast.errors import InvalidInput
from modacast.trends.surprise import WINDOWS

__all__ = ["AlarmRules"]


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """When an alarm is raised.

    Attributes:
        q: largest false discovery rate in (0, 1].
        min_count: fewest weighted texts.
        min_stories: fewest separate stories, and fewest authors, those who repeat others not counted.
        min_breadth: smallest effective number of stories, of voices and of days (`Reading.breadth`).
        min_lasting: effective number of weeks (`Reading.lasting`) below which an alarm is called a shock, as one event
            may be all that there is to it.
        min_ratio: smallest count over expectation.
        min_company: smallest mean chance that its texts, without the words that name the element, are about fashion;
            looked at where `alarms` is told how to score texts.
        season_p: an earlier year's season explains a count that is likelier than this beside it.
        refractory: weeks without surprise after which an element may alarm again.
        budget: alarms a week that are raised on average; what is less sure waits. None for no limit.
        same_story: share of the texts from which two elements' alarms are one.
        windows: weeks that are looked at together.
        n_evidence: most texts that an alarm shows.
    """

    q: float = 0.1
    min_count: float = 3.0
    min_stories: int = 3
    min_breadth: float = 2.0
    min_lasting: float = 1.5
    min_ratio: float = 2.0
    min_company: float = 0.2
    season_p: float = 0.01
    refractory: int = 13
    budget: float | None = 2.0
    same_story: float = 0.5
    windows: tuple[int, ...] = WINDOWS
    n_evidence: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.q <= 1 or not 0 < self.season_p <= 1 or self.refractory < 1:
            raise InvalidInput(
                f"alarms: q and season_p lie in (0, 1] and refractory is >= 1, got {self.q}, {self.season_p}, "
                f"{self.refractory}"
            )
        if not self.windows or min(self.windows) < 1 or (self.budget is not None and self.budget <= 0):
            raise InvalidInput(
                f"alarms: windows must be >= 1 week and the budget above 0, got {self.windows}, {self.budget}"
            )
