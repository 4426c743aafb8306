"""The walk through one language's weeks: which runs are words, and new ones, after each week."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from modacast.elements.discovery.grams import Floats64, Keys, Sketch, gram_keys, look_up
from modacast.elements.discovery.likeness import ABOUT_FASHION, Likeness
from modacast.elements.discovery.reading import Texts, Week, read_week
from modacast.elements.discovery.rules import DiscoveryRules
from modacast.elements.discovery.shapes import Occurrences, Shapes, cohesion, occurrences, shapes
from modacast.elements.discovery.stories import count_stories
from modacast.elements.discovery.units import Cutter, Flags, Ints
from modacast.elements.reader import Reader
from modacast.elements.relevance import Relevance

__all__ = ["LanguageWalk", "Run"]

_MIN_LETTERS = 2
_LISTED = 0.3
_COVERED = 0.5
_SHOWN = 40
_OFTEN_ALONE = 2
_PAIR = 2
_LOOSE = frozenset(
    "穿戴洗买卖晒织脱换试选搭做撞画剪抢带送收装套件条双款身顶副只种类号第风系感色型版式女男大小全半多"
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of units that has the shape of a word.

    Attributes:
        text: how it is written, folded.
        n: texts of the window that hold it.
        n_before: texts of the past that hold it.
        growth: rate of the window over that of the past.
        n_stories: separate stories.
        n_authors: known authors; the stories' number where none is known.
        likeness: mean log-odds of its texts' surroundings to be about fashion.
        share: mean relevance of its texts.
        freedom: lower branching entropy of its two sides, nats.
        cohesion: of its weakest split.
        texts: folded texts that hold it, the latest first.
        ids: of their documents.
        day: of the first text in the window.
        head: element number of what it ends with, -1 for none.
        modifier: element number of what it begins with, -1 for none.
    """

    text: str
    n: int
    n_before: int
    growth: float
    n_stories: int
    n_authors: int
    likeness: float
    share: float
    freedom: float
    cohesion: float
    texts: tuple[str, ...]
    ids: tuple[str, ...]
    day: date
    head: int
    modifier: int

    @property
    def is_new(self) -> bool:
        """Whether the past had hardly any of it."""
        return self.n_before * 2 <= self.n


@dataclass(frozen=True, slots=True)
class _Chosen:
    keys: Keys
    size: Ints
    unit: Ints
    n: Floats64
    before: Floats64
    growth: Floats64
    likeness: Floats64

    def where(self, keep: Flags | Ints) -> _Chosen:
        names = self.__slots__
        return _Chosen(*(getattr(self, name)[keep] for name in names))


class LanguageWalk:
    """Reads the weeks of one language, one after the other.

    Args:
        lang: language code.
        reader: finds what the lexicon knows.
        relevance: tells how likely texts are about fashion.
        rules: when a run is a word, and new.

    Attributes:
        likeness: what it has learned of the surroundings of fashion.
        weeks: the window, the week read last at its end.
    """

    def __init__(self, lang: str, reader: Reader, relevance: Relevance, rules: DiscoveryRules) -> None:
        self.lang = lang
        self._relevance = relevance
        self.likeness = Likeness()
        self.weeks: deque[Week] = deque()
        self._past: deque[Week] = deque()
        self._reader = reader
        self._rules = rules
        self._cutter = Cutter(lang)
        self._sketch = Sketch()
        self.n_weeks = 0
        self._firsts: list[tuple[date, str]] = []

    def read(self, given: Texts) -> None:
        """Read the next week; weeks without texts are read too, as empty ones."""
        if self.weeks:  # a week teaches once the next one comes, so that what is judged was not learned
            self.likeness.learn(self.weeks[-1].units, self.weeks[-1].given.relevance)
        units = self._cutter.cut(given.texts)
        score = self.likeness.score(units, len(given.texts))
        week = read_week(given, self.lang, units, self._reader, score)
        self._sketch.add(week.grams)
        self.weeks.append(week)
        self.n_weeks += 1
        if len(self.weeks) > self._rules.window:
            old = self.weeks.popleft()
            self._sketch.add(old.grams, -1)
            self._past.append(old)
            if len(self._past) > self._rules.past:
                self._past.popleft()
        self._firsts.append((given.ds, units.text))

    def first_seen(self, word: str) -> date:
        """Get the Monday of the first week that was read in which a folded word stands."""
        return next(ds for ds, text in self._firsts if word in text)

    def surroundings(self, texts: Sequence[str]) -> Floats64:
        """Get what says of masked texts how like fashion they are without the word: likeness and relevance, `(n, 2)`."""
        likeness = self.likeness.score(self._cutter.cut(texts), len(texts))
        relevance = self._relevance(texts, [self.lang] * len(texts))
        return np.stack([likeness, relevance.astype(np.float64)], axis=1)

    def words(self, *, growing: bool = True) -> list[Run]:
        """Get the runs of the last week that have the shape of a word and that the lexicon lacks.

        Args:
            growing: whether only those that the past hardly had are wanted, else those that it had.
        """
        if not self.weeks or (self._past and not self.likeness.n_fashion):
            return []
        chosen = self._grown(growing)
        if not len(chosen.keys):
            return []
        loud = chosen.n >= self._rules.loud
        chosen = chosen.where(loud | (chosen.likeness >= self._bar()))
        weeks = list(self.weeks)
        found = occurrences(chosen.keys, weeks)
        shape = shapes(found, chosen.size, weeks)
        keep = np.flatnonzero(self._is_word(shape))
        firm = self._cohesion(chosen.where(keep))
        holds = firm >= self._rules.min_cohesion
        keep, firm = keep[holds], firm[holds]
        alone = ~self._is_composed(chosen, shape, keep)
        keep, firm = keep[alone], firm[alone]
        runs = self._runs(chosen, found, shape, keep, firm)
        return [run for run in runs if min(run.n_stories, run.n_authors) >= self._rules.min_stories]

    def _bar(self) -> float:
        """Get the likeness that a word's texts need on average: `reach` times as many texts have it as are fashion."""
        scores = np.concatenate([week.score for week in self.weeks])
        relevance = np.concatenate([week.given.relevance for week in self.weeks])
        share = self._rules.reach * float(np.mean(relevance >= ABOUT_FASHION))
        return float(np.quantile(scores, 1 - share)) if share < 1 else -np.inf

    def _grown(self, growing: bool) -> _Chosen:
        """Get the runs of the last week that stand often enough in the window, and too seldom in the past."""
        week, rules = self.weeks[-1], self._rules
        grams = week.grams
        unit = grams.first[grams.offset[:-1]]
        may = self._sketch.at_least(grams.keys, rules.min_texts)
        may &= (grams.size > 1) | (week.units.is_word[unit] & week.units.may_end[unit])
        may &= week.units.end[unit + grams.size - 1] - week.units.start[unit] >= _MIN_LETTERS
        at = np.flatnonzero(may)
        keys = grams.keys[at]
        n, weight = np.zeros(len(keys)), np.zeros(len(keys))
        for other in self.weeks:
            place = look_up(keys, other.grams)
            held = place >= 0
            n[held] += other.grams.n[place[held]]
            weight[held] += other.grams.weight[place[held]]
        often = n >= rules.min_texts
        at, keys, n, weight = at[often], keys[often], n[often], weight[often]
        before = np.zeros(len(keys))
        for other in self._past:
            place = look_up(keys, other.grams)
            held = place >= 0
            before[held] += other.grams.n[place[held]]
        window = sum(len(w.given.texts) for w in self.weeks)
        past = sum(len(w.given.texts) for w in self._past)
        growth = (n / max(window, 1)) / ((before + 0.5) / max(past, 1)) if past else np.full(len(n), np.inf)
        wanted = growth >= rules.min_growth if growing else growth < rules.min_growth
        return _Chosen(keys, grams.size[at], unit[at], n, before, growth, weight / n).where(wanted)

    def _is_word(self, shape: Shapes) -> Flags:
        rules = self._rules
        free = np.minimum(shape.left, shape.right) >= rules.min_freedom
        loose = np.maximum(shape.left_share, shape.right_share) <= rules.max_bound
        aligned = shape.aligned >= rules.min_aligned
        return np.asarray(free & loose & aligned & (shape.listed < _LISTED) & (shape.covered < _COVERED))

    def _is_composed(self, chosen: _Chosen, shape: Shapes, keep: Ints) -> Flags:
        """Mark runs that are a known word beside one that is often said without it, or beside a single character."""
        week = self.weeks[-1]
        composed = np.zeros(len(keep), np.bool_)
        rests: list[tuple[int, int, int]] = []
        for i, number in enumerate(keep.tolist()):
            first, size = int(chosen.unit[number]), int(chosen.size[number])
            start, end = int(week.units.start[first]), int(week.units.end[first + size - 1])
            inner = range(first + 1, first + size)
            if shape.head[number] >= 0 and week.known_end[end] > start + 1:
                cut = next((j for j in inner if week.units.start[j] == week.known_end[end] - 1), None)
                rests += [] if cut is None else [(i, first, cut - first)]
            if shape.modifier[number] >= 0 and start < week.known_start[start] < end:
                cut = next((j for j in inner if week.units.start[j] == week.known_start[start]), None)
                rests += [] if cut is None else [(i, cut, first + size - cut)]
        for i, first, size in rests:
            number = keep[i]
            if size == 1 and not week.units.is_word[first]:
                # one character beside a known word: `穿羽绒服` and `尾裙` are no names, `新中式` may be one
                text = week.units.surface(first, 1)
                composed[i] |= text in _LOOSE or chosen.size[number] == _PAIR
                continue
            key = gram_keys(week.units.id[first : first + size], size)
            n = sum(
                int(w.grams.n[place[0]])
                for w in (*self.weeks, *self._past)
                if (place := look_up(key, w.grams))[0] >= 0
            )
            composed[i] |= n >= _OFTEN_ALONE * (chosen.n[number] + chosen.before[number])
        return composed

    def _cohesion(self, chosen: _Chosen) -> Floats64:
        units = self.weeks[-1].units
        ids = [
            units.id[unit : unit + size]
            for unit, size in zip(chosen.unit.tolist(), chosen.size.tolist(), strict=True)
        ]
        weeks = [*self.weeks, *self._past]
        n_texts = sum(len(week.given.texts) for week in weeks)
        return cohesion(ids, chosen.n + chosen.before, weeks, max(n_texts, 2))

    def _runs(
        self, chosen: _Chosen, found: Occurrences, shape: Shapes, keep: Ints, firm: Floats64
    ) -> Iterator[Run]:
        units = self.weeks[-1].units
        order = np.argsort(found.gram, kind="stable")
        begin = np.searchsorted(found.gram[order], keep)
        end = np.searchsorted(found.gram[order], keep, side="right")
        for i, number in enumerate(keep.tolist()):
            places = order[begin[i] : end[i]][::-1]
            text = units.surface(int(chosen.unit[number]), int(chosen.size[number]))
            weeks = [self.weeks[int(w)] for w in found.week[places]]
            docs = found.doc[places].tolist()
            lines = tuple(w.line(doc) for w, doc in zip(weeks[:_SHOWN], docs, strict=False))
            authors = {w.given.authors[doc] for w, doc in zip(weeks, docs, strict=True)} - {None}
            n_stories = count_stories(lines, text)
            yield Run(
                text=text,
                n=int(chosen.n[number]),
                n_before=int(chosen.before[number]),
                growth=float(chosen.growth[number]),
                n_stories=n_stories,
                n_authors=len(authors) or n_stories,
                likeness=float(chosen.likeness[number]),
                share=float(np.mean([w.given.relevance[doc] for w, doc in zip(weeks, docs, strict=True)])),
                freedom=float(min(shape.left[number], shape.right[number])),
                cohesion=float(firm[i]),
                texts=lines,
                ids=tuple(w.given.ids[doc] for w, doc in zip(weeks[:_SHOWN], docs, strict=False)),
                day=min(w.given.days[doc] for w, doc in zip(weeks, docs, strict=True)),
                head=int(shape.head[number]),
                modifier=int(shape.modifier[number]),
            )
