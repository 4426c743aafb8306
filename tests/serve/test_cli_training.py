"""train pretrain, train finetune, models: from files and from a home, killed, refused, promoted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from encoder.tiny_bert import WORDS, make_tiny_bert
from filelock import FileLock
from pipeline.small import write_csv
from serve.command_line import PYTHON, refused, well

from modacast.config import ProjectSettings, Settings
from modacast.encoder.pretrain import PretrainSettings
from modacast.pipeline import training
from modacast.pipeline.corpus import read_corpus
from modacast.pipeline.training import adopt
from modacast.pipeline.workspace import Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("torch"), reason="needs the extra train"),
]

CHEAP = ("--device", "cpu", "--threads", 1, "--precision", "float32")
PAIRS = ["红色", "黑白", "裙子", "马面", "中式", "连衣", "多巴", "新长"]


@pytest.fixture
def tiny(tmp_path) -> Path:
    return make_tiny_bert(tmp_path / "tiny-bert").folder


@pytest.fixture
def texts(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    rows = [{"text": "".join(rng.choice(PAIRS, 5))} for _ in range(200)]
    return write_csv(tmp_path / "texts.csv", rows)


@pytest.fixture
def pairs(tmp_path) -> Path:
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(120):
        words = list(rng.choice(WORDS[5:20], 4, replace=False))
        rows.append({"title": "".join(words), "body": "".join(reversed(words))})
    return write_csv(tmp_path / "pairs.csv", rows)


def pretrain(texts, tiny, *more, steps=8):
    return ("train", "pretrain", texts, "--base", tiny, "--steps", steps, "--batch-size", 8,
            "--evaluate-every", 4, *CHEAP, *more)  # fmt: skip


def finetune(pairs, tiny, *more):
    return ("train", "finetune", pairs, "--column", "query=title", "--column", "document=body", "--base", tiny,
            "--epochs", 1, "--batch-size", 16, *CHEAP, *more)  # fmt: skip


def test_pretraining_on_a_file_writes_a_folder(texts, tiny, tmp_path):
    told = well(*pretrain(texts, tiny, "--out", tmp_path / "out", "--learning-rate", 3e-3, "--json")).json()
    assert told["accepted"]
    assert told["version"] is None
    loss = told["metrics"]["held-out masked loss (nats)"]
    assert loss["after"] < loss["before"]
    assert {"model.safetensors", "README.md", "curve.svg", "modules.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    vectors = tmp_path / "x.npy"
    well("embed", texts, "--model", tmp_path / "out", "--out", vectors)
    assert np.load(vectors).shape == (200, 32)


def test_a_home_trains_on_what_it_holds(home, tiny):
    done = well("train", "pretrain", "--home", home, "--base", tiny, "--steps", 3, "--batch-size", 8, *CHEAP)
    assert "Version 1 (put it to use with: modacast models promote 1)" in done.out
    done = well("train", "finetune", "--home", home, "--base", tiny, "--epochs", 0.1, *CHEAP, "--json").json()
    assert done["metrics"]["validation MRR"]["before"] >= 0
    listed = well("models", "list", "--home", home, "--json").json()
    assert [(m["version"], m["task"], m["in_use"]) for m in listed] == [
        (1, "pretrain", False), (2, "finetune", False)]  # fmt: skip
    assert set(listed[1]["data"]["counts"]) >= {"zh-en", "en-zh"}
    assert "马面裙" not in json.dumps(listed, ensure_ascii=False)


def test_the_life_of_a_version(texts, tiny, home, tmp_path):
    for steps in (2, 4):
        well(*pretrain(texts, tiny, "--home", home, "--learning-rate", 3e-3, steps=steps))
    here = ("--home", home)
    assert "version 1 is in use" in well("models", "promote", 1, *here).out
    well("models", "promote", 2, *here)
    assert [m["in_use"] for m in well("models", "list", *here, "--json").json()] == [False, True]
    assert "is in use" in refused("models", "remove", 2, *here)
    assert "version 1 is in use" in well("models", "rollback", *here).out
    assert "bundled model is in use" in well("models", "rollback", *here).out
    assert "no promotion" in refused("models", "rollback", *here)
    well("models", "remove", 2, *here)
    shown = well("models", "show", 2, *here, "--json").json()
    assert (shown["status"], shown["folder"]) == ("removed", None)
    assert "has no files" in refused("models", "promote", 2, *here)
    assert "no model version 9; there is 1, 2" in refused("models", "show", 9, *here)
    assert "from tiny-bert" in well("models", "show", 1, *here).out


def test_a_promotion_changes_what_is_encoded_and_nothing_stale_is_served(
    project, home, texts, tiny, tmp_path
):
    ask = ("recommend", "-c", project.folder, "--home", home, "--user", "customer-1@example.com", "--json")
    before = well(*ask).out
    well(*pretrain(texts, tiny, "--home", home, "--learning-rate", 3e-3, "--promote"))
    after = well(*ask).out
    assert after != before
    x = tmp_path / "x.npy"
    well("embed", texts, "-c", project.folder, "--home", home, "--out", x)
    assert np.load(x).shape[1] == 32
    well("models", "rollback", "--home", home)
    assert well(*ask).out == before


def test_a_refused_fine_tuning_is_written_down_as_refused(tmp_path, tiny):
    rng = np.random.default_rng(2)
    noise = [{"title": "".join(rng.choice(WORDS[5:20], 4)), "body": "".join(rng.choice(WORDS[5:20], 4))}
             for _ in range(80)]  # fmt: skip
    rows = write_csv(tmp_path / "noise.csv", noise)
    home = tmp_path / "home"
    done = well(*finetune(rows, tiny, "--learning-rate", 1e-9, "--home", home))
    assert "Refused, the model before stays" in done.out
    shown = well("models", "show", 1, "--home", home, "--json").json()
    assert shown["status"] == "refused"
    assert shown["reasons"]
    assert "version 1 is refused and has no files" in refused("models", "promote", 1, "--home", home)
    assert "no files" in refused("models", "promote", 1, "--force", "--home", home)


def test_an_accepted_fine_tuning_may_be_put_to_use(pairs, tiny, tmp_path, monkeypatch):
    # the tiny model is random: it knows nothing that a battery could find lost
    monkeypatch.setattr("modacast.encoder.layered.LayeredBert.battery", lambda self: {})
    home = tmp_path / "home"
    longer = ("--learning-rate", 3e-3, "--epochs", 12, "--home", home, "--json")
    told = well(*finetune(pairs, tiny, *longer)).json()
    assert told["accepted"], told["reasons"]
    assert told["promoted"] is False
    well("models", "promote", 1, "--home", home)
    shown = well("models", "show", 1, "--home", home, "--json").json()
    assert (shown["in_use"], shown["status"]) == (True, "accepted")


def test_a_killed_training_goes_on(texts, tiny, tmp_path):
    home = tmp_path / "home"
    command = [str(part) for part in pretrain(texts, tiny, "--home", home, "--json", steps=200)]
    child = subprocess.Popen([*PYTHON, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = home / "models" / "encoder-0001.training"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not any(checkpoint.glob("*")):
        assert child.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert well("models", "list", "--home", home, "--json").json() == []
    resumed = well(*command).json()
    whole = well(*pretrain(texts, tiny, "--out", tmp_path / "whole", "--json", steps=200)).json()
    assert [point["step"] for point in resumed["curve"]] == [point["step"] for point in whole["curve"]]
    losses = [[point["held-out loss"] for point in told["curve"]] for told in (resumed, whole)]
    np.testing.assert_allclose(losses[0], losses[1], atol=0.05)
    assert resumed["version"] == 1
    assert not checkpoint.exists()


def test_a_training_that_was_not_written_down_is_adopted(texts, tiny, tmp_path, monkeypatch):
    home = tmp_path / "home"
    settings = Settings(project=ProjectSettings(title="x", home=home, lang="zh", database=None))
    quick = PretrainSettings(
        steps=2, minutes=None, batch_size=8, device="cpu", arithmetic="float32", threads=1
    )
    corpus, workspace = read_corpus(texts, columns={}), Workspace(settings)
    with monkeypatch.context() as patched:
        patched.setattr(training, "_registered", mock.Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            training.train_pretrain(workspace, corpus, quick, base=str(tiny))
    assert well("models", "list", "--home", home, "--json").json() == []
    record = adopt(Workspace(settings))
    assert record is not None
    assert (record.version, record.task, record.base) == (1, "pretrain", "tiny-bert")
    assert adopt(Workspace(settings)) is None
    assert [m["version"] for m in well("models", "list", "--home", home, "--json").json()] == [1]


@pytest.mark.parametrize(("options", "answer", "code"), [
    (("--column", "text=txet"), "did you mean 'text'", 2),
    (("--precision", "float8"), "--precision is auto", 2),
    (("--threads", "0"), "threads must be at least 1", 2),
    (("--steps", "0"), "must be positive", 2),
    (("--base", "nowhere"), "'nowhere' is neither", 2),
], ids=lambda value: value[0] if isinstance(value, tuple) else "")  # fmt: skip
def test_wrong_input_is_refused_in_a_line(texts, tiny, tmp_path, options, answer, code):
    command = pretrain(texts, tiny, "--out", tmp_path / "out", *options)
    message = refused(*command, code=code)
    assert answer in message
    assert len(message.strip().splitlines()) == 1


def test_a_gpu_that_is_not_there(texts, tiny, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert "finds no GPU" in refused(*pretrain(texts, tiny, "--device", "cuda", "--out", tmp_path / "out"))


def test_too_little_text(tiny, tmp_path):
    few = write_csv(tmp_path / "few.csv", [{"text": "红色裙子马面"}, {"text": "黑白裙子马面"}])
    assert "pre-training needs 40 or more" in refused(*pretrain(few, tiny, "--out", tmp_path / "out"))
    few = write_csv(tmp_path / "few.csv", [{"title": "红", "body": "裙"}])
    assert "fine-tuning needs 24" in refused(*finetune(few, tiny, "--out", tmp_path / "out"))


def test_a_model_that_is_none(texts, tiny, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for base in (empty, texts):
        message = refused(*pretrain(texts, base, "--out", tmp_path / "out"))
        assert len(message.strip().splitlines()) == 1
    with (tiny / "vocab.txt").open("a") as file:
        file.write("\n".join(map(str, range(99))))
    assert "belong together" in refused(*pretrain(texts, tiny, "--out", tmp_path / "out"))


def test_a_broken_checkpoint(texts, tiny, tmp_path):
    folder = tmp_path / "out.training" / "step-000001"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text("{")
    message = refused(*pretrain(texts, tiny, "--out", tmp_path / "out"))
    assert "state.json" in message
    well(*pretrain(texts, tiny, "--out", tmp_path / "out", "--restart", steps=2))


def test_the_memory_of_the_gpu_is_full(texts, tiny, tmp_path, monkeypatch):
    import torch

    from modacast.encoder.masked_model import MaskedModel

    def full(*_args, **_options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(MaskedModel, "__init__", full)
    message = refused(*pretrain(texts, tiny, "--out", tmp_path / "out"), code=1)
    assert "lower batch_size" in message
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written(texts, tiny, tmp_path):
    (tmp_path / "there").mkdir()
    assert "exists already" in refused(*pretrain(texts, tiny, "--out", tmp_path / "there"), code=1)
    (tmp_path / "file").touch()
    message = refused(*pretrain(texts, tiny, "--out", tmp_path / "file" / "out", steps=1), code=1)
    assert "cannot be written" in message


def test_a_home_that_another_run_holds(texts, tiny, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with FileLock(home / "run.lock"):
        assert "another modacast is writing" in refused(*pretrain(texts, tiny, "--home", home), code=1)
