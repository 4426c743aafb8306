from __future__ import annotations

import os

import pytest
from filelock import FileLock
from tiny_bert import TinyBert, make_tiny_bert

from modacast.encoder import Encoder


@pytest.fixture(scope="session")
def torch():
    """The library, imported by the first test that needs it: it takes seconds; without the extra, those are skipped."""
    torch = pytest.importorskip("torch")
    # more threads only wait for each other on tiny models
    torch.set_num_threads(1)
    return torch


@pytest.fixture
def tiny(tmp_path) -> TinyBert:
    return make_tiny_bert(tmp_path / "tiny-bert")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Encoder:
    """An encoder of the tiny model, shared by the tests that only read."""
    folder = tmp_path_factory.mktemp("shared")
    bert = make_tiny_bert(folder / "tiny-bert")
    return Encoder.from_pretrained(bert.folder, cache_dir=folder / "cache", precision="float32", threads=2)


@pytest.fixture(scope="session")
def bundled(tmp_path_factory) -> Encoder:
    """The shipped model, converted once for all processes."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with FileLock(folder / "bundled.lock"):
        return Encoder.from_pretrained("bundled", cache_dir=folder / "bundled", threads=2)
