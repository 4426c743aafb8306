"""What `modacast trends` shows besides the board: one trend's surroundings, and several trends side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modacast.elements.reader import MODIFIERS
from modacast.errors import InvalidInput, NotFound, suggest
from modacast.serve.cli.board_table import SUREST, forecast_means, foreseen, grown
from modacast.serve.cli.terminal import emit, log, print_table

if TYPE_CHECKING:
    import pyarrow as pa

    from modacast.pipeline.context import TrendContext
    from modacast.pipeline.workspace import Workspace

__all__ = ["compare_trends", "context_dict", "find_element", "print_context", "weeks_of"]

_LEAST_TEXTS, _PLACES = 3, 5
_COMPARED = {"stage": "阶段", "share": "声量", "growth": "增长", "forecast": "预测", "chance of growth": "高于对照期的概率",
             "confidence": "把握", "mood": "情绪", "mentions": "提及", "first seen": "首次出现", "rising since": "始于",
             "peak": "最高", "backtest mase": "回测 MASE"}  # fmt: skip
_KINDS = {"lang": "语言", "source": "来源", "region": "地区", "audience": "人群"}

_WORDS = {
    "zh": {"early": "早期采用者", "views": "浏览者", "sales": "购买者", "level": "{now:.1%}，此前半年 {before}",
           "against": "此消彼长", "with": "常与之搭配", "worn_on": "用在", "worn_as": "样子", "where": "谁在谈", "like": "过去像它的",
           "items": "货架上", "mood": "情绪", "peak": "{n} 周后到顶 {rise}", "top": "当时已到顶", "half": "，再过 {n} 周减半",
           "still": "，此后未减半", "sold": "28 天售 {units}（此前 {before}）", "times": "，平均的 {n:.1f} 倍", "rate": "，每百次浏览购买 {rate:.0f} 次"},
    "en": {"early": "early adopters", "views": "viewers", "sales": "buyers", "level": "{now:.1%} of them, {before} in the half year before",
           "against": "moves against", "with": "goes with", "worn_on": "worn on", "worn_as": "looks", "where": "who and where", "like": "went like it",
           "items": "products", "mood": "mood", "peak": "peaked after {n} wk {rise}", "top": "was at its peak", "half": ", halved {n} wk later",
           "still": ", has not halved since", "sold": "{units} sold in 28 days ({before} before)",
           "times": ", {n:.1f} x the average", "rate": ", {rate:.0f} bought per 100 views"},
}  # fmt: skip


def find_element(workspace: Workspace, name: str) -> str:
    """Get the id of an element by id or by any of its names, in any language; near misses are offered.

    Raises:
        NotFound: there is none.
    """
    lexicon = workspace.wider_lexicon
    if name in lexicon.elements:
        return name
    found = lexicon.find(name)
    if found:
        return found[0].id
    labels = {label for element in lexicon for names in element.labels.values() for label in names}
    raise NotFound(f"the lexicon has no element {name!r}{suggest(name, [*lexicon.elements, *labels])}")


def context_dict(context: TrendContext) -> dict[str, Any]:
    """Get a context as plain values, for JSON."""
    names = ("against", "bonds", "worn", "split", "mood", "look_alikes", "carriers", "signals")
    return {name: getattr(context, name).to_pylist() for name in names}


def print_context(context: TrendContext, workspace: Workspace, lang: str) -> None:
    """Write a context as lines."""
    say = _WORDS["zh" if lang == "zh" else "en"]

    def label(element_id: str) -> str:
        return (
            workspace.wider_lexicon.label(element_id, lang)
            if element_id in workspace.wider_lexicon
            else element_id
        )

    _print_elements(context, say, label)
    _print_people(context, say)
    for row in context.look_alikes.to_pylist():
        ended = (
            say["peak"].format(n=row["weeks_to_peak"], rise=f"{row['rise_to_peak']:+.0%}")
            if row["weeks_to_peak"]
            else say["top"]
        )
        ended += say["still"] if row["half_life"] is None else say["half"].format(n=row["half_life"])
        _line(say["like"], f"{label(row['element_id'])} {row['until']}  {ended}")
    for row in context.carriers.to_pylist():
        sold = say["sold"].format(units=row["units"], before=row["units_before"])
        rate = "" if row["bought_of_views"] is None else say["rate"].format(rate=100 * row["bought_of_views"])
        _line(say["items"], f"{row['title']} [{row['item_id']}]  {sold}{rate}")


def _print_elements(context: TrendContext, say: Mapping[str, str], label: Callable[[str], str]) -> None:
    """Write what it goes against, with and on."""
    for row in context.against.to_pylist():
        _line(
            say["against"],
            f"{label(row['other_id'])}  {row['other_change']:+.0%}, r {row['r']:+.2f}, q {row['q']:.2g}",
        )
    for row in context.bonds.to_pylist():
        _line(say["with"], f"{label(row['other_id'])}  ×{row['lift']:.1f}, n {row['n']}, q {row['q']:.2g}")
    kind = "worn_on" if context.element_id.partition("/")[0] in MODIFIERS else "worn_as"
    for row in context.worn.to_pylist():
        _line(say[kind], f"{label(row['other_id'])}  {row['share']:.0%}, n {row['n']}")


def _print_people(context: TrendContext, say: Mapping[str, str]) -> None:
    """Write who speaks of it and where, who buys it, and how they feel."""
    told: Counter[str] = Counter()
    for row in context.split.to_pylist():
        told[row["kind"]] += 1
        if row["n"] >= _LEAST_TEXTS and told[row["kind"]] <= _PLACES:
            _line(
                say["where"],
                f"{_place(row['kind'], row['value'], say)}  {row['share']:.0%}"
                f"{say['times'].format(n=row['index'])}",
            )
    for row in context.signals.to_pylist():
        before = "–" if row["before"] is None else f"{row['before']:.1%}"
        _line(say[row["signal"]], say["level"].format(now=row["now"], before=before))
    recent = context.mood.to_pylist()[-4:]
    if recent:
        weeks = ", ".join(f"{row['ds']} {row['mood']:+.2f} (n {row['n_mentions']})" for row in recent)
        _line(say["mood"], weeks)


def _place(kind: str, value: str, say: Mapping[str, str]) -> str:
    from modacast.serve.report.names import Names

    if say is not _WORDS["zh"]:
        return f"{kind}={value}"
    return f"{_KINDS.get(kind, kind)} {Names.segment(f'{kind}={value}').zh}"


def compare_trends(
    workspace: Workspace,
    board: dict[str, pa.Table],
    names: Sequence[str],
    *,
    segment: str,
    lang: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show up to eight trends side by side: a table, a file of weeks, or (`--out X.svg`) a picture.

    Raises:
        InvalidInput: there are fewer than two or more than eight.
        NotFound: one of them is not on the board.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from modacast.serve.report.comparison import MOST_COMPARED

    wanted = list(dict.fromkeys(find_element(workspace, name.strip()) for name in names if name.strip()))
    if not 2 <= len(wanted) <= MOST_COMPARED:
        raise InvalidInput(f"--compare takes 2 to {MOST_COMPARED} different elements, got {len(wanted)}")
    trends = board["trends"].filter(pc.equal(board["trends"]["segment"], segment))
    rows = {row["element_id"]: row for row in trends.to_pylist()}
    missing = [element_id for element_id in wanted if element_id not in rows]
    if missing:
        raise NotFound(
            f"{', '.join(missing)}: not on the board of {segment!r}, with fewer mentions than trends.min_mentions, "
            f"or none at all{suggest(missing[0], rows)}"
        )
    if out is not None and out.suffix.lower() == ".svg":
        _draw(workspace, board, wanted, segment, lang, out)
        return
    if out is not None or as_json:
        ids = pa.array([f"{element_id}|{segment}" for element_id in wanted], pa.string())
        emit(trends.filter(pc.is_in(trends["element_id"], pa.array(wanted))) if as_json and out is None
             else weeks_of(board, ids.to_pylist()), out, as_json=as_json)  # fmt: skip
        return
    _print_comparison(workspace, [rows[element_id] for element_id in wanted], board["forecasts"], lang)


def _draw(
    workspace: Workspace,
    board: dict[str, pa.Table],
    wanted: Sequence[str],
    segment: str,
    lang: str,
    out: Path,
) -> None:
    from modacast.serve.report.comparison import comparison_chart
    from modacast.serve.report.courses import read_courses
    from modacast.serve.report.names import Names
    from modacast.store.files import write_atomically

    ids = {element_id: f"{element_id}|{segment}" for element_id in wanted}
    courses = read_courses(board["series"], board["forecasts"], ids.values())
    told, lexicon = Names(workspace.wider_lexicon.elements), workspace.wider_lexicon
    names = {e: told.name(e).en if lang == "en" else lexicon.label(e, lang) for e in wanted}
    drawn = comparison_chart(
        {e: courses[i] for e, i in ids.items() if i in courses}, names, lang="zh" if lang == "zh" else "en"
    )
    write_atomically(out, lambda file: file.write(drawn.encode()))
    log.print(f"wrote {out}", markup=False, soft_wrap=True)


def weeks_of(board: Mapping[str, pa.Table], unique_ids: Sequence[str]) -> pa.Table:
    """Get history and forecast of some series, a week a row."""
    import polars as pl

    wanted = list(unique_ids)
    past = pl.DataFrame(board["series"]).filter(pl.col("unique_id").is_in(wanted))
    ahead = pl.DataFrame(board["forecasts"]).filter(pl.col("unique_id").is_in(wanted))
    both = pl.concat([past, ahead], how="diagonal").sort("unique_id", "ds")
    columns = [
        "unique_id",
        "ds",
        "y",
        "n_mentions",
        "n_documents",
        "y_hat",
        "lo_80",
        "hi_80",
        "lo_90",
        "hi_90",
    ]
    return both.select(columns).to_arrow()


def _print_comparison(
    workspace: Workspace, rows: Sequence[dict[str, Any]], forecasts: pa.Table, lang: str
) -> None:
    from rich.table import Table

    means = forecast_means(forecasts)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("")
    for row in rows:
        shown.add_column(workspace.wider_lexicon.label(row["element_id"], lang), justify="right")
    columns = [_compared(row, means.get(f"{row['element_id']}|{row['segment']}"), lang) for row in rows]
    for name in columns[0]:
        shown.add_row(_COMPARED[name] if lang == "zh" else name, *(cells[name] for cells in columns))
    print_table(shown)


def _compared(row: Mapping[str, Any], mean: float | None, lang: str) -> dict[str, str]:
    """One trend's column in a comparison."""
    from modacast.serve.report.phrases import STAGE_NAMES
    from modacast.serve.report.words import chance, mase, share

    likely, mood, error = row["chance_of_growth"], row["mood"], row["backtest_mase"]
    return {
        "stage": STAGE_NAMES[row["stage"]].zh if lang == "zh" else row["stage"],
        "share": share(row["level"]),
        "growth": grown(row, lang),
        "forecast": foreseen(row, mean),
        "chance of growth": "–" if likely is None else chance(likely),
        "confidence": f"{min(row['confidence'], SUREST):.0%}",
        "mood": "–" if mood is None else f"{mood:+.2f}",
        "mentions": f"{row['n_mentions']:,}",
        "first seen": str(row["first_seen"]),
        "rising since": str(row["rising_since"] or "–"),
        "peak": str(row["peak"]),
        "backtest mase": "–" if error is None else mase(error),
    }


def _line(what: str, said: str) -> None:
    typer.echo(f"  {what}: {said}")
