from __future__ import annotations

from importlib.util import find_spec

import pytest
from tiny_bert import TinyBert, make_tiny_bert

from modacast.encoder import Encoder


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Let torch compute tiny models on one thread; several only wait for each other."""
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)


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
    """The shipped model, converted once a session."""
    return Encoder.from_pretrained("bundled", cache_dir=tmp_path_factory.mktemp("bundled"), threads=2)
