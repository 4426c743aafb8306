"""Which mentions stand in the title of a work: the 裙 of `《石榴裙下》` is no skirt."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from modacast.elements.matcher import Flags, Matches

__all__ = ["in_titles"]

_TITLE = re.compile(r"《[^《》\n]{1,40}》")
_OPENS = "《"


def in_titles(mentions: Matches, texts: Sequence[str]) -> Flags:
    """Mark the mentions that lie between Chinese title marks (`《》`).

    Args:
        mentions: what the texts name.
        texts: the texts.
    """
    titled = np.zeros(len(mentions), dtype=np.bool_)
    for doc in np.unique(mentions.doc).tolist():
        if _OPENS in texts[doc]:
            own = mentions.doc == doc
            for title in _TITLE.finditer(texts[doc]):
                titled |= own & (mentions.start >= title.start()) & (mentions.end <= title.end())
    return titled
