"""A sample of what the shipped sentiment gets wrong, to be read and classed by a person.

`python -m benchmarks.sentiment_errors --data DIR [--set NAME] [--n 100]` prints one text a line, with the label and
the probabilities; nothing is written. With `--folds` the texts are those that `Sentiment.fit` reads wrongly in ten
folds instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.data_sets import find_file
from benchmarks.sentiment import CLOTHING, OTHERS, Remembering, read, three_classes
from modacast.elements import Sentiment
from modacast.elements.seeds import MOODS
from modacast.encoder import Encoder

_SETS = {
    "clothing": (CLOTHING, "zh"),
    "other": (OTHERS, "zh"),
    "zh": (three_classes("chinese"), "zh"),
    "ja": (three_classes("japanese"), "ja"),
    "en": (three_classes("english"), "en"),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the sample."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sentiment_errors")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", choices=sorted(_SETS), default="clothing")
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--folds", action="store_true")
    given = parser.parse_args(argv)
    patterns, lang = _SETS[given.set]
    data = read(find_file(given.data, patterns), given.set, lang, None)
    encoder = Remembering(Encoder.from_pretrained("bundled"))
    shares = np.zeros((len(data.texts), 3))
    if given.folds:
        from sklearn.model_selection import StratifiedKFold

        folds = StratifiedKFold(10, shuffle=True, random_state=0).split(data.texts, data.truth)
        for learn, rest in folds:
            moods = [MOODS[data.truth[i]] for i in learn]
            model = Sentiment(encoder=encoder).fit([data.texts[i] for i in learn], moods, lang, seeds=False)
            shares[rest] = model.predict_proba([data.texts[i] for i in rest], lang)
    else:
        shares = Sentiment(encoder=encoder).predict_proba(data.texts, lang)
    wrong = np.flatnonzero(data.answers(shares) != data.truth)
    for i in np.sort(np.random.default_rng(0).permutation(wrong)[: given.n]):
        text = " ".join(data.texts[i].split())[:160]
        print(f"{MOODS[data.truth[i]][:3]}  {shares[i].round(2)}  {text}")
    print(f"{len(wrong)} of {len(data.texts)} wrong")


if __name__ == "__main__":
    main()
