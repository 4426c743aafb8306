"""How many separate stories texts tell: texts that share most of their other words are one."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MASK", "count_stories", "masked"]

MASK = "〇"
_SAME = 0.5
_MOST = 60


def masked(text: str, word: str) -> str:
    """Get a folded text with a mark where a word stood."""
    return text.replace(word, MASK)


def count_stories(texts: Sequence[str], word: str) -> int:
    """Count the stories among texts that hold a word; of more than 60 texts, the first 60 are looked at.

    Two texts tell one story where half of the pairs of characters of the shorter one, without the word, are in
    the other. A text with hardly anything beside the word tells none of its own, after the first such.

    >>> count_stories(["多巴胺穿搭", "多巴胺穿搭!", "关晓彤的多巴胺眼镜"], "多巴胺")
    2
    """
    stories: list[set[str]] = []
    for text in texts[:_MOST]:
        rest = masked(text, word)
        pairs = {rest[i : i + 2] for i in range(len(rest) - 1)}
        if not any(_is_same(pairs, story) for story in stories):
            stories.append(pairs)
    return len(stories)


def _is_same(a: set[str], b: set[str]) -> bool:
    return len(a & b) >= _SAME * max(1, min(len(a), len(b)))
