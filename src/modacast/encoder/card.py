"""The model card: what a trained model is, what it was measured to do, and what it is not for."""

from __future__ import annotations

from collections.abc import Mapping

from modacast.encoder.torch_model import BertModel

__all__ = ["model_card"]

_CARD = """---
pipeline_tag: sentence-similarity
library_name: sentence-transformers
tags: [sentence-transformers, feature-extraction, fashion]
language: [zh, en, multilingual]
---
# A fashion encoder

{task}

- **Base**: {name}; its licence applies to these weights too.
- **Vectors**: {width} wide, {pooling} pooling, L2-normalised; {layers} layers; texts are cut at {max_tokens} tokens.
- **Prefixes**: {prefixes}.
- **Vocabulary**: {vocabulary}.
- **Data**: {data}; none of it is in this folder. A model can reveal words of its training texts, so scrub personal
  data before training (what modacast reads from files and from a home is scrubbed).
- **Languages**: those of the base; trained further on those of the data alone, and measured on no others.

## Measured

{metrics}

On held-out data of the same source as the training data; another source will give other figures.

## Limits

Trained for texts about clothes: compare it with its base before using it for anything else. Languages and
scripts that the training texts lacked may have become worse. Cosines are for ranking, they are no probabilities.

## Use

```python
from modacast.encoder import Encoder
encoder = Encoder.from_pretrained("path/of/this/folder")        # CTranslate2, int8
vectors = encoder.encode_document(["..."])

from sentence_transformers import SentenceTransformer
vectors = SentenceTransformer("path/of/this/folder").encode(["..."], prompt_name="document")

from transformers import AutoModel, AutoTokenizer                   # the last layer; pool and normalise it yourself
tokenizer = AutoTokenizer.from_pretrained("path/of/this/folder")
batch = tokenizer(["{prefix}..."], return_tensors="pt", padding=True, truncation=True)
hidden = AutoModel.from_pretrained("path/of/this/folder")(**batch).last_hidden_state
```
"""


def model_card(
    model: BertModel,
    *,
    task: str,
    metrics: Mapping[str, tuple[float | None, float | None]],
    data: str = "the texts that whoever trained it gave",
) -> str:
    """Get the text of a model card.

    Args:
        model: what is described.
        task: one paragraph that says what was trained on what.
        metrics: name to its value before and after; None where it was not measured.
        data: what it was trained on, in numbers.
    """
    config = model.bert.config
    prefixes = ", ".join(f"`{prefix}` for a {kind}" for kind, prefix in model.prefixes.items())
    pieces = f"{config.vocab_size} pieces"
    if model.pruning is not None:
        pieces += f" of {model.pruning.report.n_before}; `vocabulary.json` holds their original ids"
    rows = [f"| {name} | {_shown(before)} | {_shown(after)} |" for name, (before, after) in metrics.items()]
    return _CARD.format(
        task=task,
        data=data,
        prefix=model.prefixes.get("document", ""),
        name=model.name,
        width=config.hidden_size,
        pooling=model.pooling,
        layers=config.num_hidden_layers,
        max_tokens=model.max_tokens,
        prefixes=prefixes or "none",
        vocabulary=pieces,
        metrics="\n".join(["| | before | after |", "|---|---|---|", *rows]),
    )


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
