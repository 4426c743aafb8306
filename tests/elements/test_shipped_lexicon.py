from __future__ import annotations

from importlib.resources import as_file, files

import pyarrow as pa
import pytest

from modacast.elements import Lexicon, Relevance, Tagger
from modacast.elements.cues import load_cues
from modacast.elements.folding import fold
from modacast.elements.lexicon_file import Problem, read_rows
from modacast.types import FACETS, LANGUAGES


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.fixture(scope="module")
def tagger(lexicon: Lexicon) -> Tagger:
    return Tagger(lexicon)


def test_nothing_is_wrong_and_every_facet_and_language_is_there(lexicon: Lexicon) -> None:
    assert len(lexicon) > 1000
    assert all(lexicon.facet(name) for name in FACETS)
    for lang in LANGUAGES:
        assert sum(lang in element.labels for element in lexicon) > 0.9 * len(lexicon)


def test_the_cues_are_sound() -> None:
    cues = load_cues()
    assert {cue.lang for cue in cues} == set(LANGUAGES)
    assert any(cue.weight < 0 for cue in cues)


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("zh", "碎花连衣裙 V领 短袖"), ("en", "floral v-neck dresses with short sleeves"), ("ja", "花柄のワンピース Vネック 半袖"),
        ("ko", "꽃무늬 원피스 브이넥 반팔"), ("fr", "robe fleurie col v à manches courtes"),
        ("de", "geblümtes Sommerkleid, V-Ausschnitt, kurzärmelig"), ("es", "vestido floral con cuello en v y manga corta"),
        ("it", "vestito floreale con scollo a v e maniche corte"), ("pt", "vestido floral decote v manga curta"),
    ],
)  # fmt: skip
def test_the_same_elements_in_every_language(tagger: Tagger, lang: str, text: str) -> None:
    table = tagger.tag(pa.table({"id": ["a"], "text": [text], "lang": [lang]}))
    found = set(table.column("element_id").to_pylist())
    broad = found.union(*(tagger.lexicon.ancestors(element_id) for element_id in found))
    assert {"garment/dress", "neckline/v-neck", "sleeve/short-sleeve"} <= broad
    assert any(element_id.startswith("pattern/") for element_id in broad)


@pytest.mark.parametrize(
    ("text", "lang", "passes"),
    [
        ("新中式穿搭太美了", "zh", True), ("马面裙火了", "zh", True), ("羽绒服价格大涨", "zh", True), ("春季穿搭", "zh", True),
        ("防晒衣怎么选", "zh", True), ("鸿星尔克的微博评论好心酸", "zh", True), ("今天的天气", "zh", False),
        ("嫦娥五号发射成功", "zh", False), ("人大代表带着螺蛳粉参加两会", "zh", False), ("what do you think of this dress?", "en", True),
        ("my first pair of raw denim jeans", "en", True), ("the election results", "en", False),
    ],
)  # fmt: skip
def test_what_is_about_fashion(tagger: Tagger, text: str, lang: str, *, passes: bool) -> None:
    assert (Relevance(tagger)([text], [lang])[0] >= 0.5) == passes


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("牛皮面料", "zh", ["牛皮"]),
        ("面料", "zh", ["面料"]),
        ("宽松版型的连衣裙", "zh", ["宽松", "连衣裙"]),
        ("翻领设计", "zh", ["翻领"]),
        ("sleeve with lace", "en", ["lace"]),
        ("Puma Men Black Floaters", "en", ["Puma", "Black", "Floaters"]),
    ],
)
def test_a_value_counts_and_the_name_of_its_attribute_does_not(
    tagger: Tagger, text: str, lang: str, found: list[str]
) -> None:
    table = tagger.tag(pa.table({"id": ["a"], "text": [text], "lang": [lang]}), about_fashion=True)
    assert [s for s in table["surface"].to_pylist() if s != "Men"] == found


def test_a_surface_that_two_elements_share_belongs_to_the_one_that_does_not_flag_it(lexicon: Lexicon) -> None:
    claims: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    problems: list[Problem] = []
    with as_file(files("modacast.elements") / "data" / "lexicon") as folder:
        for path in sorted(folder.glob("*.csv")):
            for row in read_rows(path, 0, problems):
                for lang, surfaces in row.cells.items():
                    for surface in surfaces:
                        claim = (row.id, surface.ambiguous)
                        claims.setdefault((lang, fold(surface.text)), []).append(claim)
    assert problems == []
    assert len(claims) > 50_000
    assert {element_id for claim in claims.values() for element_id, _ in claim} == {e.id for e in lexicon}
    shared = {key: claim for key, claim in claims.items() if len({element_id for element_id, _ in claim}) > 1}
    without_owner = {key: claim for key, claim in shared.items() if [a for _, a in claim].count(False) != 1}
    assert without_owner == {}


def test_there_are_enough_elements_and_each_label_leads_back(lexicon: Lexicon, tagger: Tagger) -> None:
    assert len(lexicon) >= 1500
    for lang in LANGUAGES:
        named = [element for element in lexicon if element.labels.get(lang)]
        assert len(named) > 0.9 * len(lexicon), lang
        texts = [element.labels[lang][0] for element in named]
        table = pa.table({"id": [e.id for e in named], "text": texts, "lang": [lang] * len(named)})
        mentions = tagger.tag(table, about_fashion=True)
        right = {
            doc_id
            for doc_id, element_id in zip(
                mentions["doc_id"].to_pylist(), mentions["element_id"].to_pylist(), strict=True
            )
            if doc_id == element_id
        }
        assert [(lang, e.id) for e in named if e.id not in right] == []
