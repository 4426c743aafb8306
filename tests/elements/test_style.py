from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
import pytest

from modacast.elements import Lexicon, Tagger
from modacast.elements.style import StyleReader, StyleWeights, pooled_styles
from modacast.elements.style_sheet import Style, load_styles
from modacast.errors import InvalidInput, NotFound


class WordEncoder:
    """Vectors of character pairs: texts that share words lie near each other."""

    model_id, dim = "words", 512

    def encode_query(self, texts):
        found = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for pair in pairwise(text):
                found[row, (ord(pair[0]) * 31 + ord(pair[1])) % self.dim] += 1
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    encode_document = encode_query


@functools.cache
def shipped_reader(encoder=None):
    return StyleReader(Tagger(Lexicon.load()), encoder)


ENCODER = WordEncoder()


def top(text, lang="zh", *, encoder=None, **more):
    return shipped_reader(encoder).read([text], [lang], **more).top(0)


def test_every_shipped_style_and_element_is_in_the_lexicon():
    lexicon, styles = Lexicon.load(), load_styles()
    assert len(styles) >= 60
    unknown = {e for s in styles for e in (s.id, *s.covers, *s.elements) if e not in lexicon}
    assert not unknown
    reader = shipped_reader()
    assert [e.id for e in lexicon.facet("style") if reader.column(e.id) is None] == []


@pytest.mark.parametrize(
    ("text", "lang", "style"),
    [
        ("新中式穿搭", "zh", "style/neo-chinese"),
        ("gorpcore fit of the day", "en", "style/gorpcore"),
        ("ロリータファッション", "ja", "style/lolita"),
        ("粗花呢短外套", "zh", "style/chanel-style"),
        ("a shell jacket and hiking boots", "en", "style/gorpcore"),
    ],
)
def test_names_and_elements_show_a_style(text, lang, style):
    assert top(text, lang, about_fashion=True)[0][0] == style


def test_a_style_below_another_counts_for_it_and_a_cover_for_its_owner():
    assert top("OL风穿搭")[0][0] == "style/commuter"
    assert top("明制汉服风穿搭")[0][0] == "style/hanfu-style"


def test_what_is_denied_does_not_count():
    said = top("This is not gorpcore at all, a tweed jacket", "en", about_fashion=True)
    assert said[0][0] == "style/chanel-style"


def test_texts_without_clothes_have_no_style():
    reading = shipped_reader(ENCODER).read(["今天天气很好", "", "😀😀", "مرحبا"], ["zh", "zh", "", "ar"])
    assert not reading.weights.any()
    assert [reading.top(i) for i in range(4)] == [[]] * 4


@pytest.mark.slow
def test_long_and_broken_texts_are_read():
    texts = ["新中式 " * 200_000, "cowboy boots \ud800 and a cowboy hat"]
    reading = shipped_reader(ENCODER).read(texts, ["zh", "en"], about_fashion=True)
    assert reading.top(0)[0][0] == "style/neo-chinese"
    assert reading.top(1)[0][0] == "style/western"


def test_weights_sum_to_one_and_reasons_add_up_to_the_score():
    reading = shipped_reader(ENCODER).read(["盘扣立领上衣配马面裙"], ["zh"], about_fashion=True)
    assert reading.weights[0].sum() == pytest.approx(1, abs=1e-5)
    style = reading.top(0)[0][0]
    reasons = reading.reasons(0, style)
    column = reading.style_ids.index(style)
    assert sum(r.part for r in reasons) == pytest.approx(max(reading.parts[0, column].sum(), 0), abs=0.01)
    assert {"element", "meaning"} >= {r.kind for r in reasons} >= {"element"}
    with pytest.raises(NotFound, match="did you mean 'style/preppy'"):
        reading.reasons(0, "style/prepy")


def test_products_are_read_from_their_elements():
    reading = shipped_reader().styles_of_elements([["garment/lolita-dress"], ["color/nothing"], []])
    assert reading.top(0)[0][0] == "style/lolita"
    assert reading.top(1) == reading.top(2) == []


def test_many_texts_outweigh_one():
    reading = shipped_reader().styles_of_elements(
        [["footwear/cowboy-boot"], ["occasion/yoga"], ["occasion/yoga"]]
    )
    many = pooled_styles(reading.weights)
    one = pooled_styles(reading.weights[1:2])
    yoga = reading.style_ids.index("style/athleisure")
    assert many.argmax() == yoga
    assert many.sum() == pytest.approx(1, abs=1e-5)
    assert one[yoga] < reading.weights[1, yoga]  # a single text is pulled towards even weights
    assert not pooled_styles(np.zeros((3, 5))).any()
    with pytest.raises(InvalidInput, match="one amount"):
        pooled_styles(reading.weights, [1.0, -1.0, 1.0])


def test_meaning_decides_where_words_are_silent():
    styles = (
        Style("style/sweet", (), {}, {"zh": "粉色泡泡袖蓬蓬裙娃娃领", "en": "pink puffs and doll collars"}),
        Style("style/goth", (), {}, {"zh": "黑色十字架吸血鬼束腰", "en": "black crosses and vampires"}),
    )
    reader = StyleReader(
        Tagger(Lexicon.load()), WordEncoder(), styles=styles, weights=StyleWeights(5.0, 2.0, 10.0)
    )
    reading = reader.read(["十字架吸血鬼", "doll collars and puffs"], ["zh", "en"], about_fashion=True)
    assert [reading.top(i, 1)[0][0] for i in (0, 1)] == ["style/goth", "style/sweet"]
    assert reading.reasons(0, "style/goth", "en")[0].what == "black crosses and vampires"


def test_without_an_encoder_there_are_no_vectors():
    with pytest.raises(InvalidInput, match="need an encoder"):
        shipped_reader().vectors()
    assert shipped_reader(ENCODER).vectors().shape == (len(load_styles()), 512)


def test_the_languages_have_to_match():
    with pytest.raises(InvalidInput, match="one language a text"):
        shipped_reader().read(["a", "b"], ["en"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("style/a,,garment/dress,x,y", "id=weight"),
        ("style/a,,garment/dress=0,x,y", "weight above 0"),
        ("garment/a,,,x,y", "no id of a style"),
        ("style/a,,,x,", "description"),
        ("style/a,,,x", "4 columns"),
        ("style/a,style/a,,x,y", "counts for"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path, row, message):
    path = tmp_path / "styles.csv"
    path.write_text(f"id,covers,elements,zh,en\n{row}\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_styles(path)


def test_a_missing_or_headless_file_is_refused(tmp_path):
    with pytest.raises(NotFound):
        load_styles(tmp_path / "none.csv")
    path = tmp_path / "styles.csv"
    path.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="header"):
        load_styles(path)
    path.write_text("id,covers,elements,zh,en\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no style"):
        load_styles(path)
