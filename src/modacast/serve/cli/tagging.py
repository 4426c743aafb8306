"""Commands that score mentions: evaluate tag."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modacast.serve.cli.terminal import print_json
from modacast.serve.cli.trending import evaluate_app

__all__ = ["evaluate_tag"]


@evaluate_app.command("tag")
def evaluate_tag(
    truth: Annotated[
        Path, typer.Argument(help="id, element_id (or a facet), and start, end where places count")
    ],
    predictions: Annotated[Path, typer.Argument(help="as `modacast tag` writes it")],
    errors: Annotated[int, typer.Option("--errors", help="how many kinds of errors to list")] = 20,
) -> None:
    """Score mentions: precision, recall and F1 by facet, with 95 % intervals and the errors, as JSON."""
    from modacast.serve.frames import read_frame
    from modacast.serve.scoring_tags import score_mentions

    print_json(score_mentions(read_frame(truth), read_frame(predictions), n_errors=errors))
