"""search: products and posts by meaning, across languages."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from serve.command_line import refused, well

from modacast.serve.cli import searching

pytestmark = pytest.mark.slow


def found(project, query, *options):
    return well("search", query, "-c", project.folder, "--json", *options).json()


@pytest.mark.parametrize(("query", "ids"), [
    ("牛仔裤", {"p2", "p3"}),
    ("trench coat", {"p10", "p11"}),
    ("ジーンズ", {"p2", "p3"}),
    ("vestido", {"p4", "p5"}),
])  # fmt: skip
def test_products_are_found_in_any_language(project, query, ids):
    hits = found(project, query, "--in", "products", "-k", 2)
    assert {hit["id"] for hit in hits} == ids
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert all(hit["elements"] for hit in hits)


def test_posts_of_all_languages_answer_a_query_of_one(project):
    hits = found(project, "sneakers", "--in", "documents", "-k", 12)
    assert {hit["kind"] for hit in hits} == {"documents"}
    assert all("sneakers" in hit["text"] for hit in hits[:4])
    assert {hit["lang"] for hit in hits} == {"zh", "en"}
    only = found(project, "运动鞋", "--in", "documents", "-k", 3, "--text-lang", "en")
    assert {hit["lang"] for hit in only} == {"en"}


def test_the_finer_garment_answers_the_broader_query(project):
    hits = found(project, "red hanfu", "--in", "products", "-k", 1)
    assert hits[0]["text"].startswith("红色马面裙")


def test_near_copies_are_shown_once(project):
    hits = found(project, "马面裙", "--in", "documents", "-k", 10)
    texts = ["".join(c for c in hit["text"] if not c.isdigit()) for hit in hits]
    assert len(set(texts)) == len(texts) == 10


def test_an_index_is_made_once_and_anew_when_something_changed(home, project):
    shutil.rmtree(home / "index", ignore_errors=True)
    first = well("search", "风衣", "--home", home, "-c", project.folder)
    assert "index products" in first.err
    second = well("search", "风衣", "--home", home, "-c", project.folder)
    assert "index" not in second.err
    assert second.out == first.out
    (home / "index" / "products" / "facts.json").write_text("{", encoding="utf-8")
    assert "index products" in well("search", "风衣", "--home", home, "-c", project.folder).err
    facts = home / "index" / "documents" / "facts.json"
    facts.write_text(json.dumps({"state": "of an older board"}), encoding="utf-8")
    assert "index documents" in well("search", "风衣", "--home", home, "-c", project.folder).err
    vectors = np.load(home / "index" / "documents" / "vectors.npy", allow_pickle=False)
    assert vectors.dtype == np.float16


def test_the_table_names_what_was_found(project):
    done = well("search", "trench coat", "-c", project.folder, "-k", 1, "--lang", "en")
    header, product, post = done.out.splitlines()
    assert header.split() == ["score", "id", "lang", "date", "text", "names"]
    assert "product" in product
    assert product.rstrip().endswith("trench coat")
    assert "posts" in post


def test_a_narrow_terminal_gets_lines_and_whole_ids(project, monkeypatch):
    monkeypatch.setattr(searching, "terminal_width", lambda: 60)
    done = well("search", "trench coat", "-c", project.folder, "-k", 2, "--lang", "en")
    lines = done.out.splitlines()
    assert len(lines) == 8
    ids = {hit["id"] for hit in well("search", "trench coat", "-c", project.folder, "-k", 2, "--json").json()}
    assert ids == {line.split()[2] for line in lines[::2]}
    assert all(line.startswith("    ") for line in lines[1::2])


def test_what_cannot_be_looked_for_is_refused(project, tmp_path):
    assert "the query is empty" in refused("search", "  ", "-c", project.folder)
    assert "got -2" in refused("search", "x", "-c", project.folder, "-k", -2)
    assert "products, documents or all" in refused("search", "x", "-c", project.folder, "--in", "people")
    (tmp_path / "empty").mkdir()
    assert "run `modacast run`" in refused("search", "x", "--home", tmp_path / "empty")
