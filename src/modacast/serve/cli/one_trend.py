"""`modacast trends NAME`: one trend with its stage, forecast, scorecard, evidence and surroundings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from modacast.errors import NotFound, suggest
from modacast.serve.cli.surroundings import context_dict, print_context, weeks_of
from modacast.serve.cli.terminal import emit, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from modacast.pipeline.workspace import Workspace

__all__ = ["one_trend"]

_SPOKEN = ("zh", "en")
_TEXT_CHARS = 120
_ALARM_WEEKS = 52
_WEEKS, _STEP = 26, 5  # of the forecast: half a year, the first and the last week among them
_HEADS = {
    "zh": {"seen": "首次出现于 {first} 当周，此后共 {n:,} 次提及", "forecast": "预测（每周声量，80 % 区间；--out 写出每一周）", "of": "，{segment}：", "card": "若在当时预测，后来如何", "evidence": "证据"},
    "en": {"seen": "first seen in the week of {first}, {n:,} mentions since", "forecast": "forecast (weekly share, 80 % interval; --out writes every week)", "of": ", {segment}:", "card": "what would have been said, and what came", "evidence": "evidence"},
}  # fmt: skip


def one_trend(
    workspace: Workspace,
    board: Mapping[str, pa.Table],
    element_id: str,
    *,
    segment: str,
    lang: str,
    as_json: bool,
    out: Path | None,
) -> None:
    """Show one trend, or write its weeks (history and forecast) to a file.

    Args:
        workspace: with a board.
        board: of `latest_board`.
        element_id: which trend.
        segment: whose forecast, scorecard and evidence; the stages of all segments are shown.
        lang: language of the names and reasons.
        as_json: one JSON document instead of text.
        out: file for the weeks.

    Raises:
        NotFound: the element is not on the board, or not in that segment.
    """
    import pyarrow.compute as pc

    from modacast.pipeline.context import ContextReader
    from modacast.serve.scorecards import scorecard_of

    rows = board["trends"].filter(pc.equal(board["trends"]["element_id"], element_id)).to_pylist()
    if not rows:
        raise NotFound(
            f"{element_id} is not on the board: it has fewer mentions than trends.min_mentions, or none at all"
        )
    segments = {row["segment"]: row for row in rows}
    if segment not in segments:
        raise NotFound(f"{element_id} is not on the board of {segment!r}{suggest(segment, segments)}")
    unique_id = f"{element_id}|{segment}"
    if out is not None:
        emit(weeks_of(board, [unique_id]), out)
        return
    forecasts = board["forecasts"].filter(pc.equal(board["forecasts"]["unique_id"], unique_id))
    cards = scorecard_of(board["scorecards"], unique_id)
    context = ContextReader(workspace, board).read(element_id)
    if as_json:
        texts = _texts(workspace, [doc_id for row in rows for doc_id in row["evidence_ids"] or ()])
        told = {"trends": rows, "forecast": forecasts.to_pylist(), "scorecard": cards.to_pylist()}
        print_json({**told, "evidence": texts, **context_dict(context)})
        return
    typer.echo(f"{workspace.wider_lexicon.label(element_id, lang)}  ({element_id})")
    seen = _HEADS["zh" if lang == "zh" else "en"]["seen"]
    whole = segments.get("all", segments[segment])
    typer.echo("  " + _headline(workspace, board, segments[segment], lang))
    typer.echo("  " + seen.format(first=whole["first_seen"], n=whole["n_mentions"]))
    _print_stages(rows, lang)
    _print_alarms(workspace, element_id, lang)
    _print_numbers(forecasts, cards, segment, lang)
    _print_texts(_texts(workspace, segments[segment]["evidence_ids"] or ()), lang)
    print_context(context, workspace, lang)


def _print_stages(rows: Sequence[Mapping[str, Any]], lang: str) -> None:
    from modacast.serve.report.phrases import STAGE_NAMES
    from modacast.serve.report.reasons import reason

    spoken: Literal["zh", "en"] = "zh" if lang == "zh" else "en"
    width = max(len(row["segment"]) for row in rows)
    for row in rows:
        stage = STAGE_NAMES[row["stage"]].text(spoken).lower()
        typer.echo(f"  {row['segment']:<{width}}  {stage}{_gap(stage)}{reason(row).text(spoken)}")


def _headline(workspace: Workspace, board: Mapping[str, pa.Table], row: Mapping[str, Any], lang: str) -> str:
    """Get the report's sentence about a trend: since when, how much, where to and how sure that is."""
    import pyarrow as pa

    from modacast.serve.report.board import board_rows
    from modacast.serve.report.courses import read_courses
    from modacast.serve.report.names import Names
    from modacast.serve.report.story import headline, sureness

    unique_id = f"{row['element_id']}|{row['segment']}"
    courses = read_courses(board["series"], board["forecasts"], [unique_id])
    alone = pa.Table.from_pylist([{**row, "segment": "all"}], schema=board["trends"].schema)
    (found,) = board_rows(
        alone,
        {f"{row['element_id']}|all": courses[unique_id]} if unique_id in courses else {},
        Names(workspace.wider_lexicon.elements),
    )
    said, sure = headline(found), sureness(row["confidence"])
    return f"{said.zh}阶段判断{sure.zh}。" if lang == "zh" else f"{said.en} The stage is {sure.en}."


def _gap(stage: str) -> str:
    """Spaces up to a common column; a Chinese character is two wide."""
    from rich.cells import cell_len

    return " " * max(1, 11 - cell_len(stage))


def _print_alarms(workspace: Workspace, element_id: str, lang: str) -> None:
    from modacast.pipeline.alarms import alarms_of_week

    for alarm in alarms_of_week(workspace, weeks=_ALARM_WEEKS):
        if alarm["element_id"] == element_id:
            typer.echo(f"  ! {alarm['ds']}  {alarm[f'why_{lang}' if lang in _SPOKEN else 'why_en']}")


def _print_numbers(forecasts: pa.Table, cards: pa.Table, segment: str, lang: str) -> None:
    from modacast.serve.report.words import share
    from modacast.serve.scorecards import scorecard_lines

    heads = _HEADS["zh" if lang == "zh" else "en"]
    if forecasts.num_rows:
        typer.echo(f"  {heads['forecast']}{heads['of'].format(segment=segment)}")
    for row in forecasts.slice(0, _WEEKS).to_pylist()[::_STEP]:
        band = f"{share(row['lo_80'])} .. {share(row['hi_80'])}"
        typer.echo(f"    {row['ds']}  {share(row['y_hat']):>8}   {band}")
    if cards.num_rows:
        typer.echo(f"  {heads['card']}{heads['of'].format(segment=segment)}")
    for line in scorecard_lines(cards, lang=lang):
        typer.echo(f"    {line}")


def _print_texts(texts: Sequence[Mapping[str, Any]], lang: str) -> None:
    if texts:
        typer.echo(f"  {_HEADS['zh' if lang == 'zh' else 'en']['evidence']}:")
    for row in texts:
        plain = " ".join(row["text"].split())
        shown = plain if len(plain) <= _TEXT_CHARS else plain[: _TEXT_CHARS - 1] + "…"
        where = f"{row['source']}, {row['published_at']:%Y-%m-%d}"
        typer.echo(f"    “{shown}” {where}{' ' + row['url'] if row['url'] else ''}")


def _texts(workspace: Workspace, ids: Sequence[str]) -> list[dict[str, Any]]:
    columns = ["id", "text", "source", "published_at", "url"]
    known = {row["id"]: row for row in workspace.lake.read("documents", columns=columns).to_pylist()}
    return [known[doc_id] for doc_id in dict.fromkeys(ids) if doc_id in known]
