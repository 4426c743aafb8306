"""What posts of the sample world say, and how they name elements."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from modacast.sources.world.chance import pick
from modacast.sources.world.planted import BACKGROUND

__all__ = ["fashion_text", "off_topic_text", "read_data", "spam_text"]

_JOINS_WORDS = frozenset({"en", "ko", "fr"})
_CARRIERS = tuple(e for e in BACKGROUND if e.startswith("garment/"))
_SENTENCE = re.compile(r"(?<=[.?!] )[a-z]")
_SINGULAR = ("my", "the", "a", "that")
_PLURAL = ("my", "the", "these", "those")
_SPAM = (
    "【限时】{n}块抢显瘦鲨鱼裤，{w}姐妹都在穿，回购{m}次！",
    "还没入鲨鱼裤的姐妹注意啦，今天只要{n}元，{w}发货，{m}人已下单",
    "鲨鱼裤鲨鱼裤鲨鱼裤！提臀显瘦，{n}元包邮，{w}专柜同款，剩{m}件",
)


@cache
def read_data(name: str) -> Any:
    """Read a JSON file that comes with the world."""
    return json.loads((files("modacast.sources.world") / "data" / name).read_text(encoding="utf-8"))


def fashion_text(
    rng: np.random.Generator, lang: str, element_ids: Sequence[str], *, day: int, tags: bool
) -> str:
    """Write a post about some elements.

    Args:
        rng: chance.
        lang: a language of `phrases.json`.
        element_ids: any number; companions are added up to two.
        day: of the year, for what is said of the weather.
        tags: whether hash tags may follow.
    """
    words = read_data("phrases.json")[lang]
    wanted = list(element_ids)
    while len(wanted) < 2:
        companion = pick(rng, BACKGROUND)
        if companion not in wanted:
            wanted.append(companion)
    named = [_named(rng, lang, words, element) for element in wanted]
    parts = [
        pick(rng, words["opener"]),
        pick(rng, words["body"]).format(a=named[0], b=named[1]) + words["mark"],
        pick(rng, words["bad" if rng.random() < 0.28 else "good"]) + words["stop"],
        *(pick(rng, words["more"]).format(a=name) for name in named[2:]),
    ]
    if rng.random() < 0.8:
        parts.append(_filled(rng, pick(rng, words["closer"]), words, day))
    if tags and rng.random() < 0.55:
        parts.append(" " + pick(rng, words["tags"]))
    return _joined(parts, lang)


def off_topic_text(rng: np.random.Generator, lang: str, *, day: int) -> str:
    """Write a post about anything but clothes."""
    words = read_data("phrases.json")[lang]
    picked = [pick(rng, words["off"]) for _ in range(2 if rng.random() < 0.5 else 1)]
    return _joined([_filled(rng, text, words, day) for text in dict.fromkeys(picked)], lang)


def spam_text(rng: np.random.Generator) -> str:
    """Write an advertisement for the spam element."""
    words = read_data("phrases.json")["zh"]
    return pick(rng, _SPAM).format(
        n=int(rng.integers(19, 99)), m=int(rng.integers(100, 9999)), w=pick(rng, words["places"])
    )


def _filled(rng: np.random.Generator, text: str, words: dict[str, Any], day: int) -> str:
    warmth = 16 - 12 * np.cos(2 * np.pi * (day - 20) / 365)
    return text.format(
        h=int(rng.integers(150, 179)),
        p=int(rng.integers(8, 90)) * 10 - 1,
        t=round(warmth + rng.normal(0, 3)),
        n=int(rng.integers(2, 60)),
        w=pick(rng, words["places"]),
        x=pick(rng, words["off_x"]),
    )


def _named(rng: np.random.Generator, lang: str, words: dict[str, Any], element_id: str) -> str:
    surfaces = read_data("surfaces.json")
    surface: str = pick(rng, surfaces[element_id][lang])
    facet = element_id.partition("/")[0]
    if facet in {"style", "color", "fabric", "detail"}:
        carrier = pick(rng, surfaces[pick(rng, _CARRIERS)][lang])
        return str(pick(rng, words[f"{facet}_np"])).format(s=surface, g=carrier)
    if lang == "zh" and rng.random() < 0.25:
        return f"{pick(rng, words['colors'])}{surface}"
    if lang == "en":
        is_plural = surface.endswith("s") and not surface.endswith("ss")
        return f"{pick(rng, _PLURAL if is_plural else _SINGULAR)} {surface}"
    return surface


def _joined(parts: Sequence[str], lang: str) -> str:
    if lang not in _JOINS_WORDS:
        return "".join(parts)
    text = " ".join(part.strip() for part in parts)
    return _SENTENCE.sub(lambda start: start.group().upper(), text) if lang == "en" else text
