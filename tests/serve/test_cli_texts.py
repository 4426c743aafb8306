"""collect, clean, tag, embed, lexicon check."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow.parquet as pq
import pytest
from pipeline.small import posts, write_csv
from serve.command_line import modacast, refused, well

from modacast.types import DOCUMENTS, MENTIONS

HEADER = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\n"


@pytest.fixture
def texts(tmp_path):
    rows = [{"title": "今天穿了马面裙出门，电话 13800138004，朋友都说好看", "day": "2024-01-01", "author": "writer-x"},
            {"title": "I love my new sneakers, so comfortable", "day": "2024-01-02", "author": "writer-y"},
            {"title": "今天穿了马面裙出门，电话 13800138004，朋友都说好看", "day": "2024-01-03", "author": "writer-x"},
            {"title": "股市今天下跌三个百分点，成交量放大", "day": "2024-01-03", "author": "writer-z"}]  # fmt: skip
    return write_csv(tmp_path / "texts.csv", rows)


def test_collect_reads_the_documents_alone(project, tmp_path):
    done = well("collect", "-c", project.folder, "--home", tmp_path / "home")
    assert done.out == ""
    assert f"clean posts {len(posts()):>6,}" in done.err
    again = well("collect", "-c", project.folder, "--home", tmp_path / "home")
    assert f"{len(posts()):,} already done" in again.err


def test_cleaned_texts_are_scrubbed_and_under_pseudonyms(texts, tmp_path):
    here = (texts, "--column", "published_at=day", "--home", tmp_path / "home")
    done = well("clean", *here, "--out", tmp_path / "clean.parquet")
    table = pq.read_table(tmp_path / "clean.parquet")
    assert table.column_names == DOCUMENTS.names
    assert table.num_rows == 2
    assert "1 row was set aside" in done.err
    assert "\n  texts line 4, text: duplicate" in done.err
    whole = str(table.to_pylist())
    assert "13800138004" not in whole
    assert "writer-" not in whole
    kept = well("clean", *here, "--keep-irrelevant")
    assert len(kept.out.splitlines()) == 1 + 3


def test_tagged_texts_give_mentions_with_their_place(texts, tmp_path):
    path = tmp_path / "mentions.csv.gz"
    assert well("tag", texts, "--column", "text=title", "--out", path).out == ""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0].split(",") == MENTIONS.names
    found = {tuple(line.split(",")[:5]) for line in lines[1:]}
    assert not any(len(line.split(",")[6]) > 10 for line in lines[1:]), "figures are as short as they can be"
    assert ("2", "garment/mamian-skirt", "4", "7", "马面裙") in found
    assert any(row[1] == "footwear/sneaker" and row[4] == "sneakers" for row in found)
    assert well("tag", texts).out.splitlines() == lines


@pytest.mark.parametrize("kind", ["query", "document"])
def test_embedded_texts_are_rows_of_length_one(texts, tmp_path, kind):
    assert well("embed", texts, "--as", kind, "--out", tmp_path / "x.npy").out == ""
    vectors = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-2)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3] + 0.01


@pytest.mark.parametrize(("command", "options", "answer"), [
    ("embed", ["--out", "x.txt"], "ends in .npy"),
    ("embed", ["--out", "x.npy", "--as", "both"], "query or document"),
    ("embed", ["--out", "x.npy", "--model", "nowhere"], "'nowhere' is neither"),
    ("embed", ["--out", "x.npy", "--column", "text=titel"], "did you mean 'title'"),
    ("clean", ["--home", "home", "--column", "text=titel"], "did you mean 'title'"),
    ("tag", ["--column", "txt=title"], "did you mean 'text'"),
], ids=lambda value: value[-1] if isinstance(value, list) else "")  # fmt: skip
def test_wrong_options_are_explained(texts, tmp_path, monkeypatch, command, options, answer):
    monkeypatch.chdir(tmp_path)
    assert answer in refused(command, texts, *options)
    assert not list(tmp_path.glob("x.*"))


def test_vectors_never_slip_against_their_rows(tmp_path):
    (tmp_path / "gap.csv").write_text('text\nred dress\n""\nblue jeans\n', encoding="utf-8")
    message = refused("embed", tmp_path / "gap.csv", "--out", tmp_path / "x.npy")
    assert "line 3: empty text" in message
    assert not (tmp_path / "x.npy").exists()


@pytest.mark.parametrize("command", ["clean", "tag"])
def test_an_empty_file_gives_an_empty_table_and_says_so(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.csv").touch()
    done = well(command, "none.csv")
    assert len(done.out.splitlines()) == 1
    assert "empty file" in done.err


@pytest.mark.parametrize("command", ["tag", "sentiment"])
def test_a_text_file_holds_one_text_a_line(tmp_path, command):
    path = tmp_path / "texts.txt"
    path.write_text("a red dress\n\n白色连衣裙\n", encoding="utf-8")
    done = well(command, path, "--words")
    assert {line.split(",")[0] for line in done.out.splitlines()[1:]} == {"1", "3"}
    assert done.err == ""


def test_an_encoding_can_be_named_and_a_guess_is_told(tmp_path, caplog):
    path = tmp_path / "ja.csv"
    path.write_text("id,text\n1,赤いスカート\n", encoding="shift_jis")
    well("tag", path, "--words")
    assert "1 of its lines are no UTF-8 and were read as GB18030" in caplog.text
    caplog.clear()
    done = well("tag", path, "--words", "--encoding", "shift_jis")
    assert "garment/skirt" in done.out
    assert not caplog.text
    assert "no encoding 'klingon'" in refused("tag", path, "--words", "--encoding", "klingon")


def test_a_folder_is_no_file(tmp_path):
    assert "is a folder" in refused("tag", tmp_path, "--words")


def test_bad_rows_alone_are_no_empty_file(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"id,text\n1,robe \xe9t\xe9\n")
    for command in (("tag", path, "--words"), ("style", "--file", path)):
        err = well(*command).err
        assert "1 row was set aside:\n" in err
        assert "bad.csv line 2: bad encoding" in err.replace("\n", "")
        assert "empty file" not in err


@pytest.mark.slow
def test_tagging_knows_the_words_of_a_home(tmp_path):
    path, home = tmp_path / "texts.txt", tmp_path / "home"
    path.write_text("这件格兰披风裙真好看\n", encoding="utf-8")
    well("lexicon", "add", "garment/glen-cape-dress", "--label", "zh=格兰披风裙", "--home", home)
    assert "glen-cape-dress" in well("tag", path, "--words", "--home", home).out
    assert "glen-cape-dress" not in well("tag", path, "--words").out
    assert "no home" in refused("tag", path, "--words", "--home", tmp_path / "nowhere")


@pytest.mark.slow
def test_the_lexicon_that_is_shipped_and_one_of_ones_own_are_fine(tmp_path):
    shipped = int(well("lexicon", "check").out.split()[0].replace(",", ""))
    mine = tmp_path / "mine.csv"
    mine.write_text(HEADER + "style/neat-look,,上身效果,neat look,,,,,,,,\n", encoding="utf-8")
    assert well("lexicon", "check", mine).out == f"{shipped + 1:,} elements, no problem\n"


@pytest.mark.parametrize(("content", "line", "answer"), [
    ("id,parent,zh\n", 1, "the header is"),
    (HEADER + "style/neat-look,,上身效果,neat look,,,,,,,,\nstyl/neat,,净,neat,,,,,,,,\n", 3, "styl"),
    (HEADER + "style/neat-look,style/none-such,上身效果,neat look,,,,,,,,\n", 2, "style/none-such"),
    (HEADER + "style/neat-look,,上身效果\n", 2, ""),
])  # fmt: skip
def test_each_problem_of_a_lexicon_is_named_with_file_and_line(tmp_path, content, line, answer):
    path = tmp_path / "mine.csv"
    path.write_text(content, encoding="utf-8")
    done = modacast("lexicon", "check", path)
    assert done.code == 2
    assert done.out.startswith(f"{path}, line {line}")
    assert answer in done.out


def test_a_lexicon_that_is_not_there(tmp_path):
    assert "does not exist" in refused("lexicon", "check", tmp_path / "none.csv")


def test_options_of_spans_go_with_spans(texts):
    assert "go with --spans" in refused("tag", texts, "--column", "text=title", "--fewest", 2)
    assert "leave --words out" in refused("tag", texts, "--column", "text=title", "--spans", "--words")
    assert "at least 50 are needed" in refused("tag", texts, "--column", "text=title", "--spans")


@pytest.mark.slow
def test_spans_are_learned_saved_and_listed_without_personal_data(tmp_path):
    phrases = (
        "这件{}连衣裙版型很好，领子是翻领",
        "{}衬衫配白色板鞋很显瘦",
        "收腰的{}半身裙，电话 13800138004",
    )
    rows = [
        {"text": phrases[i % 3].format(("碎花", "蕾丝", "雪纺", "格纹", "锦葵纱")[i % 5])} for i in range(60)
    ]
    file = write_csv(tmp_path / "texts.csv", rows)
    done = well("tag", file, "--lang", "zh", "--spans", "--save", tmp_path / "m")
    assert done.out.startswith("text,lang,n_texts,facet,probability,nearest,cosine,example\n")
    assert "13800138004" not in done.out
    again = well("tag", file, "--lang", "zh", "--spans", "--model", tmp_path / "m")
    assert again.out == done.out
    assert "nothing to save" in refused(
        "tag", file, "--lang", "zh", "--spans", "--model", tmp_path / "m", "--save", tmp_path / "n"
    )
