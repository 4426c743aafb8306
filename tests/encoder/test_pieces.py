from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.encoder.bundled import UnigramPieces
from modacast.encoder.pieces import PIECES_FILE, CompactUnigram
from modacast.encoder.tokenizer import load_tokenizer, unigram_tokenizer
from modacast.errors import InvalidInput

# "ab" against "a" + "b" and "bc" against "b" + "c" are ties; "▁a" competes with "▁" + "a"
SCORED = {
    "<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0, "▁": -2.0, "a": -1.0, "b": -1.0, "c": -1.5, "ab": -2.0,
    "bc": -2.5, "abc": -3.6, "▁a": -2.5, "▁ab": -4.0, "红": -3.0, "色": -3.5, "红色": -4.0, "红色裙": -9.0,
    "～": -5.0, "99": -2.0, "9": -3.0, "é": -3.0, "👗": -4.0, "<mask>": 0.0,
}  # fmt: skip
MAX_TOKENS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pieces")
    pieces = UnigramPieces(list(SCORED), list(SCORED.values()), bos_id=0, eos_id=2, pad_id=1, unk_id=3)
    unigram_tokenizer(pieces).save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def both(folder):
    library = load_tokenizer(folder / "tokenizer.json")
    library.enable_truncation(MAX_TOKENS)
    compact = CompactUnigram.open(folder)
    assert compact is not None
    return compact, library


def _same(both, text):
    compact, library = both
    assert compact.ids(text, MAX_TOKENS) == library.encode(text).ids, text


LETTERS = st.sampled_from([*"abc红色裙～9é👗xyz ▁\u3000\t\u200b９", "<s>", "<mask>", "<unk>", "e\u0301", "<"])


@given(st.lists(LETTERS, max_size=30).map("".join))
def test_ids_are_those_of_the_library(both, text):
    _same(both, text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_ids_of_any_text_are_those_of_the_library(both, text):
    _same(both, text)


@pytest.mark.parametrize("text", ["", " ", "▁", "xx红xx", "x x", "a<s>b", "<mask>", "abc" * 20, "a b " * 20])
def test_edges(both, text):
    _same(both, text)


def test_unknown_characters_side_by_side_are_one_piece(both):
    assert both[0].ids("xyz", 12) == [0, 4, 3, 2]


def test_what_was_written_gives_the_same_ids(folder):
    first = CompactUnigram.open(folder)
    assert (folder / PIECES_FILE).is_file()
    again = CompactUnigram.open(folder)
    texts = ["abc红色裙", "x<mask>99～", "ab ab abc bc"]
    assert [first.ids(t, 99) for t in texts] == [again.ids(t, 99) for t in texts]


def _copy(folder, target, change=lambda layout: None):
    layout = json.loads((folder / "tokenizer.json").read_text())
    change(layout)
    target.mkdir()
    (target / "tokenizer.json").write_text(json.dumps(layout))
    return target


def test_another_tokenizer_makes_the_stored_pieces_stale(folder, tmp_path):
    target = _copy(folder, tmp_path / "copy")
    before = CompactUnigram.open(target).ids("红色", 12)
    layout = json.loads((target / "tokenizer.json").read_text())
    layout["model"]["vocab"][list(SCORED).index("红色")][1] = -50.0
    (target / "tokenizer.json").write_text(json.dumps(layout))
    after = CompactUnigram.open(target).ids("红色", 12)
    assert before != after
    assert after == load_tokenizer(target / "tokenizer.json").encode("红色").ids


def test_broken_pieces_are_made_anew(folder, tmp_path):
    target = _copy(folder, tmp_path / "copy")
    (target / PIECES_FILE).write_bytes(b"not tensors")
    assert CompactUnigram.open(target).ids("ab", 12) == [0, 11, 6, 2]
    assert (target / PIECES_FILE).stat().st_size > 100


def test_a_folder_that_cannot_be_written_is_read_all_the_same(folder, tmp_path, monkeypatch):
    target = _copy(folder, tmp_path / "copy")

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    assert CompactUnigram.open(target).ids("ab", 12) == [0, 11, 6, 2]
    assert [path.name for path in target.iterdir()] == ["tokenizer.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda layout: layout["model"].update(byte_fallback=True),
        lambda layout: layout["model"].update(type="WordPiece"),
        lambda layout: layout["pre_tokenizer"].update(prepend_scheme="first"),
        lambda layout: layout["added_tokens"][0].update(lstrip=True),
        lambda layout: layout.update(post_processor=None),
    ],
)
def test_other_kinds_are_left_to_the_library(folder, tmp_path, change):
    assert CompactUnigram.open(_copy(folder, tmp_path / "copy", change)) is None


def test_broken_tokenizers_are_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"tokenizer\.json"):
        CompactUnigram.open(tmp_path)
    with pytest.raises(InvalidInput, match="Metaspace"):
        CompactUnigram(["a"], [0.0], {})


@pytest.mark.slow
def test_bundled_ids_are_those_of_the_library(bundled):
    from modacast.encoder.checks import GENERAL_TEXTS

    texts = [
        *GENERAL_TEXTS,
        "  多巴胺穿搭 ９９～ 👗 <mask> “quiet luxury” ",
        "Ünïcödé ﬁ ㈱ ｶﾞ",
        "زي تقليدي",
        "ผ้าไหม",
    ]
    library = bundled.tokenizer
    assert [bundled._compact.ids(text, 512) for text in texts] == [library.encode(text).ids for text in texts]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_serving_takes_little_memory(bundled):
    script = (
        "import sys\nfrom pathlib import Path\nfrom modacast.encoder import Encoder\n"
        "encoder = Encoder(Path(sys.argv[1]), threads=2)\n"
        "encoder.encode_document([f'显瘦百搭的连衣裙{i}' for i in range(1000)])\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])\n"
    )
    command = [sys.executable, "-c", script, str(bundled._folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) * 1024 / 1e6 < 350


def test_encoders_give_the_same_vectors_either_way(tiny_encoder):
    # a WordPiece model has no compact form and goes on as before
    assert tiny_encoder._compact is None
    assert np.isfinite(tiny_encoder.encode_query(["红裙"])).all()
