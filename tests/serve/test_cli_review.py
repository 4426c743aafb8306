"""lexicon review, add, export."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from serve.command_line import modacast, refused, well

from modacast.config import ProjectSettings, Settings
from modacast.elements import Lexicon
from modacast.elements.discovery import NEW_WORDS
from modacast.elements.discovery.naming import word_id
from modacast.pipeline.new_words import new_words
from modacast.pipeline.workspace import Workspace
from modacast.types import DOCUMENTS

FILES = {
    "elements.toml": '[[element]]\nid = "style/cloudcore"\nlabels = { zh = ["云朵风穿搭"], en = ["cloudcore"] }\n',
    "elements.json": '[{"id": "style/cloudcore", "labels": {"zh": "云朵风穿搭", "en": ["cloudcore"]}}]',
    "elements.csv": "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\nstyle/cloudcore,,云朵风穿搭,cloudcore,,,,,,,,\n",
}


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch):
    """The other tests read the lexicon once; here its files change."""
    monkeypatch.setattr(Lexicon, "load", Lexicon.load.__wrapped__)
    # two facets are read in a tenth of the time
    monkeypatch.setattr("modacast.elements.lexicon_layers.FACETS", ("style", "silhouette"))


@pytest.fixture
def home(tmp_path):
    """A home in which three words were found."""
    workspace = Workspace(Settings(project=ProjectSettings(home=tmp_path / "home")))
    rows = [
        row_of("云朵风", "style", 0.98),
        row_of("雾面廓形", "silhouette", 0.8, parent="silhouette/loose"),
        row_of("搪瓷盆", "accessory", 0.6),
    ]
    workspace.lake.commit(
        "discover/words", {"new_words": pa.Table.from_pylist(rows, schema=NEW_WORDS)}, fingerprint="x"
    )
    document = dict.fromkeys(DOCUMENTS.names) | {
        "id": "d1", "text": "今年都在穿云朵风", "lang": "zh", "source": "s", "relevance": 0.9,
        "published_at": datetime(2024, 1, 3, tzinfo=UTC),
    }  # fmt: skip
    workspace.lake.commit(
        "clean/s/000000", {"documents": pa.Table.from_pylist([document], schema=DOCUMENTS)}, fingerprint="y"
    )
    return tmp_path / "home"


def row_of(text, facet, probability, parent=None):
    return dict.fromkeys(NEW_WORDS.names) | {
        "id": word_id("zh", text), "text": text, "lang": "zh", "facet": facet, "facet_probability": 0.9,
        "parent": parent, "nearest": ["style/minimalist"], "variants": [], "same_as": [], "ds": date(2024, 1, 1),
        "first_seen": date(2023, 12, 25), "n_texts": 4, "n_stories": 4, "n_authors": 4, "n_before": 0, "growth": 30.0,
        "probability": probability, "likeness": 1.0, "fashion_share": 0.4, "freedom": 1.0, "cohesion": 0.5,
        "evidence_ids": ["d1"], "status": "found",
    }  # fmt: skip


def statuses(home):
    rows = well("lexicon", "review", "--home", home, "--json", "--all").out
    return {row["text"]: row["status"] for row in json.loads(rows)}


def test_what_waits_is_listed_with_its_texts_the_surest_first(home):
    rows = well("lexicon", "review", "--home", home, "--json").json()
    assert [row["text"] for row in rows] == ["云朵风", "雾面廓形", "搪瓷盆"]
    assert rows[0]["texts"] == ["今年都在穿云朵风"]
    assert "今年都在穿云朵风" in well("lexicon", "review", "--home", home).out
    assert len(well("lexicon", "review", "--home", home, "--json", "-n", 1).json()) == 1
    assert well("lexicon", "review", "--home", home, "--json", "--since", "2024-02-01").json() == []


def test_an_accepted_word_is_an_element_of_this_home(home):
    done = well(
        "lexicon",
        "review",
        "--home",
        home,
        "--accept",
        "云朵风",
        "--rename",
        "云朵风穿搭",
        "--label",
        "en=cloudcore",
        "--json",
    )
    assert done.json() == [{"word": "云朵风", "status": "accepted", "element_id": "style/云朵风穿搭"}]
    (element,) = json.loads(well("lexicon", "export", "--home", home, "--own", "--json").out)["element"]
    assert element["labels"] == {"zh": ["云朵风穿搭", "云朵风"], "en": ["cloudcore"]}
    lexicon = Workspace(Settings(project=ProjectSettings(home=home))).lexicon
    assert lexicon.find("云朵风")[0].id == "style/云朵风穿搭"
    assert statuses(home)["云朵风"] == "accepted"
    assert "云朵风" not in [r["text"] for r in well("lexicon", "review", "--home", home, "--json").json()]


def test_a_word_keeps_the_kind_that_its_ending_says(home):
    well("lexicon", "review", "--home", home, "--accept", "雾面廓形")
    lexicon = Workspace(Settings(project=ProjectSettings(home=home))).lexicon
    assert lexicon["silhouette/雾面廓形"].parent == "silhouette/loose"


def test_a_rejected_word_is_not_offered_again_until_that_is_taken_back(home):
    well("lexicon", "review", "--home", home, "--reject", "搪瓷盆", "--accept", "云朵风")
    assert statuses(home) == {"云朵风": "accepted", "雾面廓形": "found", "搪瓷盆": "rejected"}
    well("lexicon", "review", "--home", home, "--undo", "搪瓷盆", "--undo", "云朵风")
    assert set(statuses(home).values()) == {"found"}
    assert well("lexicon", "export", "--home", home, "--own").out.count("\n") == 1


def test_accepting_again_under_another_facet_moves_the_word(home):
    well("lexicon", "review", "--home", home, "--accept", "云朵风")
    well("lexicon", "review", "--home", home, "--accept", "云朵风", "--facet", "pattern")
    own = json.loads(well("lexicon", "export", "--home", home, "--own", "--json").out)["element"]
    assert [element["id"] for element in own] == ["pattern/云朵风"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--accept", "云朵凤"], "云朵风"),
        (["--accept", "云朵风", "--facet", "stile"], "did you mean 'style'"),
        (["--accept", "云朵风", "--label", "xx=a"], "'xx'"),
        (["--accept", "云朵风", "--label", "en"], "LANG=TEXT"),
        (["--accept", "云朵风", "--parent", "style/minimalistt"], "style/minimalist"),
        (["--accept", "云朵风", "--accept", "雾面廓形", "--rename", "x"], "exactly one --accept"),
        (["--rename", "x"], "exactly one --accept"),
        (["--since", "yesterday"], "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(home, args, said):
    done = modacast("lexicon", "review", "--home", home, *args)
    assert done.code == 2
    assert said in done.err
    assert set(statuses(home).values()) == {"found"}
    assert not (home / "lexicon" / "own.csv").exists()


def test_a_home_without_new_words(tmp_path):
    Workspace(Settings(project=ProjectSettings(home=tmp_path)))
    assert well("lexicon", "review", "--home", tmp_path, "--json").json() == []
    assert "modacast run" in refused("lexicon", "review", "--home", tmp_path, "--accept", "云朵风")


@pytest.mark.parametrize("name", FILES)
def test_elements_are_added_from_a_file(tmp_path, name):
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    home = tmp_path / "home"
    well("lexicon", "add", "--from", path, "--home", home)
    lexicon = Workspace(Settings(project=ProjectSettings(home=home))).lexicon
    assert lexicon["style/cloudcore"].label("en") == "cloudcore"


def test_one_element_is_added_and_changed(tmp_path):
    home = tmp_path / "home"
    well("lexicon", "add", "style/cloudcore", "--label", "zh=云朵风穿搭|云朵风", "--home", home)
    well(
        "lexicon",
        "add",
        "style/cloudcore",
        "--label",
        "zh=云朵风",
        "--attribute",
        "since=2024",
        "--home",
        home,
    )
    element = Workspace(Settings(project=ProjectSettings(home=home))).lexicon["style/cloudcore"]
    assert element.labels["zh"] == ("云朵风",)
    assert element.attributes["since"] == "2024"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "--from"),
        (["style/cloudcore"], "--label"),
        (["stile/cloudcore", "--label", "zh=云朵风"], "did you mean 'style'"),
        (["style/Cloud Core", "--label", "zh=云朵风"], "no id"),
        (["style/cloudcore", "--label", "fr=nuage"], "neither a Chinese nor an English label"),
        (["style/cloudcore", "--label", "zh=a"], "too short"),
        (["style/cloudcore", "--label", "zh=云朵风", "--attribute", "since"], "KEY=VALUE"),
        (["style/cloudcore", "--label", "zn=云朵风"], "'zh'"),
    ],
)
def test_what_would_make_the_lexicon_unsound_is_refused(tmp_path, args, said):
    assert said in refused("lexicon", "add", *args, "--home", tmp_path)
    assert not (tmp_path / "lexicon" / "own.csv").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.toml", "[[element"), ("a.json", "{"), ("a.json", '"x"'), ("a.json", "[1]"), ("a.json", '[{"id": 1}]'),
        ("a.json", '[{"id": "style/x", "label": {}}]'), ("a.json", '[{"id": "style/x", "labels": {"zh": [1]}}]'),
        ("a.csv", "id,zh\nstyle/x,风\n"), ("a.csv", ""), ("a.toml", ""), ("a.txt", "x"), ("a.json", "[" * 100_000),
    ],
)  # fmt: skip
def test_broken_files_are_refused_in_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert path.name in refused("lexicon", "add", "--from", path, "--home", tmp_path / "home")


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused("lexicon", "add", "--from", path, "--home", tmp_path / "home")
    refused("lexicon", "add", "--from", tmp_path / "none.csv", "--home", tmp_path / "home")


def test_a_broken_layer_is_named(home):
    (home / "lexicon").mkdir()
    (home / "lexicon" / "own.csv").write_text("nonsense\n", encoding="utf-8")
    assert "own.csv" in refused("lexicon", "review", "--home", home, "--accept", "云朵风")


@pytest.mark.parametrize("kind", ["csv", "toml", "json"])
def test_the_whole_lexicon_goes_out_and_comes_in_again(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / f"all.{kind}"
    well("lexicon", "export", "--out", out)
    from modacast.elements.lexicon_exchange import dump_rows, load_rows

    again = tmp_path / "again.csv"
    again.write_text(dump_rows(load_rows(out), "csv"), encoding="utf-8")
    whole = Lexicon.load()
    assert Lexicon.load(again, shipped=False).elements == whole.elements
    with again.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == len(whole) + 1


def test_export_asks_for_a_format_that_it_knows(tmp_path):
    refused("lexicon", "export", "--out", tmp_path / "all.xlsx")


def test_words_that_are_sure_are_admitted_where_the_settings_say_so(home):
    settings = Settings(project=ProjectSettings(home=home), lexicon={"discover": "admit"})
    workspace = Workspace(settings)
    assert {r["text"]: r["status"] for r in new_words(workspace).to_pylist()} == {
        "云朵风": "admitted", "雾面廓形": "found", "搪瓷盆": "found",
    }  # fmt: skip
    assert workspace.wider_lexicon["style/云朵风"].status == "admitted"
    assert "style/云朵风" not in workspace.lexicon


def test_a_word_that_stood_for_another_element_is_told(tmp_path):
    home = tmp_path / "home"
    done = well("lexicon", "add", "style/own", "--label", "zh=新中式|云朵裙", "--home", home)
    assert "新中式 stood for style/neo-chinese and stands for style/own from now on" in done.err
    assert "云朵裙 stood" not in done.err
    assert Workspace(Settings(project=ProjectSettings(home=home))).lexicon.find("新中式", "zh")[0].id == (
        "style/own"
    )
