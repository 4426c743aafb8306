"""The posts of the sample world: hand-written ones, generated ones, and one burst of spam."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from modacast.sources.world.chance import pick, stream
from modacast.sources.world.phrasing import fashion_text, off_topic_text, spam_text
from modacast.sources.world.planted import PLANTED, share

__all__ = ["END", "N_WEEKS", "SOURCES", "Post", "make_posts"]

END = date(2024, 3, 4)
"""The Monday after the last week of the world as it comes."""

N_WEEKS = 104
_OFF_TOPIC = 0.06
_MOST_ELEMENTS = 4
_N_SPAM = 45
_EARLY_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class _Outlet:
    """One source.

    Attributes:
        volume: posts relative to the others, in the first and in the second year.
        langs: language to share.
        leaning: element id to how much more it is talked about here.
        regions: where its people are.
        n_authors: how many they are.
    """

    volume: tuple[float, float]
    langs: dict[str, float]
    leaning: dict[str, float]
    regions: dict[str, tuple[str, ...]]
    n_authors: int
    has_tags: bool = False


_REGIONS = {
    "zh": ("上海", "北京", "广东", "浙江", "四川", "江苏", "陕西", "湖北"),
    "en": ("US", "GB", "CA", "AU", "SG"),
    "ja": ("JP",),
    "ko": ("KR",),
    "fr": ("FR", "CA"),
}
SOURCES: dict[str, _Outlet] = {
    "atelier": _Outlet((0.4, 0.4), {"zh": 0.5, "en": 0.34, "fr": 0.08, "ja": 0.08}, {}, _REGIONS, 60),
    "threadline": _Outlet(
        (0.45, 0.9),
        {"en": 0.95, "fr": 0.05},
        {"style/neo-chinese": 0.6, "garment/mamian-skirt": 0.7, "style/gorpcore": 1.3, "fabric/suede": 1.2},
        _REGIONS,
        420,
    ),
    "weiyu": _Outlet(
        (1.0, 1.0),
        {"zh": 0.95, "ja": 0.025, "ko": 0.025},
        {"style/gorpcore": 0.9},
        _REGIONS,
        700,
        has_tags=True,
    ),
}
"""A blog feed, a forum that doubles after a year, and a microblog, all invented."""


@dataclass(frozen=True, slots=True)
class Post:
    """One post as its source shows it.

    Attributes:
        source: a key of `SOURCES`.
        element_ids: what was planted in the text; none in off-topic and hand-written posts.
        kind: `"fashion"`, `"off-topic"`, `"spam"` or `"hand-written"`.
    """

    id: str
    source: str
    text: str
    lang: str | None
    published_at: datetime
    author: str
    region: str | None
    engagement: float | None
    kind: str
    element_ids: tuple[str, ...] = ()


def make_posts(seed: int, n_posts: int, end: date) -> list[Post]:
    """Get all posts, ordered by source and time.

    Args:
        seed: of the world.
        n_posts: how many to generate; the hand-written ones and the spam come on top.
        end: the Monday after the last week.
    """
    posts = [*_generated(seed, n_posts, end), *_hand_written(end), *_spam(seed, end)]
    return sorted(posts, key=lambda post: (post.source, post.published_at, post.id))


def _generated(seed: int, n_posts: int, end: date) -> Iterator[Post]:
    rng = stream(seed, "posts")
    start = end - timedelta(weeks=N_WEEKS)
    cells = [(name, week) for name in SOURCES for week in range(N_WEEKS)]
    volume = np.array([SOURCES[name].volume[2 * week // N_WEEKS] for name, week in cells])
    counts = np.diff(np.floor(np.append(0.0, np.cumsum(volume)) * n_posts / volume.sum() + 1e-9)).astype(int)
    weeks = np.arange(N_WEEKS, dtype=np.float64)
    days = np.array([(start + timedelta(weeks=w)).timetuple().tm_yday + 3.0 for w in range(N_WEEKS)])
    shares = {element: share(element, N_WEEKS - 1 - weeks, days) for element in PLANTED}
    number = 0
    for (name, week), count in zip(cells, counts, strict=True):
        chances = {e: float(shares[e][week]) * SOURCES[name].leaning.get(e, 1.0) for e in PLANTED}
        for _ in range(count):
            number += 1
            minute = int(rng.integers(7 * 24 * 60))
            moment = _instant(start) + timedelta(weeks=week, minutes=minute, seconds=int(rng.integers(60)))
            yield _post(rng, name, number, moment, chances)


def _post(
    rng: np.random.Generator, source: str, number: int, moment: datetime, chances: dict[str, float]
) -> Post:
    outlet = SOURCES[source]
    lang = str(rng.choice(list(outlet.langs), p=list(outlet.langs.values())))
    named = [element for element, chance in chances.items() if rng.random() < chance]
    if len(named) > _MOST_ELEMENTS:
        named = [named[i] for i in rng.permutation(len(named))[:_MOST_ELEMENTS]]
    is_off = rng.random() < _OFF_TOPIC
    day = moment.timetuple().tm_yday
    if is_off:
        text = off_topic_text(rng, lang, day=day)
    else:
        text = fashion_text(rng, lang, named, day=day, tags=outlet.has_tags)
    return Post(
        id=f"{source[:2]}-{number:05d}",
        source=source,
        text=text,
        lang=lang if rng.random() < 0.5 else None,
        published_at=moment,
        author=_author(rng, source, outlet.n_authors, named),
        region=pick(rng, outlet.regions[lang]) if rng.random() < 0.8 else None,
        engagement=float(int(rng.lognormal(3.0 + 0.4 * bool(named), 1.3))) if rng.random() < 0.9 else None,
        kind="off-topic" if is_off else "fashion",
        element_ids=() if is_off else tuple(named),
    )


def _author(rng: np.random.Generator, source: str, n_authors: int, named: list[str]) -> str:
    """Get an author; the first tenth are early adopters, who write of what is new more than others do."""
    is_new = any(PLANTED[element].stage in {"emerging", "rising"} for element in named)
    n_early = n_authors // 10
    if rng.random() < (2 * _EARLY_SHARE if is_new else _EARLY_SHARE / 2):
        return f"{source}_scout{int(rng.integers(n_early)):03d}"
    return f"{source}_u{int(n_authors * rng.random() ** 1.5):04d}"


def _spam(seed: int, end: date) -> Iterator[Post]:
    """One author, and a few accounts that copy them, within three weeks near the end."""
    rng = stream(seed, "spam")
    first = _instant(end) - timedelta(weeks=5)
    texts = [spam_text(rng) for _ in range(_N_SPAM // 4)]
    for number in range(_N_SPAM):
        author = "weiyu_dealz88" if rng.random() < 0.8 else f"weiyu_dealz88_{int(rng.integers(1, 6))}"
        yield Post(
            id=f"sp-{number:05d}",
            source="weiyu",
            text=pick(rng, texts),
            lang=None,
            published_at=first + timedelta(minutes=int(rng.integers(3 * 7 * 24 * 60))),
            author=author,
            region=None,
            engagement=float(rng.integers(0, 3)),
            kind="spam",
        )


@cache
def _written() -> tuple[dict[str, Any], ...]:
    path = files("modacast.sources.world") / "data" / "posts.jsonl"
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line)


def _hand_written(end: date) -> Iterator[Post]:
    for row in _written():
        yield Post(
            id=row["id"],
            source=row["source"],
            text=row["text"],
            lang=None,
            published_at=datetime.fromisoformat(row["published_at"]) + (end - END),
            author=row["author"],
            region=row["region"],
            engagement=row["engagement"],
            kind="hand-written",
        )


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
