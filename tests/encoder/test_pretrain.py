from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from modacast.encoder import Encoder
from modacast.encoder.pretrain import PretrainSettings, pretrain
from modacast.errors import InvalidInput, ModacastError, NotFound, StorageError

pytestmark = pytest.mark.usefixtures("torch")

# of two words that always stand together, the one tells the other
PAIRS = ["红色", "黑白", "裙子", "马面", "中式", "连衣", "多巴", "新长"]


def corpus(n: int = 300) -> list[str]:
    rng = np.random.default_rng(0)
    return list(dict.fromkeys("".join(rng.choice(PAIRS, 5)) for _ in range(n)))


QUICK = PretrainSettings(
    steps=60,
    minutes=None,
    batch_size=16,
    learning_rate=3e-3,
    evaluate_every=20,
    n_pseudo=4,
    held_out=0.2,
    device="cpu",
    arithmetic="float32",
)


def test_the_words_are_learned(tiny, tmp_path):
    seen = []
    result = pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=QUICK, progress=seen.append)
    assert result.after.accuracy > result.before.accuracy
    assert result.after.loss < result.before.loss - 0.5
    assert result.after.pseudo_perplexity < result.before.pseudo_perplexity
    assert [point.step for point in result.curve] == [0, 20, 40, 60]
    assert [state.step for state in seen] == list(range(1, 61))
    assert seen[-1].seconds_left == 0 < seen[10].seconds_left
    assert not (tmp_path / "out.training").exists()


def test_what_is_written(tiny, tmp_path, torch):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    folder = pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=replace(QUICK, steps=5)).folder
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "pseudo-perplexity" in card
    assert json.loads((folder / "training.json").read_text())["n_steps"] == 5
    ET.fromstring((folder / "curve.svg").read_text())
    network = AutoModelForMaskedLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        hidden = network.bert(**tokenizer(["红色裙子"], return_tensors="pt")).last_hidden_state[0].mean(0)
    vector = (hidden / hidden.norm()).numpy()
    encoder = Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache", precision="float32")
    np.testing.assert_allclose(encoder.encode(["红色裙子"])[0], vector, atol=1e-4)


def test_the_head_is_taken_up_again(tiny, tmp_path):
    first = pretrain(corpus(), tmp_path / "a", base=tiny.folder, settings=QUICK)
    second = pretrain(corpus(), tmp_path / "b", base=first.folder, settings=replace(QUICK, steps=1))
    assert second.before.loss == pytest.approx(first.after.loss, abs=0.02)


def test_the_same_seed_gives_the_same_curve(tiny, tmp_path):
    runs = [
        pretrain(corpus(), tmp_path / name, base=tiny.folder, settings=replace(QUICK, steps=20)).curve
        for name in ("a", "b")
    ]
    assert [point.values for point in runs[0]] == [point.values for point in runs[1]]


SCRIPT = """
import sys
import torch
torch.set_num_threads(1)
sys.path[:0] = {path!r}
from test_pretrain import QUICK, corpus
from modacast.encoder.pretrain import pretrain
pretrain(corpus(), {out!r}, base={base!r}, settings=QUICK, progress=lambda s: print(s.step, flush=True))
"""


@pytest.mark.slow
def test_a_killed_training_goes_on(tiny, tmp_path):
    out = tmp_path / "killed"
    script = SCRIPT.format(path=[str(Path(__file__).parent)], out=str(out), base=str(tiny.folder))
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and int(process.stdout.readline() or 99) < 25:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not out.exists()
    assert (out.with_name("killed.training") / "step-00000020").is_dir()
    steps = []
    resumed = pretrain(
        corpus(), out, base=tiny.folder, settings=QUICK, progress=lambda s: steps.append(s.step)
    )
    assert steps[0] in {21, 41}
    whole = pretrain(corpus(), tmp_path / "whole", base=tiny.folder, settings=QUICK)
    for a, b in zip(resumed.curve, whole.curve, strict=True):
        assert a.step == b.step
        assert a.values["held-out loss"] == pytest.approx(b.values["held-out loss"], abs=1e-3)
    assert resumed.after.accuracy == pytest.approx(whole.after.accuracy, abs=1e-3)


def interrupted(tiny, tmp_path) -> Path:
    def stop(state):
        if state.step == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=QUICK, progress=stop)
    return tmp_path / "out.training"


def test_broken_and_foreign_checkpoints_are_refused(tiny, tmp_path):
    folder = interrupted(tiny, tmp_path)
    with pytest.raises(InvalidInput, match="other texts, base or settings"):
        pretrain(corpus()[:-1], tmp_path / "out", base=tiny.folder, settings=QUICK)
    for name in ("model.safetensors", "optimizer.safetensors", "state.json"):
        path = folder / "step-00000020" / name
        whole = path.read_bytes()
        path.write_bytes(whole[:50])
        with pytest.raises(InvalidInput, match=r"remove .*|JSON"):
            pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=QUICK)
        path.write_bytes(whole)
    short = replace(QUICK, steps=2)
    assert pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=short, resume=False).n_steps == 2


@pytest.mark.slow
def test_training_stops_where_nothing_improves(tiny, tmp_path):
    settings = replace(QUICK, steps=400, evaluate_every=5, patience=2, learning_rate=1e-9)
    result = pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=settings)
    assert result.stopped == "early"
    assert result.n_steps < 400


def test_whole_words_by_a_segmenter(tiny, tmp_path):
    asked = []

    def segment(text):
        asked.append(text)
        return [text[i : i + 2] for i in range(0, len(text), 2)]

    settings = replace(QUICK, steps=2, n_pseudo=0)
    result = pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=settings, segment=segment)
    assert len(asked) >= len(corpus())
    assert result.before.pseudo_perplexity is None


def test_what_cannot_be_trained(tiny, tmp_path):
    with pytest.raises(InvalidInput, match="needs 40"):
        pretrain([*corpus()[:20], "", " "], tmp_path / "out", base=tiny.folder, settings=QUICK)
    with pytest.raises(NotFound):
        pretrain(corpus(), tmp_path / "out", base=tmp_path / "none", settings=QUICK)
    with pytest.raises(InvalidInput, match="not a model"):
        pretrain(corpus(), tmp_path / "x", base=tmp_path, settings=QUICK)
    with pytest.raises(InvalidInput, match="steps, minutes"):
        pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=replace(QUICK, steps=None))
    with pytest.raises(StorageError, match="exists already"):
        pretrain(corpus(), tiny.folder, base=tiny.folder, settings=QUICK)
    with pytest.raises(InvalidInput, match="no GPU"):
        pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=replace(QUICK, device="cuda:7"))


def test_a_training_that_diverges_says_so(tiny, tmp_path):
    settings = replace(QUICK, learning_rate=1e30)
    with pytest.raises(ModacastError, match="diverged"):
        pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=settings)


def test_full_memory_is_told(tiny, tmp_path, monkeypatch, torch):
    from modacast.encoder import pretrain as module

    def full(self, *args, **options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(module._Training, "_step", full)
    with pytest.raises(ModacastError, match="lower batch_size"):
        pretrain(corpus(), tmp_path / "out", base=tiny.folder, settings=QUICK)
