from __future__ import annotations

import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tiny_bert import make_tiny_bert

from modacast.encoder import Encoder
from modacast.encoder.models import default_cache_dir
from modacast.errors import InvalidInput, MissingExtra, NotFound, StorageError

TEXTS = ["红色连衣裙", "dress", "新中式马面裙的红"]
WORDS = [list("红色连衣裙"), ["dress"], list("新中式马面裙的红")]


def opened(folder, tmp_path, **options) -> Encoder:
    options = {"precision": "float32", "threads": 1, **options}
    return Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache", **options)


def only_conversion(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "cache" / "encoder").iterdir()
    return folder


@pytest.mark.parametrize(
    "options",
    [{"prefix": "bert."}, {"dtype": "float16"}, {"model_type": "xlm-roberta", "prefix": "roberta."}],
    ids=["prefixed", "float16", "roberta"],
)
def test_other_folders_of_the_family(tmp_path, options):
    bert = make_tiny_bert(tmp_path / "model", **options)
    wanted = np.stack([bert.vector(words) for words in WORDS])
    np.testing.assert_allclose(opened(bert.folder, tmp_path).encode(TEXTS), wanted, atol=2e-5)


def test_bfloat16(tiny, tmp_path):
    tensors = {}
    for name, value in tiny.tensors.items():
        tiny.tensors[name] = (value.view(np.uint32) >> 16 << 16).view(np.float32)
        tensors[name] = (value.view(np.uint32) >> 16).astype(np.uint16)
    header, data = {}, b""
    for name, value in tensors.items():
        span = [len(data), len(data) + value.nbytes]
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": span}
        data += value.tobytes()
    head = json.dumps(header).encode()
    (tiny.folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + data)
    wanted = np.stack([tiny.vector(words) for words in WORDS])
    np.testing.assert_allclose(opened(tiny.folder, tmp_path).encode(TEXTS), wanted, atol=2e-5)


def test_norms_by_their_old_names(tiny, tmp_path):
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in tiny.tensors.items()
    }
    save_file(old, tiny.folder / "model.safetensors")
    np.testing.assert_allclose(
        opened(tiny.folder, tmp_path).encode(["裙"])[0], tiny.vector(["裙"]), atol=2e-5
    )


def sentence_folder(tiny, folder: Path, pooling: dict, *, inner: str = "") -> Path:
    folder.mkdir()
    transformer = folder / inner
    transformer.mkdir(exist_ok=True)
    for path in tiny.folder.iterdir():
        (transformer / path.name).write_bytes(path.read_bytes())
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (transformer / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 5}))
    prompts = {"prompts": {"query": "a ", "passage": "b "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    kinds = [("Transformer", inner), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    modules = [{"type": f"sentence_transformers.models.{kind}", "path": path} for kind, path in kinds]
    (folder / "modules.json").write_text(json.dumps(modules))
    return folder


@pytest.mark.parametrize("inner", ["", "0_Transformer"])
@pytest.mark.parametrize(
    ("pooling", "wanted"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_a_sentence_transformers_folder_is_read_wholly(tiny, tmp_path, inner, pooling, wanted):
    folder = sentence_folder(tiny, tmp_path / "sentence", pooling, inner=inner)
    encoder = opened(folder, tmp_path)
    assert encoder.recipe.pooling == wanted
    assert encoder.recipe.prefixes == {"query": "a ", "document": "b "}
    # five tokens: [CLS], the prefix, two characters, [SEP]
    np.testing.assert_allclose(
        encoder.encode_query(["红色裙子"])[0], tiny.vector(["a", *"红色"], wanted), atol=2e-5
    )


@pytest.mark.parametrize("pooling", [{"pooling_mode_max_tokens": True}, {}, {"pooling_mode": "lasttoken"}])
def test_other_pooling_is_refused(tiny, tmp_path, pooling):
    folder = sentence_folder(tiny, tmp_path / "sentence", pooling)
    with pytest.raises(InvalidInput, match="mean or cls"):
        opened(folder, tmp_path)


def test_other_modules_are_refused(tiny, tmp_path):
    folder = sentence_folder(tiny, tmp_path / "sentence", {"pooling_mode_mean_tokens": True})
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"type": "sentence_transformers.models.Dense", "path": "3_Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InvalidInput, match="Dense"):
        opened(folder, tmp_path)


def spoil_config(**changes):
    def spoil(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        config.update(changes)
        config = {key: value for key, value in config.items() if value is not ...}
        (folder / "config.json").write_text(json.dumps(config))

    return spoil


def spoil_tensors(change):
    def spoil(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return spoil


def cut(name: str, at: int):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:at])


def remove(name: str):
    return lambda folder: (folder / name).unlink()


def nan(tensors):
    tensors["encoder.layer.1.output.dense.weight"][3, 4] = np.nan


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (remove("config.json"), "not a model"),
        (remove("model.safetensors"), "no weights"),
        (remove("vocab.txt"), "no tokenizer"),
        (cut("config.json", 30), "JSON"),
        (cut("model.safetensors", 5000), "safetensors"),
        (cut("model.safetensors", 0), "safetensors"),
        (cut("vocab.txt", 12), "CLS"),
        (spoil_config(model_type="t5"), "'t5'"),
        (spoil_config(position_embedding_type="relative_key"), "relative_key"),
        (spoil_config(hidden_size=...), "hidden_size"),
        (spoil_config(hidden_size=48), "shape"),
        (spoil_config(num_attention_heads=5), "heads"),
        (spoil_config(num_hidden_layers=3), "missing"),
        (spoil_config(hidden_act="mish"), "mish"),
        (spoil_tensors(lambda t: t.pop("embeddings.word_embeddings.weight")), "no BERT"),
        (spoil_tensors(lambda t: t.pop("encoder.layer.0.output.dense.bias")), "output.dense.bias"),
        (spoil_tensors(nan), "not finite"),
        (
            lambda folder: (folder / "vocab.txt").open("a").write("\n".join(map(str, range(99)))),
            "belong together",
        ),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "not a tokenizer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_folder_is_named_for_what_is_wrong(tiny, tmp_path, spoil, message):
    spoil(tiny.folder)
    with pytest.raises(InvalidInput, match=message):
        opened(tiny.folder, tmp_path)
    kept = tmp_path / "cache" / "encoder"
    assert not kept.exists() or not list(kept.iterdir())


def test_a_checkpoint_without_safetensors_needs_torch(tiny, tmp_path, monkeypatch):
    (tiny.folder / "model.safetensors").rename(tiny.folder / "pytorch_model.bin")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"modacast\[train\]"):
        opened(tiny.folder, tmp_path)


@pytest.mark.parametrize(
    "name", ["./no/such/folder", "~/none-such", "a/b/c", Path("bert-base-chinese"), "/x"]
)
def test_a_path_that_is_not_there(tmp_path, name):
    with pytest.raises(NotFound, match="no model at"):
        opened(name, tmp_path)


def test_a_hub_name_is_not_fetched_unasked(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NotFound, match=r"hf download somebody/none-such-model"):
        opened("somebody/none-such-model", tmp_path)


def test_a_hub_name_is_found_in_the_local_cache(tiny, tmp_path, monkeypatch):
    import huggingface_hub

    asked = []

    def snapshot(name, **options):
        asked.append((name, options["local_files_only"]))
        return str(tiny.folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    encoder = opened("somebody/tiny", tmp_path)
    assert asked == [("somebody/tiny", True)]
    assert encoder.model_id.startswith("somebody/tiny@")
    np.testing.assert_allclose(encoder.encode(["裙"])[0], tiny.vector(["裙"]), atol=2e-5)


def test_an_empty_folder_says_what_it_holds(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(InvalidInput, match=r"cat\.jpg"):
        opened(tmp_path / "photos", tmp_path)


def test_the_conversion_happens_once(tiny, tmp_path):
    opened(tiny.folder, tmp_path)
    before = (only_conversion(tmp_path) / "model.bin").stat().st_mtime_ns
    opened(tiny.folder, tmp_path)
    assert (only_conversion(tmp_path) / "model.bin").stat().st_mtime_ns == before


def test_other_weights_in_the_same_folder_are_another_model(tiny, tmp_path):
    first = opened(tiny.folder, tmp_path)
    make_tiny_bert(tiny.folder, seed=1)
    second = opened(tiny.folder, tmp_path)
    assert first.model_id != second.model_id
    assert not np.allclose(first.encode(["裙"]), second.encode(["裙"]), atol=1e-2)


@pytest.mark.parametrize("name", ["model.bin", "modacast.json"])
def test_a_broken_conversion_is_made_anew(tiny, tmp_path, caplog, name):
    wanted = opened(tiny.folder, tmp_path).encode(TEXTS)
    cut(name, 40)(only_conversion(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(opened(tiny.folder, tmp_path).encode(TEXTS), wanted)
    assert "made anew" in caplog.text


def test_a_broken_saved_model_is_refused(tiny, tmp_path):
    saved = opened(tiny.folder, tmp_path).save_pretrained(tmp_path / "saved")
    cut("model.bin", 4000)(saved)
    with pytest.raises(InvalidInput, match=r"model\.bin"):
        opened(saved, tmp_path)


def test_a_plain_ctranslate2_folder(tiny, tmp_path):
    encoder = opened(tiny.folder, tmp_path)
    foreign = encoder.save_pretrained(tmp_path / "foreign")
    (foreign / "modacast.json").unlink()
    other = opened(foreign, tmp_path)
    assert (other.dim, other.recipe.max_tokens) == (32, 512)
    np.testing.assert_array_equal(other.encode(TEXTS), encoder.encode(TEXTS))
    (foreign / "tokenizer.json").unlink()
    with pytest.raises(InvalidInput, match=r"tokenizer\.json"):
        opened(foreign, tmp_path)


def test_many_may_convert_at_once(tiny, tmp_path):
    with ThreadPoolExecutor(6) as pool:
        vectors = list(pool.map(lambda _: opened(tiny.folder, tmp_path).encode(["裙"]), range(6)))
    assert all(np.array_equal(v, vectors[0]) for v in vectors)
    assert only_conversion(tmp_path).is_dir()


def test_a_cache_that_cannot_be_written(tiny, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(StorageError, match="cache_dir"):
        opened(tiny.folder, tmp_path)


def test_the_default_cache_follows_the_system(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "modacast"
