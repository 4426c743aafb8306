from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modacast.encoder import Encoder
from modacast.encoder.checks import Gate
from modacast.encoder.contrastive import PairBank, contrastive_loss
from modacast.encoder.finetune import TASK, FinetuneSettings, finetune
from modacast.encoder.layered import LayeredBert
from modacast.encoder.pairs import Pair
from modacast.encoder.recipe import KINDS
from modacast.encoder.torch_model import load_bert
from modacast.encoder.training import arithmetic
from modacast.errors import InvalidInput, ModacastError, StorageError

pytestmark = pytest.mark.usefixtures("torch")

LETTERS = "红黑白色裙子马面新中"


def pairs(n: int = 160) -> list[Pair]:
    """Each text and the same characters in another order."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(n):
        chosen = rng.choice(list(LETTERS), 4, replace=False)
        made.append(Pair("".join(chosen), "连衣" + "".join(chosen[::-1])))
    return list(dict.fromkeys(made))


# the tiny model is random: it knows nothing that a battery could find lost
OPEN = Gate(max_loss=2.0)
QUICK = FinetuneSettings(
    epochs=4,
    minutes=None,
    batch_size=16,
    frozen_layers=1,
    learning_rate=3e-3,
    temperature=0.1,
    keep_weight=0.1,
    gate=OPEN,
    device="cpu",
    arithmetic="float32",
)


def test_pairs_come_together(tiny, tmp_path):
    seen = []
    result = finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=QUICK, progress=seen.append)
    assert result.accepted
    assert result.after[TASK] > result.before[TASK] + 0.1
    assert result.n_steps == len(seen)
    assert result.n_train + result.n_validation <= len(pairs())
    facts = json.loads((result.folder / "training.json").read_text())
    assert facts["after"][TASK] == result.after[TASK]


@pytest.mark.parametrize("frozen", [None, 0, 1])
def test_what_is_frozen_stays(tiny, tmp_path, frozen, torch):
    settings = replace(QUICK, epochs=1, frozen_layers=frozen)
    folder = finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=settings).folder
    before, after = load_bert(tiny.folder, texts=[], n_base=99).bert, load_bert(folder).bert
    same = {
        name: bool(torch.equal(a, b))
        for (name, a), (_, b) in zip(before.named_parameters(), after.named_parameters(), strict=True)
    }
    assert same["embeddings.word_embeddings.weight"] is (frozen is not None)
    assert same["encoder.layer.0.output.dense.weight"] is (frozen == 1)
    assert same["encoder.layer.1.output.dense.weight"] is False


def test_the_saved_model_is_the_trained_one_for_everyone(tiny, tmp_path, torch):
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    folder = finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=QUICK).folder
    texts = ["红色裙子", "新中马面 dress"]
    ours = Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache", precision="float32").encode(texts)
    theirs = SentenceTransformer(str(folder), device="cpu").encode(texts)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    tokens = AutoTokenizer.from_pretrained(folder)(texts, return_tensors="pt", padding=True)
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder)(**tokens).last_hidden_state
    inside = tokens["attention_mask"][:, :, None]
    plain = torch.nn.functional.normalize((hidden * inside).sum(1) / inside.sum(1)).numpy()
    np.testing.assert_allclose(ours, plain, atol=1e-5)
    int8 = Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache").encode(texts)
    assert (ours * int8).sum(axis=1).min() > 0.98


def test_the_gate_keeps_a_worse_model_out(tiny, tmp_path):
    settings = replace(QUICK, gate=Gate(min_gain=0.99))
    result = finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=settings)
    assert not result.accepted
    assert result.folder is None
    assert TASK in result.reasons[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_best_state_is_kept(tiny, tmp_path):
    settings = replace(QUICK, epochs=6, learning_rate=0.3, evaluate_every=1)
    result = finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=settings)
    assert result.after[TASK] >= max(p.values[TASK] for p in result.curve) - 1e-6


def likeness_lost(old, new):
    """1 - the correlation between which texts were alike and which are."""
    above = np.triu_indices(len(old), 1)
    return 1 - float(np.corrcoef((old @ old.T)[above], (new @ new.T)[above])[0, 1])


@pytest.mark.slow
def test_general_texts_hold_queries_as_well_as_documents(tiny, tmp_path):
    # a model that marks what asks and what answers, as the e5 family does
    (tiny.folder / "modules.json").write_text(json.dumps([{"type": "models.Transformer", "path": ""}]))
    prompts = {"prompts": {"query": "a ", "document": "b "}}
    (tiny.folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    texts = ["白 裙 长", "黑 新 中", "式 短", "连 衣 风", "多 巴 胺", "色 马"]

    def drift(weight):
        settings = replace(QUICK, keep_weight=weight, n_keep=32)
        out = tmp_path / str(weight)
        folder = finetune(pairs(), out, base=tiny.folder, settings=settings, general_texts=texts).folder
        new = Encoder.from_pretrained(folder, cache_dir=tmp_path / "cache", precision="float32")
        old = Encoder.from_pretrained(tiny.folder, cache_dir=tmp_path / "cache", precision="float32")
        return [likeness_lost(old.encode(texts, kind=kind), new.encode(texts, kind=kind)) for kind in KINDS]

    held, free = drift(30.0), drift(0.0)
    assert held[0] < free[0] / 2
    assert held[1] < free[1] / 2


class Tolerance(Gate):
    """Refuses a model that moved more than half of the way, as its checks tell."""

    def judge(self, before, after, task):
        return super().judge(before, after | {"paraphrases": before["paraphrases"] - after["moved"]}, task)


def test_a_model_that_forgot_goes_back_towards_its_base(tiny, tmp_path, monkeypatch, torch):
    from modacast.encoder import finetune as module

    seen = []

    def scores(self):
        weights = torch.cat([p.detach().flatten() for p in self.layered.parameters()])
        seen.append(weights)
        moved = float((weights - seen[0]).norm())
        whole = float((seen[1] - seen[0]).norm()) if len(seen) > 1 else 1.0
        return {TASK: 0.5 + moved / 100, "paraphrases": 1.0, "moved": moved / whole}

    monkeypatch.setattr(module.FinetuneRun, "scores", scores)
    monkeypatch.setattr(module.FinetuneRun, "_retrieval", lambda self: 1.0)
    settings = replace(QUICK, epochs=1, gate=Tolerance(max_loss=0.5))
    result = finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=settings)
    assert result.accepted
    assert result.share == 0.4
    assert result.after["moved"] == pytest.approx(0.4, abs=0.01)
    refused = replace(settings, gate=Tolerance(max_loss=0.1))
    seen.clear()
    result = finetune(pairs(), tmp_path / "refused", base=tiny.folder, settings=refused)
    assert (result.accepted, result.share) == (False, 1.0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(tiny, tmp_path):
    a, b = (finetune(pairs(), tmp_path / n, base=tiny.folder, settings=QUICK) for n in "ab")
    assert [p.values for p in a.curve] == [p.values for p in b.curve]


def stopped(tiny, tmp_path, step: int):
    """Fine-tune up to a step at which the user gives up."""

    def stop(state):
        if state.step == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=QUICK, progress=stop)
    return tmp_path / "out.training"


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.35, 0.8])
def test_a_stopped_training_goes_on(tiny, tmp_path, share):
    whole = finetune(pairs(), tmp_path / "whole", base=tiny.folder, settings=QUICK)
    folder = stopped(tiny, tmp_path, int(share * whole.n_steps))
    assert not (tmp_path / "out").exists()
    steps = []
    resumed = finetune(
        pairs(),
        tmp_path / "out",
        base=tiny.folder,
        settings=QUICK,
        progress=lambda state: steps.append(state.step),
    )
    assert 1 < steps[0] <= int(share * whole.n_steps)
    assert [p.step for p in resumed.curve] == [p.step for p in whole.curve]
    for a, b in zip(resumed.curve, whole.curve, strict=True):
        assert a.values == pytest.approx(b.values, abs=1e-3)
    assert resumed.after == pytest.approx(whole.after, abs=1e-3)
    assert not folder.exists()


def test_broken_and_foreign_checkpoints_are_refused(tiny, tmp_path):
    folder = stopped(tiny, tmp_path, 20)
    with pytest.raises(InvalidInput, match="other texts, base or settings"):
        finetune(pairs()[:-1], tmp_path / "out", base=tiny.folder, settings=QUICK)
    (newest,) = folder.glob("step-*")
    for name in ("model.safetensors", "optimizer.safetensors", "further.safetensors", "state.json"):
        whole = (newest / name).read_bytes()
        (newest / name).write_bytes(whole[:50])
        with pytest.raises(InvalidInput, match=r"remove .*|JSON"):
            finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=QUICK)
        (newest / name).write_bytes(whole)
    anew = finetune(pairs()[:-1], tmp_path / "out", base=tiny.folder, settings=QUICK, resume=False)
    assert anew.accepted


def test_what_cannot_be_trained(tiny, tmp_path):
    with pytest.raises(InvalidInput, match="needs 24"):
        finetune(pairs()[:10], tmp_path / "out", base=tiny.folder, settings=QUICK)
    with pytest.raises(InvalidInput, match="frozen_layers must be 0 to 1"):
        finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=replace(QUICK, frozen_layers=2))
    with pytest.raises(InvalidInput, match="threads must be"):
        finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=replace(QUICK, threads=0))
    with pytest.raises(InvalidInput, match="epochs, minutes"):
        finetune(pairs(), tmp_path / "out", base=tiny.folder, settings=replace(QUICK, epochs=None))
    with pytest.raises(StorageError, match="exists"):
        finetune(pairs(), tmp_path, base=tiny.folder, settings=QUICK)
    with pytest.raises(ModacastError, match="diverged"):
        finetune(pairs(), tmp_path / "o", base=tiny.folder, settings=replace(QUICK, learning_rate=1e38))


def test_a_model_for_serving_cannot_be_trained(tiny, tmp_path):
    encoder = Encoder.from_pretrained(tiny.folder, cache_dir=tmp_path / "cache")
    served = encoder.save_pretrained(tmp_path / "served")
    with pytest.raises(InvalidInput, match="converted for serving"):
        finetune(pairs(), tmp_path / "out", base=served, settings=QUICK)


@pytest.mark.parametrize("keep_bytes", [1 << 30, 0])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_vectors_are_those_of_the_model(tiny, keep_bytes, pooling, torch):
    model = replace(load_bert(tiny.folder), pooling=pooling)
    layered = LayeredBert(
        torch,
        model,
        n_frozen=1,
        device="cpu",
        compute=arithmetic(torch, "cpu", "float32"),
        max_tokens=64,
        keep_bytes=keep_bytes,
    )
    texts = ["红色裙子", "", "新中式马面裙的红"]
    wanted = np.stack([tiny.vector(list(text), pooling) for text in texts])
    got = layered.all_vectors(layered.prepare(texts, None))
    np.testing.assert_allclose(got, wanted, atol=3e-2 if keep_bytes else 1e-4)


def test_pairs_with_a_common_text_are_no_negatives(torch):
    shared = [Pair("a", "x"), Pair("a", "y"), Pair("b", "z")]
    bank = PairBank(torch, shared, 2)
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    places = np.arange(3)
    loss = contrastive_loss(torch, vectors, vectors, bank, places, temperature=0.01, n_bank=0)
    # the first two, which look the same, would cost log 2 each if they were told apart
    assert float(loss) == pytest.approx(0.0, abs=1e-6)


def test_the_bank_gives_negatives_of_the_same_task(torch):
    mixed = [Pair(str(i), str(-i - 1), "a" if i < 3 else "b") for i in range(6)]
    bank = PairBank(torch, mixed, 2)
    assert len(bank.others(np.array([0]), 10)) == 0
    bank.update(np.arange(6), torch.eye(6)[:, :2], torch.eye(6)[:, :2])
    assert sorted(bank.others(np.array([0]), 10).tolist()) == [1, 2]
    assert len(bank.others(np.array([4]), 1)) == 1
    batches = bank.batches(2, 0, np.random.default_rng(0))
    assert all(len({mixed[i].task for i in batch}) == 1 for batch in batches)


def test_neighbours_share_a_batch(torch):
    many = [Pair(f"q{i}", f"d{i}") for i in range(40)]
    bank = PairBank(torch, many, 2)
    angle = torch.tensor([float(i % 4) for i in range(40)]) * 1.5
    vectors = torch.stack([angle.cos(), angle.sin()], dim=1)
    bank.update(np.arange(40), vectors, vectors)
    batches = bank.batches(10, 9, np.random.default_rng(0))
    assert sorted(int(i) for batch in batches for i in batch) == list(range(40))
    assert np.mean([len({int(i) % 4 for i in batch}) for batch in batches]) < 2.5
