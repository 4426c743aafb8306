"""The benchmark of styles runs through on a small slice of the right form, written here."""

from __future__ import annotations

import json

import pytest
from benchmarks.style import main, read_cases

from modacast.elements.style_sheet import load_styles


def test_the_cases_are_many_in_several_languages_and_of_known_styles():
    cases = read_cases()
    assert len(cases) >= 200
    assert {"zh", "en", "ja", "ko"} <= {case["lang"] for case in cases}
    assert {case["style"] for case in cases} <= {style.id for style in load_styles()}
    texts = [case["text"] for case in cases]
    assert len(texts) == len(set(texts))
    assert {case["split"] for case in cases} == {"dev", "test"}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
def test_every_row_of_a_quick_run(tmp_path):
    (tmp_path / "attributes").mkdir()
    lines = [
        {"content": f"类型#裙*风格#{style}", "summary": f"第{i}款{style}连衣裙，{more}"}
        for i in range(12)
        for style, more in (("复古", "丝绒面料，老式翻领"), ("性感", "深V露背，紧身包臀"))
    ]
    path = tmp_path / "attributes" / "advertisegen_zh_5000.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in lines), encoding="utf-8")
    main(["--data", str(tmp_path), "--json", str(tmp_path / "rows.json"), "--quick"])
    rows = {
        (row["row"], row["metric"], row["peer"]): row["value"]
        for row in json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))["rows"]
    }
    assert rows["styles with a weight of their own", "styles", None] >= 60
    assert rows["own cases, test", "top-1", None] > rows["own cases, test", "top-1", "elements alone"]
    assert rows["AdvertiseGen styles", "top-3", None] > 0.8
    assert ("AdvertiseGen styles, names struck out", "top-1", "meaning alone (raw e5)") in rows
