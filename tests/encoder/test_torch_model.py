from __future__ import annotations

import sys

import numpy as np
import pytest

from modacast.encoder import Encoder
from modacast.encoder.checks import GENERAL_TEXTS, Gate, battery, battery_scores
from modacast.encoder.torch_model import load_bert, save_bert
from modacast.encoder.vocabulary import Pruning
from modacast.errors import InvalidInput, MissingExtra, StorageError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("torch")]

TEXTS = ["红色连衣裙", "dress", "新中式马面裙的红"]


def served(folder, tmp_path, **options) -> Encoder:
    return Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache", precision="float32", **options)


@pytest.mark.parametrize("model_type", ["bert", "xlm-roberta"])
def test_there_and_back(tmp_path, model_type):
    from tiny_bert import make_tiny_bert

    tiny = make_tiny_bert(tmp_path / "tiny", model_type=model_type)
    folder = save_bert(load_bert(tiny.folder), tmp_path / "out", "# a card\n")
    np.testing.assert_allclose(
        served(folder, tmp_path).encode(TEXTS), served(tiny.folder, tmp_path).encode(TEXTS), atol=1e-5
    )
    assert (folder / "README.md").read_text() == "# a card\n"


def test_a_pruned_model_gives_the_same_vectors(tiny, tmp_path):
    model = load_bert(tiny.folder, texts=TEXTS, n_base=0)
    folder = save_bert(model, tmp_path / "out", "")
    np.testing.assert_allclose(
        served(folder, tmp_path).encode(TEXTS), served(tiny.folder, tmp_path).encode(TEXTS), atol=1e-5
    )
    ids = Pruning.read_ids(folder)
    assert len(ids) == model.bert.config.vocab_size < tiny.config.vocab_size
    again = load_bert(folder, texts=TEXTS[:1], n_base=0)
    assert set(again.pruning.original_ids) <= set(ids)


def test_layers_may_be_chosen(tiny, tmp_path):
    folder = save_bert(load_bert(tiny.folder, layers=[1]), tmp_path / "out", "")
    assert load_bert(folder).bert.config.num_hidden_layers == 1
    with pytest.raises(InvalidInput, match="0 to 1"):
        load_bert(tiny.folder, layers=[5])


def test_the_bundled_model_in_sentence_transformers(tmp_path, bundled):
    from sentence_transformers import SentenceTransformer

    texts = ["红色连衣裙，夏天很凉快", "a red summer dress", "马面裙"]
    folder = save_bert(load_bert("bundled", texts=texts), tmp_path / "out", "")
    theirs = SentenceTransformer(str(folder), device="cpu").encode(texts, prompt_name="query")
    assert (theirs * bundled.encode_query(texts)).sum(axis=1).min() > 0.997
    ours = Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache").encode_query(texts)
    assert (ours * bundled.encode_query(texts)).sum(axis=1).min() > 0.9999


def test_the_bundled_model_in_transformers(tmp_path, torch):
    from transformers import AutoModel, AutoTokenizer

    texts = ["红色连衣裙，夏天很凉快", "a red summer dress", "马面裙"]
    folder = save_bert(load_bert("bundled", texts=texts), tmp_path / "out", "")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(["passage: " + text for text in texts], return_tensors="pt", padding=True)
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder).eval()(**batch).last_hidden_state
    inside = batch["attention_mask"][:, :, None]
    pooled = (hidden * inside).sum(dim=1) / inside.sum(dim=1)
    theirs = torch.nn.functional.normalize(pooled, dim=1).numpy()
    ours = Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache", precision="float32")
    assert (theirs * ours.encode_document(texts)).sum(axis=1).min() > 0.999


def test_nothing_is_written_over(tiny, tmp_path):
    model = load_bert(tiny.folder)
    save_bert(model, tmp_path / "out", "")
    with pytest.raises(StorageError, match="exists already"):
        save_bert(model, tmp_path / "out", "")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        save_bert(model, tmp_path / "file" / "out", "")


def test_without_torch_the_extra_is_named(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r"modacast\[train\]"):
        load_bert(tiny.folder)


def test_a_tokenizer_that_does_not_fit(tiny):
    with (tiny.folder / "vocab.txt").open("a") as file:
        file.write("\n".join(map(str, range(99))))
    with pytest.raises(InvalidInput, match="belong together"):
        load_bert(tiny.folder)


def test_the_battery_and_the_gate(tiny_encoder):
    scores = battery(tiny_encoder)
    assert 0 <= scores["paraphrases"] <= 1
    same = dict.fromkeys(GENERAL_TEXTS, np.ones(4, np.float32) / 2)
    assert battery_scores(same, same)["spread"] == 0
    before = {"task": 0.5, "paraphrases": 0.8}
    assert Gate().judge(before, {"task": 0.6, "paraphrases": 0.78}, "task").accepted
    worse = Gate().judge(before, {"task": 0.4, "paraphrases": 0.5}, "task")
    assert not worse.accepted
    assert len(worse.reasons) == 2
    assert not Gate().judge(before, {"task": float("nan"), "paraphrases": 0.8}, "task").accepted


def test_three_libraries_give_the_same_vectors(tiny, tmp_path):
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    folder = save_bert(load_bert(tiny.folder), tmp_path / "out", "")
    ours = served(folder, tmp_path).encode(TEXTS)
    theirs = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)
    assert (ours * theirs).sum(axis=1).min() > 0.999
    network, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    for text, vector in zip(TEXTS, ours, strict=True):
        hidden = network(**tokenizer([text], return_tensors="pt")).last_hidden_state[0].mean(0).detach()
        assert float((hidden / hidden.norm()).numpy() @ vector) > 0.999
