"""The styles of a home as a report shows them: the map, and each shopper's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from modacast.pipeline.people import Shop, value_table
from modacast.pipeline.styles import StyleCounts, styles_of_home
from modacast.pipeline.workspace import Workspace
from modacast.serve.report.data import Lang
from modacast.serve.report.names import Names
from modacast.serve.report.style_map import StyleSpot, standalone_map, style_map
from modacast.serve.report.words import Words, percent
from modacast.types import Floats

__all__ = ["MapOfStyles", "home_map", "map_of_styles", "value_notes"]

_MOST = 60
_LABEL = Words("风格地图：越近越相似，越大谈得越多", "Map of styles: near is alike, large is much spoken of")


@dataclass(frozen=True, slots=True)
class MapOfStyles:
    """What the map draws.

    Attributes:
        spots: the styles.
        vectors: `(k, d)` float32.
        together: `(k, k)` float64.
    """

    spots: tuple[StyleSpot, ...]
    vectors: Floats
    together: npt.NDArray[np.float64]

    def drawn(self) -> Markup:
        """Get the map for a page, in both languages."""
        return style_map(self.spots, self.vectors, self.together, _LABEL) if self.spots else Markup("")


def map_of_styles(workspace: Workspace, counts: StyleCounts | None = None) -> MapOfStyles:
    """Get the map of the styles that a home speaks of most, of all where it speaks of none."""
    counts = counts or styles_of_home(workspace)
    heavy = np.argsort(-counts.weights, kind="stable")[:_MOST]
    chosen = (
        np.sort(heavy[counts.weights[heavy] > 0]) if counts.weights.any() else np.arange(len(counts.weights))
    )
    names = Names(workspace.lexicon.elements)
    spots = tuple(StyleSpot(names.name(counts.style_ids[i]), float(counts.weights[i])) for i in chosen)
    return MapOfStyles(spots, counts.vectors[chosen], counts.together[np.ix_(chosen, chosen)])


def value_notes(
    workspace: Workspace, shop: Shop, keys: Sequence[str]
) -> dict[str, dict[str, tuple[str, str]]]:
    """Get what each shopper's values rest on: pseudonym to value to a note in Chinese and in English."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for row in value_table(workspace, shop, keys).to_pylist():
        if row["weight"] > 0:
            found.setdefault(row["user_key"], {})[row["element_id"]] = _note(row)
    return found


def _note(row: Mapping[str, Any]) -> tuple[str, str]:
    zh, en = [], []
    if row["n_taken"]:
        zh.append(f"选了 {row['n_taken']} 件，占 {percent(row['share'])}（目录 {percent(row['base'])}）")
        en.append(
            f"took {row['n_taken']}, {percent(row['share'])} of theirs ({percent(row['base'])} of the catalogue)"
        )
    if row["n_refused"]:
        zh.append(f"退或不喜欢 {row['n_refused']} 件")
        en.append(f"sent back or disliked {row['n_refused']}")
    if row["n_said"]:
        said = "、".join(row["surfaces"])
        zh.append(f"提到 {row['n_said']} 次：{said}")
        en.append(f"wrote of it {row['n_said']} times: {said}")
    return "；".join(zh), "; ".join(en)


def home_map(workspace: Workspace, lang: Lang) -> str:
    """Get the map of a home's styles as one SVG file."""
    found = map_of_styles(workspace)
    return standalone_map(found.spots, found.vectors, found.together, _LABEL, lang=lang)
