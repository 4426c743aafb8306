"""New words in a home: found, kept, used, and not looked for again."""

from __future__ import annotations

import random
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from pipeline.small import write_csv

from modacast.config import Input, ProjectSettings, Settings
from modacast.elements import Lexicon
from modacast.pipeline.new_words import _without_everyday, admitted_words, decide, find_words, new_words
from modacast.pipeline.own_words import accept_word, reject_word
from modacast.pipeline.progress import Silent
from modacast.pipeline.texts import collect_documents, tag_documents
from modacast.pipeline.workspace import Workspace

START = date(2023, 1, 2)
N_WEEKS, BORN = 46, 34
NAMES = ["林小满", "周一诺", "苏打水", "何处去", "陈米米", "许多多", "江边柳", "白日梦"]
THINGS = ["连衣裙", "羽绒服", "衬衫", "毛衣", "牛仔裤", "靴子"]
FASHION = ["{name}的{thing}太好看{k}", "{name}{thing}搭配{k}", "今天穿{thing}出门{k}", "第{k}天的{thing}"]
NEW = [
    "{name}穿云朵风{thing}{k}",
    "{k}月云朵风配{thing}",
    "{name}的云朵风{thing}第{k}套",
    "今年流行云朵风{thing}吗{k}",
]
OTHER = [
    "{name}发布新歌{k}",
    "地铁{k}号线停运",
    "暴雨预警第{k}天",
    "{name}回应争议{k}",
    "油价又涨{k}分",
    "云朵风的天空{k}",
]
LEXICON = """id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes
garment/dress,,连衣裙,dress,,,,,,,,
garment/down,,羽绒服,down jacket,,,,,,,,
garment/shirt,,衬衫,shirt,,,,,,,,
garment/sweater,,毛衣,sweater,,,,,,,,
garment/jeans,,牛仔裤,jeans,,,,,,,,
footwear/boots,,靴子,boots,,,,,,,,
"""


@pytest.fixture(autouse=True)
def _small_lexicon(monkeypatch, tmp_path):
    path = tmp_path / "small.csv"
    path.write_text(LEXICON, encoding="utf-8")
    monkeypatch.setattr("modacast.elements.lexicon_layers.FACETS", ())
    load = Lexicon.load
    monkeypatch.setattr(Lexicon, "load", classmethod(lambda cls, *paths, **more: load(path, *paths, **more)))


def posts(until: int = N_WEEKS) -> list[dict[str, object]]:
    chance = random.Random(5)
    rows = []
    for week in range(N_WEEKS):
        said = [(FASHION, 14), (OTHER[:5], 14)] + ([(NEW, 5)] if week >= BORN else [])
        for forms, n in said:
            for _ in range(n):
                text = chance.choice(forms).format(
                    name=chance.choice(NAMES), thing=chance.choice(THINGS), k=chance.randint(100, 999)
                )
                day = START + timedelta(weeks=week, days=chance.randrange(7))
                if week < until:
                    rows.append({"text": text, "published_at": day.isoformat()})
    rows.append({"text": OTHER[5].format(k=7), "published_at": START.isoformat()})
    rows.append(
        {"text": "结束的连衣裙", "published_at": (START + timedelta(weeks=until, days=-1)).isoformat()}
    )
    return rows


def workspace_of(tmp_path, rows, **lexicon) -> Workspace:
    write_csv(tmp_path / "posts.csv", rows)
    settings = Settings(
        project=ProjectSettings(home=tmp_path / "home"),
        documents=[Input(name="posts", path="posts.csv", lang="zh")],
        lexicon={"context": False, **lexicon},
        sentiment={"encoder": False},
        base=tmp_path,
    )
    workspace = Workspace(settings)
    workspace.__dict__["language_model"] = NoEncoder()
    return workspace


class NoEncoder:
    """Vectors without meaning; so few words teach the judge nothing anyway."""

    def encode_query(self, texts):
        return np.ones((len(texts), 4), np.float32)


def run(workspace):
    for source in workspace.settings.documents:
        collect_documents(workspace, source, Silent())
    return find_words(workspace, Silent())


def words(workspace):
    return {row["text"]: row for row in new_words(workspace).to_pylist()}


def test_a_new_word_is_found_and_kept(tmp_path):
    workspace = workspace_of(tmp_path, posts())
    row = run(workspace)
    assert row.n_out == len(words(workspace))
    found = words(workspace)["云朵风"]
    assert found["status"] == "found"
    assert START + timedelta(weeks=BORN) <= found["ds"] <= START + timedelta(weeks=BORN + 4)
    ids = workspace.lake.read("documents")["id"].to_pylist()
    assert set(found["evidence_ids"]) <= set(ids)
    assert "others" not in {name for c in workspace.lake.commits() for name in c.files}


def test_a_second_run_does_nothing_again(tmp_path):
    workspace = workspace_of(tmp_path, posts())
    run(workspace)
    again = find_words(workspace_of(tmp_path, posts()), Silent())
    assert again.n_known == again.n_in > 0


def test_further_weeks_add_to_what_was_found(tmp_path):
    early = workspace_of(tmp_path, posts(until=BORN))
    run(early)
    assert "云朵风" not in words(early)
    before = set(words(early))
    later = workspace_of(tmp_path, posts())
    run(later)
    assert before <= set(words(later))
    assert words(later)["云朵风"]["first_seen"] == START + timedelta(weeks=BORN)


def test_all_texts_are_kept_where_the_settings_say_so_and_tell_the_first_week(tmp_path):
    workspace = workspace_of(tmp_path, posts(), discover_from="all")
    run(workspace)
    others = workspace.lake.read("others")
    assert others.num_rows > 0
    assert set(others["id"].to_pylist()).isdisjoint(workspace.lake.read("documents")["id"].to_pylist())
    assert words(workspace)["云朵风"]["first_seen"] == START


def test_words_that_are_admitted_are_tagged_in_the_same_run(tmp_path):
    workspace = workspace_of(tmp_path, posts(), discover="admit", admit_probability=0.5)
    run(workspace)
    admitted = admitted_words(workspace)["text"].to_pylist()
    assert "云朵风" in admitted
    tag_documents(workspace, Silent())
    named = set(workspace.lake.read("mentions")["element_id"].to_pylist())
    element = workspace.wider_lexicon.find("云朵风")[0]
    assert element.status == "admitted"
    assert element.id in named


def test_a_rejected_word_is_not_used_and_an_accepted_one_is_of_the_lexicon(tmp_path):
    workspace = workspace_of(tmp_path, posts(), discover="admit", admit_probability=0.5)
    run(workspace)
    reject_word(workspace, "云朵风")
    assert "云朵风" not in admitted_words(workspace)["text"].to_pylist()
    decide(workspace, words(workspace)["云朵风"]["id"], "found")
    element_id = accept_word(workspace, "云朵风", facet="style", label="云朵风穿搭")
    assert workspace.lexicon[element_id].labels["zh"] == ("云朵风穿搭", "云朵风")
    assert workspace.wider_lexicon.find("云朵风")[0].id == element_id


def test_an_accepted_word_is_no_reason_to_search_again(tmp_path):
    workspace = workspace_of(tmp_path, posts())
    run(workspace)
    accept_word(workspace, "云朵风")
    again = find_words(workspace, Silent())
    assert again.n_known == again.n_in


@pytest.mark.parametrize(
    "rows",
    [[], [{"text": "连衣裙", "published_at": "2024-01-01"}], [{"text": "😀", "published_at": "2024-01-01"}]],
)
def test_hardly_any_texts(tmp_path, rows):
    workspace = workspace_of(tmp_path, [{"text": "x", "published_at": "2024-01-01"}, *rows])
    run(workspace)
    assert words(workspace) == {}


def test_everyday_words_of_japanese_are_left_out():
    class Pieces:
        def states(self, texts):
            return [SimpleNamespace(start=range(1 if text == "最高" else 3)) for text in texts]

    rows = [{"text": "最高", "lang": "ja"}, {"text": "抜け感", "lang": "ja"}, {"text": "最高", "lang": "zh"}]
    left = _without_everyday(pa.Table.from_pylist(rows), SimpleNamespace(language_model=Pieces()))
    assert left.to_pylist() == rows[1:]
