"""Learn the shipped sentiment models from the shipped seed texts: `python -m modacast.pipeline.build_sentiment`.

Run it after a change of `elements/data/sentiment_seeds.csv`, `polarity.csv` or the features. The same seeds give the
same weights; a test checks that the shipped weights belong to the shipped seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from modacast import elements
from modacast.elements import Sentiment
from modacast.encoder import Encoder

__all__ = ["build", "main"]


def build(folder: Path) -> None:
    """Write the models with and without the bundled encoder's vectors into `sentiment` and `sentiment_lexicon`."""
    encoder = Encoder.from_pretrained("bundled")
    for name, sentiment in (
        ("sentiment", Sentiment(encoder=encoder)),
        ("sentiment_lexicon", Sentiment()),
    ):
        sentiment.learn_seeds().save(folder / name)
        sys.stdout.write(f"{folder / name}: {sentiment.model.report}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m modacast.pipeline.build_sentiment")
    shipped = Path(elements.__file__).parent / "data"
    parser.add_argument("--out", type=Path, default=shipped, help="folder; the package's own by default")
    build(parser.parse_args(argv).out)


if __name__ == "__main__":
    main()
