from __future__ import annotations

from pathlib import Path

import pytest

from modacast.elements import Lexicon
from modacast.errors import InvalidInput, NotFound
from modacast.types import Element

HEADER = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes"


def row(
    id: str = "garment/coat",
    parent: str = "",
    zh: str = "大衣",
    en: str = "coat",
    attributes: str = "",
    fr: str = "",
) -> str:
    return ",".join([id, parent, zh, en, "", "", fr, "", "", "", "", attributes])


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_elements_and_their_labels(lexicon: Lexicon) -> None:
    dress = lexicon["garment/dress"]
    assert dress.facet == "garment"
    assert dress.labels["zh"] == ("裙子", "连衣裙", "裙")
    assert dress.attributes == {"family": "dress"}
    assert lexicon.label("garment/dress", "de") == "kleid"
    assert lexicon.label("style/new-chinese", "pt") == "new chinese style"
    assert "garment/dress" in lexicon
    assert len(lexicon) == len(lexicon.elements) == len(list(lexicon)) == 22


def test_lookups(lexicon: Lexicon) -> None:
    assert lexicon.ancestors("garment/shirt-dress") == ("garment/dress",)
    assert lexicon.children("garment/dress") == ("garment/shirt-dress",)
    assert [element.id for element in lexicon.facet("footwear")] == ["footwear/boots"]
    assert [element.id for element in lexicon.find("DRESS")] == ["garment/dress"]
    assert [element.id for element in lexicon.find("vestido", "pt")] == ["garment/dress"]
    assert lexicon.find("vestido", "zh") == ()


def test_what_is_not_there_is_said_with_near_names(lexicon: Lexicon) -> None:
    with pytest.raises(NotFound, match="did you mean 'garment/dress'"):
        lexicon["garment/dres"]
    with pytest.raises(NotFound, match="did you mean 'color'"):
        lexicon.facet("colour")


@pytest.mark.parametrize(
    ("rows", "line", "column", "message"),
    [
        ([row("coat")], 2, "id", "write facet/name"),
        ([row("Garment/Coat")], 2, "id", "write facet/name"),
        ([row("garmet/coat")], 2, "id", "did you mean 'garment'"),
        ([row(), row("garment/coat", zh="外套", en="jacket")], 3, "id", "is taken by"),
        ([row(parent="garment/cot")], 2, "parent", "there is no element 'garment/cot'"),
        ([row(), row("color/red", "garment/coat", "红", "red")], 3, "parent", "another facet"),
        (
            [row(parent="garment/b"), row("garment/b", "garment/coat", "乙", "bb")],
            2,
            "parent",
            "run in a circle",
        ),
        ([row(zh="", en="")], 2, "zh", "neither a Chinese nor an English label"),
        ([row(zh="大衣||外套")], 2, "zh", "empty surface"),
        ([row(zh="大衣|?")], 2, "zh", "empty surface"),
        ([row(en="x")], 2, "en", "too short"),
        ([row(zh="大衣|大衣?")], 2, "zh", "stands twice"),
        ([row(), row("garment/b", zh="外套|大衣", en="jacket")], 3, "zh", "flag it there as '大衣?'"),
        ([row(), row("garment/b", zh="外套", en="COAT")], 3, "en", "stands for 'garment/coat' already"),
        ([row(attributes="season")], 2, "attributes", "write key=value"),
        ([row(attributes="a=1;a=2")], 2, "attributes", "stands twice"),
        (["garment/coat,,大衣"], 2, "", "3 columns, expected 12"),
    ],
)
def test_problems_say_where_and_how_to_mend(
    tmp_path: Path, rows: list[str], line: int, column: str, message: str
) -> None:
    path = write(tmp_path / "l.csv", *rows)
    problems = Lexicon.check(path, shipped=False)
    assert [(problem.line, problem.column) for problem in problems] == [(line, column)]
    assert message in problems[0].message
    with pytest.raises(InvalidInput, match=rf"l\.csv, line {line}"):
        Lexicon.load(path, shipped=False)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", row("coat"), row(en="x"), row("garment/b", "garment/none", "乙", "bb"))
    assert len(Lexicon.check(path, shipped=False)) == 3


def test_wrong_parts_are_left_out_on_request(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l.csv", row("coat"), row(parent="garment/none"), row("garment/b", zh="大衣|外套", en="bb")
    )
    lexicon = Lexicon.load(path, shipped=False, strict=False)
    assert len(lexicon.problems) == 3
    assert lexicon["garment/coat"].parent is None
    assert lexicon["garment/b"].labels["zh"] == ("外套",)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"id,parent\n", "the header is"), (b"", "the header is"), ("衣".encode("gbk"), "not UTF-8")],
)
def test_files_that_are_no_lexicon(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        Lexicon.load(path, shipped=False)
    with pytest.raises(NotFound, match="does not exist"):
        Lexicon.load(tmp_path / "none.csv", shipped=False)


def test_line_numbers_count_quoted_line_breaks(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", '"garment/a",,"甲\n甲",aa,,,,,,,,', "", row("coat"))
    assert [problem.line for problem in Lexicon.check(path, shipped=False)] == [5]


def test_the_unflagged_claim_to_a_surface_wins(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l.csv",
        row("garment/cape", zh="斗篷", en="cape?"),
        row("detail/cape", zh="披肩", en="cape"),
    )
    found = Lexicon.load(path, shipped=False).find("cape", "en")
    assert [element.id for element in found] == ["detail/cape", "garment/cape"]


def test_later_files_override_and_add(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", row(attributes="family=outerwear;season=winter", fr="manteau"))
    second = write(
        tmp_path / "b.csv",
        row(zh="+|呢子大衣?", en="overcoat", attributes="season=autumn"),
        row("garment/b", zh="乙", en="manto", fr="manteau"),
    )
    lexicon = Lexicon.load(first, second, shipped=False)
    coat = lexicon["garment/coat"]
    assert coat.labels == {
        "zh": ("大衣", "呢子大衣"),
        "en": ("overcoat",),
    }
    assert [element.id for element in lexicon.find("manteau", "fr")] == ["garment/b"]
    assert coat.attributes == {"family": "outerwear", "season": "autumn"}
    assert lexicon.version != Lexicon.load(first, shipped=False).version


def test_a_later_files_claim_goes_first(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", row())
    second = write(tmp_path / "b.csv", row("style/coat", zh="大衣", en="coatcore"))
    lexicon = Lexicon.load(first, second, shipped=False)
    assert [element.id for element in lexicon.find("大衣")] == ["style/coat"]
    assert lexicon["garment/coat"].labels == {"en": ("coat",)}


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", row())
    write(tmp_path / "b.csv", row("color/red", "", "红", "red"))
    assert len(Lexicon.load(tmp_path, shipped=False)) == 2


def test_export_round_trip(lexicon: Lexicon, tmp_path: Path) -> None:
    lexicon.export(tmp_path / "out.csv")
    again = Lexicon.load(tmp_path / "out.csv", shipped=False)
    assert again.version == lexicon.version
    assert again.elements == lexicon.elements
    assert [str(entry.surface) for entry in again.entries] == [
        str(entry.surface) for entry in lexicon.entries
    ]


def test_without_ids_and_surfaces(lexicon: Lexicon) -> None:
    less = lexicon.without("新中式", "garment/dress", "牛仔")
    assert "style/new-chinese" not in less
    assert "garment/dress" not in less
    assert less["garment/shirt-dress"].parent is None
    assert "fabric/denim" not in less
    assert less["garment/jeans"].label("zh") == "jeans"
    assert less.find("牛仔裤") == ()
    assert len(lexicon) == 22
    with pytest.raises(NotFound, match="nothing named '美拉德'"):
        lexicon.without("美拉德")


def test_discovered_elements_join(lexicon: Lexicon) -> None:
    more = lexicon.extended([Element("style/new", "style", {"zh": ("山系", "碎花")}, status="admitted")])
    assert more.find("山系")[0].id == "style/new"
    assert [element.id for element in more.find("碎花")] == ["style/new"]
    with pytest.raises(InvalidInput, match="taken"):
        lexicon.extended([Element("garment/dress", "garment", {"zh": ("新",)})])
