"""Learn the shipped sentiment models from the shipped seed texts: `python -m modacast.pipeline.build_sentiment`.

Run it after a change of `elements/data/sentiment_seeds.csv`, `polarity.csv` or the features. The same seeds give the
same weights on every processor, since what is learned from are the encoder's vectors in float32: in int8 processors
differ by hundredths. A test checks that the shipped weights belong to the shipped seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modacast import elements
from modacast.elements import Sentiment
from modacast.encoder import Encoder

__all__ = ["build", "learn_shipped", "main"]


def learn_shipped() -> Mapping[str, Sentiment]:
    """Get the models by the names of their folders: with the bundled encoder's vectors, and of polar words alone."""
    served = Encoder.from_pretrained("bundled")
    exact = Sentiment(encoder=Encoder.from_pretrained("bundled", precision="float32")).learn_seeds()
    with_vectors = Sentiment(encoder=served, model=replace(exact.model, model_id=served.model_id))
    return {"sentiment": with_vectors, "sentiment_lexicon": Sentiment().learn_seeds()}


def build(folder: Path) -> None:
    """Write the shipped models into a folder."""
    for name, sentiment in learn_shipped().items():
        sentiment.save(folder / name)
        sys.stdout.write(f"{folder / name}: {sentiment.model.report}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m modacast.pipeline.build_sentiment")
    shipped = Path(elements.__file__).parent / "data"
    parser.add_argument("--out", type=Path, default=shipped, help="folder; the package's own by default")
    build(parser.parse_args(argv).out)


if __name__ == "__main__":
    main()
