"""The walk through all texts, week by week, without a look ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from modacast.elements.discovery.judge import Encode, Judge
from modacast.elements.discovery.language import LanguageWalk, Run
from modacast.elements.discovery.lessons import Lessons, examples_of
from modacast.elements.discovery.naming import Namer, word_id
from modacast.elements.discovery.nearby import is_nearby
from modacast.elements.discovery.new_words import NEW_WORDS
from modacast.elements.discovery.reading import Texts
from modacast.elements.discovery.rules import DiscoveryRules
from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.relevance import Relevance
from modacast.elements.tagger import Tagger
from modacast.errors import InvalidInput
from modacast.types import Floats

__all__ = ["Discovery", "discover"]

_COLUMNS = ("id", "text", "lang", "published_at", "relevance")
_LESSON_EVERY = 4
_AGAIN_AFTER = 4
# of 350 elements' Chinese and English names, centred: two in 100,000 pairs of different ones lie so near, every
# fifth pair of the same one does
_SAME_MEANING = 0.5
_STYLE_ENDINGS = {"zh": ("风格", "穿搭", "风"), "ja": ("コーデ", "風"), "ko": ("룩", "코어"), "en": ("core",)}
_SURE_OF_STYLE = 0.9
_SHORTEST_STYLE = 2


@dataclass(slots=True)
class _Tried:
    """A word that was judged and not found: when, and with how many texts."""

    week: int
    n: int


class Discovery:
    """Finds new words of fashion as the weeks come in.

    Each call of `read` takes the documents of one or more whole weeks, later than all before, and gives the words
    that are known to be new after each of them. Nothing looks ahead: the same words come out however many weeks
    are given at once.

    Args:
        lexicon: what is known already.
        encode: a language model, texts to `(n, d)` vectors, best `encoder.encode_query`; None for counts alone,
            which is fast and lets through most of what stands in texts about fashion.
        rules: when a word is new, and a word.
        since: weeks before this Monday are read, to know the past, but not searched.
        known: words that were found before and are not wanted again, with their probability of being fashion.

    >>> from modacast.elements import Lexicon
    >>> from modacast.types import DOCUMENTS
    >>> Discovery(Lexicon.load()).read(DOCUMENTS.empty_table()).num_rows
    0
    """

    def __init__(
        self,
        lexicon: Lexicon,
        encode: Encode | None = None,
        rules: DiscoveryRules | None = None,
        *,
        since: date | None = None,
        known: Mapping[str, float] | None = None,
    ) -> None:
        self.lexicon = lexicon
        self.rules = rules or DiscoveryRules()
        self._tagger = Tagger(lexicon)
        self._encode = encode
        self._languages: dict[str, _Language] = {}
        self._since = since
        self._known_words = {fold(word): sure for word, sure in (known or {}).items()}
        self._last: date | None = None

    def read(self, documents: pa.Table, *, until: date | None = None) -> pa.Table:
        """Read the next weeks.

        Args:
            documents: a table with the columns `id`, `text`, `lang`, `published_at` and `relevance` of
                `DOCUMENTS`, `author_key` where it is known; texts that are not about fashion should be among
                them, so that what is said of everything can be told from what is said of fashion. Rows without
                a text or a date are passed over.
            until: the last week to read, any day of it; weeks without texts are read as well.

        Returns:
            `NEW_WORDS`, by week of detection, the surest first.

        Raises:
            InvalidInput: a column is missing, or documents are of a week that was read before.
        """
        weeks = _weeks(documents)
        if weeks and self._last is not None and min(weeks) <= self._last:
            raise InvalidInput(
                f"discovery reads weeks in order: the last one read was {self._last}, got {min(weeks)}; give "
                "whole weeks, each once"
            )
        last = max(
            [*weeks, *([] if until is None else [until - timedelta(days=until.weekday())])], default=None
        )
        rows: list[dict[str, Any]] = []
        if last is None:
            return NEW_WORDS.empty_table()
        week = min(weeks, default=last) if self._last is None else self._last + timedelta(weeks=1)
        while week <= last:
            rows += self._week(week, weeks.get(week, {}))
            self._last = week
            week += timedelta(weeks=1)
        return pa.Table.from_pylist(rows, schema=NEW_WORDS)

    def _week(self, ds: date, by_language: dict[str, Texts]) -> list[dict[str, Any]]:
        for lang in by_language.keys() - self._languages.keys():
            self._languages[lang] = _Language(lang, self._tagger, self._encode, self.rules)
            self._languages[lang].leave_out(self._known_words)
        rows: list[dict[str, Any]] = []
        search = self._since is None or ds >= self._since
        for lang, language in self._languages.items():
            given = by_language.get(lang) or Texts(ds, (), (), (), (), np.zeros(0))
            new = language.read(given, search=search)
            for row in new:
                row["same_as"] = self._same_as(row, language)
            rows += new
        return sorted(rows, key=lambda row: -float(row["probability"]))

    def _same_as(self, row: dict[str, Any], language: _Language) -> list[str]:
        """Get the words of other languages, found before, that are written alike or mean the same."""
        mine = language.vectors.get(row["id"])
        same = []
        for lang, other in self._languages.items():
            alike = word_id(lang, row["text"])
            same += [
                known
                for known, vector in other.vectors.items()
                if other is not language
                and (known == alike or (mine is not None and float(mine @ vector) >= _SAME_MEANING))
            ]
        return sorted(same)


def discover(
    documents: pa.Table,
    lexicon: Lexicon,
    encode: Encode | None = None,
    rules: DiscoveryRules | None = None,
    *,
    since: date | None = None,
) -> pa.Table:
    """Find the new words of a whole corpus, as `Discovery` finds them week by week.

    Args:
        documents: see `Discovery.read`.
        lexicon: what is known already.
        encode: see `Discovery`.
        rules: see `Discovery`.
        since: only words that were found in this week or later.

    Returns:
        `NEW_WORDS`, by week of detection, the surest first.
    """
    found = Discovery(lexicon, encode, rules).read(documents)
    if since is None:
        return found
    import pyarrow.compute as pc

    return found.filter(pc.greater_equal(found["ds"], pa.scalar(since, pa.date32())))


class _Language:
    """What is known of one language's words."""

    def __init__(self, lang: str, tagger: Tagger, encode: Encode | None, rules: DiscoveryRules) -> None:
        self.lang = lang
        self._rules = rules
        lexicon, reader = tagger.lexicon, tagger.reader
        self._walk = LanguageWalk(lang, reader, Relevance(tagger), rules)
        self._lessons = Lessons(lang, lexicon, reader, rules.seed)
        self._judge = None if encode is None else Judge(encode, seed=rules.seed)
        self._namer = Namer(lang, lexicon, reader, encode)
        self._fitted_at = -(10**6)
        self._found: set[str] = set()
        self._styles: dict[str, float] = {}  # what words of a style begin with, and how sure the words were
        self._tried: dict[str, _Tried] = {}

    @property
    def vectors(self) -> Mapping[str, Floats]:
        """Centred vectors of the words that were found."""
        return self._namer.vectors

    def leave_out(self, words: Mapping[str, float]) -> None:
        """Take words as found before."""
        self._found.update(words)
        for word, probability in words.items():
            self._learn_style(word, probability)

    def read(self, given: Texts, *, search: bool = True) -> list[dict[str, Any]]:
        """Read a week and get the words that are found after it, if it is to be searched."""
        walk, rules = self._walk, self._rules
        walk.read(given)
        if self._judge is not None:
            self._lessons.read(walk)
        if walk.n_weeks <= rules.window:
            return []
        if self._judge is not None and walk.n_weeks % _LESSON_EVERY == 0 and rules.min_growth > 0:
            self._lessons.add_others(examples_of(walk.words(growing=False), walk))
        runs = [run for run in walk.words() if run.text not in self._found]
        rows = self._judged(runs) if search and walk.n_weeks > rules.warm_up else []
        if self._judge is not None:
            self._lessons.add_others(examples_of(runs, walk))
        return rows

    def _judged(self, runs: Sequence[Run]) -> list[dict[str, Any]]:
        runs = [
            run
            for run in runs
            if (run.n >= self._rules.loud or run.share >= self._rules.min_surroundings or self._judge is None)
            and self._is_due(run)
            and not self._holds_found(run)
            and not is_nearby(run.text, self.lang)
        ]
        if not runs:
            return []
        if self._judge is not None and self._walk.n_weeks - self._fitted_at >= self._rules.refit:
            self._judge.fit(self._lessons.examples(sorted(self._found)))
            self._fitted_at = self._walk.n_weeks
        examples = examples_of(runs, self._walk)
        judgement = None
        if self._judge is not None and self._judge.is_fitted:
            judgement = self._judge.judge(examples)
            probability = judgement.probability
            good = [i for i, run in enumerate(runs) if self._is_fashion(run, float(probability[i]))]
        else:
            probability = np.array([max(run.share, _chance(run.likeness)) for run in runs])
            good = np.flatnonzero(probability >= self._rules.min_share).tolist()
        for i in set(range(len(runs))) - set(good):
            self._tried[runs[i].text] = _Tried(self._walk.n_weeks, runs[i].n)
        found = [runs[i].text for i in good]
        kept = [i for i in good if not any(t != runs[i].text and t in runs[i].text for t in found)]
        if not kept:
            return []
        rows = self._namer.rows(
            [runs[i] for i in kept],
            probability[kept],
            self._walk,
            None if judgement is None else judgement.where(kept),
            self._rules.n_evidence,
        )
        for row, i in zip(rows, kept, strict=True):
            row["variants"] = sorted(
                t for t in {*self._found, *found} if t != runs[i].text and runs[i].text in t
            )
            if not self._learn_style(runs[i].text, row["probability"]):
                self._name_as_style(runs[i].text, row)
        self._found.update(found)
        return rows

    def _learn_style(self, word: str, probability: float) -> bool:
        """Keep what a word of a style begins with, if it is one: 美拉德 of 美拉德风."""
        ending = next(filter(word.endswith, _STYLE_ENDINGS.get(self.lang, ())), "")
        stem = word.removesuffix(ending)
        if not ending or len(stem) < _SHORTEST_STYLE:
            return False
        self._styles[stem] = max(probability, self._styles.get(stem, 0.0))
        return True

    def _name_as_style(self, word: str, row: dict[str, Any]) -> None:
        """Take what a word of a style began with for that style, as surely as the longer word."""
        if word in self._styles and row["parent"] is None:
            row["probability"] = max(row["probability"], self._styles[word])
            row["facet"], row["facet_probability"] = "style", _SURE_OF_STYLE

    def _holds_found(self, run: Run) -> bool:
        """Whether a word is one that was found before, with more around it."""
        return any(word in run.text for word in self._found)

    def _is_fashion(self, run: Run, probability: float) -> bool:
        """Whether the judge is sure enough of a word: the more stories tell of it, the less sure it has to be."""
        rules = self._rules
        if probability < rules.floor:
            return False
        more = min(run.n_stories, run.n_authors, rules.loud) / rules.min_stories
        return _log_odds(probability) + rules.story_weight * np.log(more) >= _log_odds(rules.min_probability)

    def _is_due(self, run: Run) -> bool:
        """Whether a word was never judged, or has gained in texts or time since."""
        tried = self._tried.get(run.text)
        return tried is None or run.n >= 2 * tried.n or self._walk.n_weeks - tried.week >= _AGAIN_AFTER


def _log_odds(probability: float) -> float:
    within = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log(within / (1 - within)))


def _chance(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def _weeks(documents: pa.Table) -> dict[date, dict[str, Texts]]:
    """Cut documents into weeks and languages."""
    for name in _COLUMNS:
        if name not in documents.column_names:
            raise InvalidInput(
                f"documents lack the column {name!r}; they have {', '.join(documents.column_names) or 'none'}"
            )
    authors = (
        documents["author_key"] if "author_key" in documents.column_names else pa.nulls(documents.num_rows)
    )
    columns = [*(documents[name].to_pylist() for name in _COLUMNS), authors.to_pylist()]
    parts: dict[tuple[date, str], list[tuple[Any, ...]]] = defaultdict(list)
    for id_, text, lang, at, relevance, author in zip(*columns, strict=True):
        if text and at is not None:
            day = at.date() if hasattr(at, "date") else at
            monday = day - timedelta(days=day.weekday())
            parts[monday, lang or ""].append((id_, text, author, day, relevance or 0.0))
    weeks: dict[date, dict[str, Texts]] = defaultdict(dict)
    for (monday, lang), rows in parts.items():
        ids, texts, keys, days, relevance = zip(*rows, strict=True)
        weeks[monday][lang] = Texts(monday, ids, texts, keys, days, np.array(relevance, np.float64))
    return dict(weeks)
