"""The walk through the weeks that decides which surprising counts are alarms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from modacast.trends.alarm_rules import AlarmRules
from modacast.trends.history import SEASON
from modacast.trends.stories import Reading, Stories
from modacast.trends.surprise import Surprise

__all__ = ["About", "Alarm", "Kind", "walk"]

About = Callable[[Sequence[str], Sequence[str]], npt.NDArray[np.float32]]

Kind = Literal["new", "rise", "shock"]

_TWICE = (
    2  # seasons, after which a third is no news however high it is; one of them may be the lexicon's word
)
_LIKELY = 0.05  # chance below which an element whose season is known is taken to be in it
_BEFORE = 6  # earlier windows that say how many texts a story usually has
_TRUST = 3.0  # texts, each a story of its own, that these have beside their own


@dataclass(slots=True)
class Alarm:
    """One alarm; the columns of `ALARMS` say what the numbers are."""

    element_id: str
    ds: date
    kind: Kind
    weeks: int
    count: float
    expected: float
    season_count: float
    p: float
    q: float
    first_seen: date
    reading: Reading
    company: float | None = None
    also: list[str] = field(default_factory=list)


def walk(
    found: Surprise,
    stories: Stories,
    rules: AlarmRules,
    *,
    seasonal: Collection[str] = (),
    about: About | None = None,
) -> Iterator[Alarm]:
    """Yield the alarms, week by week, the surest first.

    Args:
        found: how surprising each week of each element is.
        stories: gives the texts.
        rules: when an alarm is raised.
        seasonal: elements whose season is known beforehand.
        about: scores how likely texts, given with their languages, are about fashion; None takes all for that.
    """
    return _Walk(found, stories, rules, frozenset(seasonal), about).run()


class _Walk:
    """Goes through the weeks in order and remembers what has been told."""

    def __init__(
        self,
        found: Surprise,
        stories: Stories,
        rules: AlarmRules,
        seasonal: frozenset[str],
        about: About | None,
    ) -> None:
        self._found = found
        self._stories = stories
        self._rules = rules
        self._seasonal = seasonal
        self._about = about
        self._silent_until: dict[str, int] = {}
        self._recent: list[tuple[int, Alarm]] = []
        self._purse = 0.0

    def run(self) -> Iterator[Alarm]:
        found, rules = self._found, self._rules
        for week in range(len(found.weeks)):
            if rules.budget is not None:
                self._purse = min(self._purse + rules.budget, max(2 * rules.budget, 1.0))
            if not found.is_read[week]:
                continue
            hot = np.flatnonzero((found.q[:, week] <= rules.q) & (found.count[:, week] >= rules.min_count))
            above = np.flatnonzero(found.p[:, week] <= _LIKELY)
            seasons = [found.elements[row] for row in above if found.elements[row] in self._seasonal]
            told: list[Alarm] = []
            for row in hot[np.argsort(found.p[hot, week], kind="stable")]:
                alarm = self._look(int(row), week, told, seasons)
                if alarm is not None:
                    told.append(alarm)
            yield from told

    def _look(self, row: int, week: int, told: list[Alarm], seasons: list[str]) -> Alarm | None:
        """Decide on one element in one week."""
        rules, name = self._rules, self._found.elements[row]
        if self._silent_until.get(name, -1) >= week:
            self._hush(name, week)
            return None
        if self._is_season(row, week):
            return None
        alarm = self._alarm(row, week)
        if alarm is None or self._tells_of_season(alarm, seasons):
            return None
        other = self._same_story(alarm, week)
        if other is not None:
            if name not in other.also and other in told:
                other.also.append(name)
            self._hush(name, week)
            return None
        if rules.budget is not None:
            if self._purse < 1:
                return None
            self._purse -= 1
        self._hush(name, week)
        self._recent.append((week, alarm))
        return alarm

    def _hush(self, name: str, week: int) -> None:
        self._silent_until[name] = week + self._rules.refractory

    def _is_season(self, row: int, week: int) -> bool:
        """Whether an earlier year had the like; an element of known season waits for a year to be held against."""
        found, n_seasons = self._found, self._found.n_seasons[row, week]
        if found.elements[row] in self._seasonal:
            if week < SEASON + found.window[row, week]:
                return True
            n_seasons += 1
        return bool(found.season_p[row, week] > self._rules.season_p or n_seasons >= _TWICE)

    def _tells_of_season(self, alarm: Alarm, seasons: list[str]) -> bool:
        """Whether it rises in the texts of an element whose known season has just begun."""
        ids = {text.id for text in alarm.reading.texts}
        of_season: set[str] = set()
        for name in seasons:
            if name != alarm.element_id:
                of_season |= {text.id for text in self._stories.texts(name, alarm.ds, alarm.weeks)}
        return len(ids & of_season) >= self._rules.same_story * len(ids)

    def _alarm(self, row: int, week: int) -> Alarm | None:
        """Hold the count that is left of the stories against the rules; None where it is too little."""
        found, rules, name = self._found, self._rules, self._found.elements[row]
        width = int(found.window[row, week])
        reading = self._stories.read(name, found.weeks[week], width)
        count = float(found.count[row, week]) * reading.worth
        if min(reading.n_stories, reading.n_voices) < rules.min_stories or count < rules.min_count:
            return None
        if reading.breadth < rules.min_breadth:
            return None
        expected = float(found.expected[row, week]) * self._usual_worth(name, week, width)
        if count < rules.min_ratio * expected:
            return None
        company = self._company(reading)
        if company is not None and company < rules.min_company:
            return None
        first_day = self._stories.first_day(name)
        return Alarm(
            element_id=name,
            ds=found.weeks[week],
            kind=self._kind(row, week, reading),
            weeks=width,
            count=count,
            expected=expected,
            season_count=float(found.season_count[row, week]),
            p=float(found.p[row, week]),
            q=float(found.q[row, week]),
            first_seen=first_day - timedelta(days=first_day.weekday()),
            reading=reading,
            company=company,
        )

    def _kind(self, row: int, week: int, reading: Reading) -> Kind:
        """A shock is told within little more than a week; what was never at a quarter of this rate before is new."""
        if reading.lasting < self._rules.min_lasting:
            return "shock"
        found = self._found
        earlier = found.rate[row, : max(0, week - int(found.window[row, week]) + 1)]
        is_new = len(earlier) == 0 or earlier.max() < 0.25 * found.rate[row, week]
        return "new" if is_new else "rise"

    def _company(self, reading: Reading) -> float | None:
        """The mean chance that what else the texts say is about fashion."""
        if self._about is None:
            return None
        texts = reading.texts
        return float(np.mean(self._about([text.rest for text in texts], [text.lang for text in texts])))

    def _usual_worth(self, name: str, week: int, width: int) -> float:
        """The share that stories leave of the counts of earlier windows, so that like is held against like."""
        worth, n = _TRUST, _TRUST
        for k in range(1, _BEFORE + 1):
            if week - k * width < 0:
                break
            earlier = self._stories.read(name, self._found.weeks[week - k * width], width)
            worth += earlier.worth * len(earlier.texts)
            n += len(earlier.texts)
        return worth / n

    def _same_story(self, alarm: Alarm, week: int) -> Alarm | None:
        """Find an alarm of these weeks that most of the texts belong to."""
        ids = {text.id for text in alarm.reading.texts}
        for then, other in self._recent:
            if week - then > self._rules.refractory:
                continue
            theirs = self._stories.texts(other.element_id, alarm.ds, max(alarm.weeks, week - then + 1))
            if len(ids & {text.id for text in theirs}) >= self._rules.same_story * len(ids):
                return other
        return None
