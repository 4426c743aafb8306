"""A shop's own attributes: learned from its products, filled in for others."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load, save

from modacast.elements.attributes import AttributeTagger
from modacast.elements.attributes.reading import meanings, named_in, reading_of
from modacast.errors import InvalidInput, NotFitted, NotFound

# this shop calls every dress with a collar a shirt, and files by the maker what no title names
KINDS = {
    "Gowns": "floral dress {}",
    "Denims": "white jeans {}",
    "Shirts": "shirt dress {}",
    "Noma": "noma piece {}",
}
TITLES = [form.format(number) for form in KINDS.values() for number in range(12)]
TRUTH = [kind for kind in KINDS for _ in range(12)]
EN = ["en"] * len(TITLES)


def answers(found, name="kind"):
    return [filled.label for filled in found[name]]


@pytest.fixture
def learned(tagger):
    return AttributeTagger(tagger).fit(TITLES, EN, {"kind": TRUTH})


def test_the_shops_own_division_is_learned(learned):
    found = learned.fill(["red shirt dress", "floral dress for her", "noma piece in white"], ["en"] * 3)
    assert answers(found) == ["Shirts", "Gowns", "Noma"]


def test_without_examples_the_lexicon_answers_in_every_language(tagger):
    shop = AttributeTagger(tagger).fit([], [], {}, labels={"kind": ["Kleid", "Jeans", "衬衫", "Bücher"]})
    titles = ["白色连衣裙", "white jeans", "robe fleurie", "셔츠", "ein Fahrrad"]
    found = shop.fill(titles, ["zh", "en", "fr", "ko", "de"])
    assert answers(found) == ["Kleid", "Jeans", "Kleid", "衬衫", None]
    assert [filled.by_lexicon for filled in found["kind"]] == [True, True, True, True, False]
    assert found["kind"][0].probability == pytest.approx(0.8)


@pytest.mark.parametrize("n", [1, 4, 6, 12, 48])
def test_a_few_examples_never_fall_behind_the_lexicon(tagger, n):
    order = np.random.default_rng(n).permutation(len(TITLES))[:n]
    kinds = ["Dress", "Jeans", "Shirt", "Leather"]
    truth = [kinds[i // 12] for i in range(len(TITLES))]
    titles = [
        f"{form} {i}" for form in ("floral dress", "jeans", "shirt", "leather thing") for i in range(12)
    ]
    some = AttributeTagger(tagger).fit(
        [titles[i] for i in order], ["en"] * n, {"kind": [truth[i] for i in order]}, labels={"kind": kinds}
    )
    unseen = ["dress for home", "jeans for home", "shirt for home"]
    assert answers(some.fill(unseen, ["en"] * 3)) == ["Dress", "Jeans", "Shirt"]


def test_labels_may_be_in_another_language_than_titles(tagger):
    known = meanings(tagger, ["연두", "连衣裙", "Jeans"], "de")
    assert known == {"garment/dress": ("连衣裙",), "garment/jeans": ("Jeans",)}


def test_of_labels_that_mean_the_same_the_one_written_alike_answers(tagger):
    truth = ["Puffer", "Down Jackets", "Down Jackets"]
    shop = AttributeTagger(tagger).fit(["a", "b", "c"], ["en"] * 3, {"kind": truth})
    assert shop.model("kind").known["garment/down-jacket"] == ("Down Jackets", "Puffer")
    found = shop.fill(["a warm puffer", "a down jacket", "羽绒服"], ["en", "en", "zh"])
    assert answers(found) == ["Puffer", "Down Jackets", "Down Jackets"]


@pytest.mark.parametrize(
    ("title", "lang", "kind"),
    [
        ("jeans with shirt", "en", "jeans"),  # what comes along is not the thing
        ("shirt dress", "en", "dress"),  # a kind that the shop lacks counts for the broader one
        ("jean et chemise", "fr", "jeans"),  # French names the thing first
        ("shirt jeans", "en", "jeans"),  # English last
        ("red", "en", None),
    ],
)
def test_the_lexicon_reads_what_the_thing_is(tagger, title, lang, kind):
    known = {f"garment/{name}": (name,) for name in ("jeans", "shirt", "dress")}
    (named,) = named_in(tagger, [title], [lang])
    assert reading_of(named, title, lang, known) == kind


def test_several_attributes_at_once_with_gaps(tagger):
    colours = ["White" if i % 2 else None for i in range(len(TITLES))]
    shop = AttributeTagger(tagger).fit(
        TITLES, EN, {"kind": TRUTH, "colour": colours}, labels={"colour": ["Red"]}
    )
    assert shop.reports["kind"].n_titles == 48
    assert shop.reports["colour"].n_titles == 24
    assert answers(shop.fill(["red shirt dress"], ["en"]), "colour") == ["Red"]


def test_unsure_titles_are_left_empty(learned):
    sure, unsure = learned.fill(["noma piece", "qqq"], ["en"] * 2, least=0.9)["kind"]
    assert sure.label == "Noma"
    assert unsure.label is None
    assert 0 < unsure.probability < 0.9
    assert learned.fill(["qqq"], ["en"], least=0)["kind"][0].label is not None


def test_shares_sum_to_one_and_learning_twice_is_alike(tagger, learned):
    again = AttributeTagger(tagger).fit(TITLES, EN, {"kind": TRUTH})
    one, two = (shop.model("kind") for shop in (learned, again))
    assert np.array_equal(one.weights, two.weights)
    assert one.report == two.report
    assert learned.reports["kind"].accuracy > learned.reports["kind"].by_lexicon


def test_saved_is_loaded_alike(tagger, learned, tmp_path):
    learned.save(tmp_path / "shop")
    again = AttributeTagger.load(tmp_path / "shop", tagger)
    titles = ["red shirt dress", "qqq", ""]
    assert again.fill(titles, ["en"] * 3) == learned.fill(titles, ["en"] * 3)
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == [
        "attributes.json", "attributes.safetensors",
    ]  # fmt: skip


def test_words_of_one_title_alone_are_not_kept(tagger, tmp_path):
    titles = [*TITLES, "noma piece zanzibarian"]
    AttributeTagger(tagger).fit(titles, ["en"] * 49, {"kind": [*TRUTH, "Noma"]}).save(tmp_path)
    assert "zanzi" not in (tmp_path / "attributes.json").read_text(encoding="utf-8")


def test_wrong_files_are_named(tagger, learned, tmp_path):
    with pytest.raises(NotFound, match="holds no learned attributes"):
        AttributeTagger.load(tmp_path / "nowhere", tagger)
    folder = tmp_path / "shop"
    learned.save(folder)
    body = json.loads((folder / "attributes.json").read_text(encoding="utf-8"))
    (folder / "attributes.json").write_text(json.dumps(body | {"format": 99}), encoding="utf-8")
    with pytest.raises(InvalidInput, match="another version"):
        AttributeTagger.load(folder, tagger)
    for broken in ("{", "[]", json.dumps({"format": 1}), json.dumps(body | {"attributes": [1]})):
        (folder / "attributes.json").write_text(broken, encoding="utf-8")
        with pytest.raises(InvalidInput, match="not whole"):
            AttributeTagger.load(folder, tagger)
    (folder / "attributes.json").write_text(json.dumps(body), encoding="utf-8")
    tensors = load((folder / "attributes.safetensors").read_bytes())
    tensors["0.weights"] = np.ascontiguousarray(tensors["0.weights"][:, 1:])
    (folder / "attributes.safetensors").write_bytes(save(tensors))
    with pytest.raises(InvalidInput, match="expected"):
        AttributeTagger.load(folder, tagger)


def test_wrong_use_is_refused(tagger, learned):
    shop = AttributeTagger(tagger)
    with pytest.raises(NotFitted):
        shop.fill(["jeans"], ["en"])
    with pytest.raises(InvalidInput, match="at least one attribute"):
        shop.fit(["jeans"], ["en"], {})
    with pytest.raises(InvalidInput, match="1 titles, but 2 of 'kind'"):
        shop.fit(["jeans"], ["en"], {"kind": ["a", "b"]})
    with pytest.raises(InvalidInput, match="has no label"):
        shop.fit(["jeans"], ["en"], {"kind": [" "]})
    some = [f"jeans {i}" for i in range(30)]
    with pytest.raises(InvalidInput, match="30 different labels in 30 titles and looks like an id"):
        shop.fit(some, ["en"] * 30, {"sku": [f"s{i}" for i in range(30)]})
    with pytest.raises(InvalidInput, match="looks like an id"):
        shop.fit(["jeans"] * 120, ["en"] * 120, {"sku": [str(i) for i in range(120)]})
    with pytest.raises(InvalidInput, match=r"in \[0, 1\]"):
        learned.fill(["jeans"], ["en"], least=1.5)
    with pytest.raises(InvalidInput, match="did you mean 'kind'"):
        learned.model("kinds")


def test_nothing_to_fill(learned):
    assert learned.fill([], []) == {"kind": []}
