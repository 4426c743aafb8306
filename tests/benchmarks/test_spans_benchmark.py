"""What counts as found of the hidden words."""

from __future__ import annotations

from benchmarks.tag.spans import _counted, _split, _Task

from modacast.elements import Lexicon


def test_exact_overlapping_and_right():
    task = _Task(
        texts=["流苏马甲配牛仔裤很好"],
        hidden=[{(0, 2): "detail", (2, 4): "garment"}],
        values=[frozenset({"很好看"})],
        left=[[(5, 8)]],
    )
    found = [{(0, 2): "detail", (3, 4): "style", (5, 8): "garment", (8, 10): "value"}]
    count = _counted(task, found)
    assert count.exact == [True, False]
    assert count.overlapping == [True, True]
    assert count.right == [True, True, False]  # what the lexicon covers is no find
    assert count.right_or_value == [True, True, True]
    assert count.facet == [True]
    assert _counted(task.since(1), []).exact == []


def test_a_fifth_of_the_elements_lose_their_chinese_names_alone():
    lexicon = Lexicon.load()
    rest, hidden = _split(lexicon, 0)
    named = [element.id for element in lexicon if element.labels.get("zh")]
    assert len(hidden) == len(named) // 5
    assert all("zh" not in rest[element_id].labels for element_id in hidden)
    kept = next(element_id for element_id in named if element_id not in hidden)
    assert rest[kept].labels == lexicon[kept].labels
    assert _split(lexicon, 0)[1] == hidden
    assert _split(lexicon, 1)[1] != hidden
