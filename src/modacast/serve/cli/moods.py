"""Commands about what texts feel: sentiment, evaluate sentiment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modacast.serve.cli import app
from modacast.serve.cli.options import ColumnOption, EncodingOption, OutOption, column_mapping
from modacast.serve.cli.stages import InArgument, LangOption, tell_rejects
from modacast.serve.cli.terminal import emit, print_json
from modacast.serve.cli.trending import evaluate_app

__all__ = ["evaluate_sentiment", "sentiment"]


@app.command()
def sentiment(
    texts: InArgument,
    out: OutOption = None,
    column: ColumnOption = None,
    lang: LangOption = None,
    encoding: EncodingOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="tell the pieces that tipped it; some twenty times as slow")
    ] = False,
    model: Annotated[
        Path | None, typer.Option("--model", help="folder of a model that was learned and saved")
    ] = None,
    words: Annotated[
        bool, typer.Option("--words", help="by words of praise and blame alone: faster, less exact")
    ] = False,
) -> None:
    """Tell what texts feel: negative, neutral or positive, with probabilities."""
    from modacast.pipeline.single import open_sentiment, read_moods

    reader = open_sentiment(model=model, words_only=words)
    columns = column_mapping(column)
    found = read_moods(texts, reader, columns=columns, lang=lang, explain=explain, encoding=encoding)
    emit(found.table, out)
    tell_rejects(found.rejects)


@evaluate_app.command("sentiment")
def evaluate_sentiment(
    truth: Annotated[Path, typer.Argument(help="id, label (or stars, 1 to 5)")],
    predictions: Annotated[
        Path, typer.Argument(help="id, label, and negative, neutral, positive where there are")
    ],
) -> None:
    """Score moods: accuracy, macro-F1, log loss and calibration, with 95 % intervals, as JSON."""
    from modacast.serve.frames import read_frame
    from modacast.serve.scoring import score_moods

    print_json(score_moods(read_frame(truth), read_frame(predictions)))
