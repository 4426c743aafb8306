"""attributes learn, attributes fill."""

from __future__ import annotations

import csv
import io

import pytest
from pipeline.small import write_csv
from serve.command_line import refused, well

FORMS = {"Tees": "白色T恤 纯棉 {}", "Pants": "高腰牛仔裤 {}", "Polos": "短袖 polo衫 {}"}


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    rows = [
        {"sku": f"p{n}{kind}", "name": form.format("abcdefghij"[n]), "kind": kind if n else ""}
        for kind, form in FORMS.items()
        for n in range(9)
    ]
    rows.append({"sku": "bad", "name": "", "kind": "Tees"})
    return write_csv(tmp_path_factory.mktemp("shop") / "products.csv", rows)


@pytest.fixture(scope="module")
def model(products):
    folder = products.parent / "model"
    done = well("attributes", "learn", products, "-a", "kind", "--column", "text=name", "--out", folder)
    assert "1 row was set aside" in done.err
    assert "3 rows have none of these attributes" in done.err
    assert "kind" in done.out
    return folder


def test_gaps_are_filled_and_what_is_given_stays(products, model):
    done = well(
        "attributes", "fill", products, "--model", model, "--column", "text=name", "--column", "id=sku"
    )
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 27
    gaps = [row for row in rows if row["kind_from"] == "learned"]
    assert {(row["id"], row["kind"]) for row in gaps} == {(f"p0{kind}", kind) for kind in FORMS}
    assert all(float(row["kind_probability"]) >= 0.5 for row in gaps)
    assert sum(row["kind_from"] == "given" and row["kind_probability"] == "" for row in rows) == 24
    assert "kind: 3 filled in, 24 given in the file, 0 left empty" in done.err
    assert "1 row was set aside" in done.err


def test_what_is_unsure_is_left_empty_and_counted(model, tmp_path):
    titles = write_csv(tmp_path / "new.csv", [{"text": "一本书"}, {"text": "纯棉白色T恤"}])
    done = well("attributes", "fill", titles, "--model", model, "--least", "0.6", "--json")
    book, tee = done.rows()
    assert (book["id"], book["kind"], book["kind_from"]) == ("2", None, None)
    assert tee["kind"] == "Tees"
    assert "kind: 1 filled in, 0 given in the file, 1 left empty (less probable than 0.6)" in done.err


def test_labels_alone_are_enough(tmp_path):
    rows = [{"text": "blue shirt", "colour": ""}]
    learned = well(
        "attributes", "learn", write_csv(tmp_path / "a.csv", rows), "-a", "colour", "--label", "colour=Blau",
        "--label", "colour=Rot", "--lang", "en", "--out", tmp_path / "m", "--json",
    )  # fmt: skip
    assert learned.json()["colour"]["n_titles"] == 0
    filled = well(
        "attributes", "fill", tmp_path / "a.csv", "--model", tmp_path / "m", "--lang", "en", "--json"
    )
    assert filled.rows()[0]["colour"] == "Blau"


def test_personal_data_is_scrubbed_before_learning(tmp_path):
    rows = [{"text": f"dress, write to jane.doe@example.com {n}", "kind": "Dresses jane.doe@example.com"} for n in range(9)]  # fmt: skip
    well("attributes", "learn", write_csv(tmp_path / "a.csv", rows), "-a", "kind", "--out", tmp_path / "m")
    kept = (tmp_path / "m" / "attributes.json").read_text(encoding="utf-8")
    assert "doe" not in kept


def test_mistakes_are_told(products, model, tmp_path):
    common = ("attributes", "learn", products, "--column", "text=name", "--out", tmp_path / "m")
    assert "did you mean 'kind'" in refused(*common, "-a", "kinds")
    assert "modacast's own columns" in refused(*common, "-a", "lang")
    assert "ATTRIBUTE=LABEL" in refused(*common, "-a", "kind", "--label", "Tees")
    assert "not among the columns" in refused(*common, "-a", "kind", "--label", "color=Red")
    told = refused("attributes", "fill", products, "--model", tmp_path, "--column", "text=name")
    assert "holds no learned attributes" in told
    assert not (tmp_path / "m").exists()
