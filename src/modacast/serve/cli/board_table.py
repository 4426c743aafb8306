"""The trend board as a table in a terminal: as many columns as it has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modacast.serve.cli.terminal import print_table, terminal_width

if TYPE_CHECKING:
    import pyarrow as pa

    from modacast.pipeline.workspace import Workspace

__all__ = ["SUREST", "forecast_means", "foreseen", "grown", "print_board"]

SUREST = 0.99
"""Nothing is told as more certain than this."""

_ALARM_WEEKS = 4  # an element that alarmed since then is marked
_GAP = 2  # blanks between columns
_NEW_WORD = {"zh": "（新词）", "en": " (new word)"}
_SIDES = {"trend": "left", "facet": "left", "stage": "left", "share": "right", "growth": "right",
          "forecast": "right", "chance": "right", "sure": "right", "mood": "right", "since": "left",
          "mentions": "right"}  # fmt: skip
_HEADS = {"trend": "趋势", "facet": "类别", "stage": "阶段", "share": "声量", "growth": "增长", "forecast": "预测",
          "chance": "高于对照", "sure": "把握", "mood": "情绪", "since": "始于", "mentions": "提及"}  # fmt: skip
_SPARED = ("mentions", "mood", "facet", "chance", "range", "since")  # the first goes first
_SORTED = {"level": "share", "confidence": "sure"}


def print_board(workspace: Workspace, table: pa.Table, forecasts: pa.Table, lang: str, sort: str) -> None:
    """Write the board to stdout, without the columns that the terminal has no room for; nothing is cut.

    Args:
        workspace: for names and alarms.
        table: rows of `TRENDS`.
        forecasts: rows of `FORECASTS`.
        lang: of the names; what stands around them is Chinese for `"zh"`, else English.
        sort: what the rows are sorted by; its column is never left out.
    """
    from rich.table import Table

    from modacast.pipeline.alarms import alarms_of_week

    alarmed = {row["element_id"] for row in alarms_of_week(workspace, weeks=_ALARM_WEEKS)}
    means = forecast_means(forecasts)
    rows = []
    for row in table.to_pylist():
        mark = " !" if row["element_id"] in alarmed else ""
        mean = means.get(f"{row['element_id']}|{row['segment']}")
        rows.append(_cells(row, _named(workspace, row["element_id"], lang) + mark, mean, lang))
    heads = {name: _HEADS[name] if lang == "zh" else name for name in _SIDES}
    shown = Table(box=None, header_style="bold", pad_edge=False)
    names = _fitting(heads, rows, _SORTED.get(sort, sort))
    for name in names:
        shown.add_column(heads[name], justify=_SIDES[name], no_wrap=True)  # type: ignore[arg-type]
    for cells in rows:
        shown.add_row(*(cells[name] for name in names))
    print_table(shown)


def foreseen(row: Mapping[str, Any], mean: float | None) -> str:
    """Get the change that is foreseen, or the share where it grows from nothing, with its 80 % interval if known.

    Args:
        row: of `TRENDS`.
        mean: the mean share of voice in [0, 1] that is foreseen, None where unknown.
    """
    from modacast.serve.report.courses import Foreseen
    from modacast.serve.report.words import change, share

    growth, low, high = row["forecast_growth"], row["forecast_low"], row["forecast_high"]
    if growth is None and mean is not None and row["level"] > 0:
        return f"→ {share(mean)}"
    if growth is None or low is None or high is None:
        return change(growth)
    seen = Foreseen(growth, low, high, is_yearly=True, share=float("nan") if mean is None else mean)
    return f"{seen.said} ({seen.said_range.replace(' … ', ' .. ')})"


def grown(row: Mapping[str, Any], lang: str) -> str:
    """Get the growth of a row of `TRENDS` as the report says it."""
    from modacast.serve.report.phrases import PHRASES
    from modacast.serve.report.words import change

    if row["growth"] is None and row["level"] > 0:
        return PHRASES["from_nothing"].text("zh" if lang == "zh" else "en")
    return change(row["growth"])


def _cells(row: Mapping[str, Any], name: str, mean: float | None, lang: str) -> dict[str, str]:
    from modacast.serve.report.phrases import FACET_NAMES, STAGE_NAMES
    from modacast.serve.report.words import chance, share

    facet, stage = row["element_id"].partition("/")[0], row["stage"]
    if lang == "zh":
        facet, stage = FACET_NAMES[facet].zh if facet in FACET_NAMES else facet, STAGE_NAMES[stage].zh
    return {
        "trend": name,
        "facet": facet,
        "stage": stage,
        "share": share(row["level"]),
        "growth": grown(row, lang),
        "forecast": foreseen(row, mean),
        "chance": "" if row["chance_of_growth"] is None else chance(row["chance_of_growth"]),
        "sure": f"{min(row['confidence'], SUREST):.0%}",
        "mood": "" if row["mood"] is None else f"{row['mood']:+.2f}",
        "since": str(row["rising_since"] or ""),
        "mentions": f"{row['n_mentions']:,}",
    }


def _fitting(heads: Mapping[str, str], rows: Sequence[dict[str, str]], kept: str) -> list[str]:
    """Choose the columns that the terminal has room for; the forecast's interval may be taken out of `rows`."""
    from rich.cells import cell_len

    names = list(heads)
    for spared in _SPARED:
        widths = (max(cell_len(text) for text in (heads[n], *(cells[n] for cells in rows))) for n in names)
        if sum(widths) + _GAP * (len(names) - 1) <= terminal_width():
            break
        if spared == "range":
            for cells in rows:
                cells["forecast"] = cells["forecast"].partition(" (")[0]
        elif spared != kept:
            names.remove(spared)
    return names


def forecast_means(forecasts: pa.Table) -> dict[str, float]:
    """Get the mean forecast share of each series, by its id."""
    means = forecasts.group_by("unique_id").aggregate([("y_hat", "mean")])
    return dict(zip(means["unique_id"].to_pylist(), means["y_hat_mean"].to_pylist(), strict=True))


def _named(workspace: Workspace, element_id: str, lang: str) -> str:
    """Get an element's name; a word that was discovered and that nobody has confirmed is marked."""
    lexicon = workspace.wider_lexicon
    if element_id in lexicon and lexicon[element_id].status == "admitted":
        return lexicon.label(element_id, lang) + _NEW_WORD["zh" if lang == "zh" else "en"]
    return lexicon.label(element_id, lang)
