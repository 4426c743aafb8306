"""Stars and words become moods."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modacast.elements.seeds import MOODS, Mood
from modacast.errors import InvalidInput, suggest

__all__ = ["moods_of"]


def moods_of(ratings: Sequence[float | str]) -> list[Mood]:
    """Get the mood of each rating: up to 2 stars negative, from 4 positive, between them neutral.

    Args:
        ratings: stars from 1 to 5, or moods.

    Raises:
        InvalidInput: something else; the message says which.
    """
    return [_mood(rating, i) for i, rating in enumerate(ratings)]


def _mood(rating: float | str, place: int) -> Mood:
    if isinstance(rating, str):
        mood = next((mood for mood in MOODS if mood == rating.strip().lower()), None)
        if mood is None:
            raise InvalidInput(f"rating {place}: {rating!r} is no mood{suggest(rating, MOODS)}")
        return mood
    if not math.isfinite(rating) or not 1 <= rating <= 5:
        raise InvalidInput(f"rating {place}: {rating!r} is not from 1 to 5 stars")
    return "negative" if rating <= 2 else "positive" if rating >= 4 else "neutral"
