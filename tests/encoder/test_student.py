from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modacast.encoder import Encoder
from modacast.encoder.student import StudentSettings, distil
from modacast.errors import InvalidInput, StorageError

pytestmark = pytest.mark.usefixtures("torch")

QUICK = StudentSettings(
    n_layers=1,
    steps=120,
    minutes=5,
    batch_size=16,
    frozen_layers=0,
    learning_rate=3e-3,
    device="cpu",
    arithmetic="float32",
)


def texts(n: int = 200) -> list[str]:
    rng = np.random.default_rng(0)
    return ["".join(rng.choice(list("红黑白色裙子马面新中"), 5)) for _ in range(n)]


def test_a_student_learns_from_its_teacher(tiny, tmp_path):
    result = distil(texts(), tmp_path / "s", base=tiny.folder, settings=QUICK, cache_dir=tmp_path / "c")
    assert result.layers == (0,)
    assert result.cosine_after > result.cosine_before + 0.05
    assert result.n_steps == 120
    student = Encoder.from_pretrained(result.folder, cache_dir=tmp_path / "c", precision="float32")
    teacher = Encoder.from_pretrained(tiny.folder, cache_dir=tmp_path / "c", precision="float32")
    fresh = texts(260)[200:]
    cosines = (student.encode(fresh) * teacher.encode(fresh)).sum(axis=1)
    assert cosines.mean() == pytest.approx(result.cosine_after, abs=0.03)
    assert "cosine to the teacher" in (result.folder / "README.md").read_text(encoding="utf-8")


def test_what_makes_no_student(tiny, tmp_path):
    with pytest.raises(InvalidInput, match="needs 64"):
        distil(["红"] * 100, tmp_path / "s", base=tiny.folder, settings=QUICK)
    with pytest.raises(InvalidInput, match="n_layers must be 1 to 1"):
        distil(texts(), tmp_path / "s", base=tiny.folder, settings=replace(QUICK, n_layers=2))
    with pytest.raises(StorageError, match="exists"):
        distil(texts(), tmp_path, base=tiny.folder, settings=QUICK)
