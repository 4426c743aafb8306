"""The command line: `modacast VERB`. Results go to stdout or `--out`, everything else to stderr."""

from __future__ import annotations

import gc
import os
import sys

import typer

from modacast.errors import ModacastError

__all__ = ["app", "main"]

app = typer.Typer(
    name="modacast",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Fashion trend forecasting and personalised recommendation with language models.",
)


def main() -> None:
    """Run the command line; errors that modacast raises on purpose become one line and an exit code."""
    # small matrices all: threads that wait for each other took ten times as long where others use the cores too
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from modacast.serve.cli import (  # noqa: F401 (each adds its commands)
        alerting,
        attributes,
        loop,
        models,
        moods,
        reviewing,
        searching,
        shoppers,
        stages,
        styles,
        tagging,
        training,
        trending,
    )

    # most of what a command makes lives to its end: to look through it again and again took a seventh of the time
    gc.set_threshold(50_000, 20, 100)
    try:
        app(prog_name="modacast")
    except ModacastError as error:
        sys.stderr.write(f"modacast: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(
            "modacast: stopped; what was finished is stored, and the next run goes on from there\n"
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:  # a disk, folder or lock that the system refuses is no fault in the program
        sys.stderr.write(f"modacast: the system refused: {error}; what was stored before is untouched\n")
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(
    ctx: typer.Context, version: bool = typer.Option(False, "--version", help="show the version")
) -> None:
    if version:
        from modacast import __version__

        typer.echo(__version__)
        raise typer.Exit
