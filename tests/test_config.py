from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from modacast.config import Settings, load_settings, template
from modacast.errors import InvalidInput, NotFound


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "modacast.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_says_the_defaults(tmp_path):
    settings = load_settings(write(tmp_path, template()))
    assert settings.model_dump(exclude={"base"}) == Settings().model_dump(exclude={"base"})
    assert settings.base == tmp_path


def test_every_setting_is_in_the_template():
    text = template()
    for section, field in Settings.model_fields.items():
        if section in {"documents", "items", "events"}:
            assert f"[[{section}]]" in text
        elif section != "base":
            assert f"[{section}]" in text
            missing = [name for name in field.annotation.model_fields if f"{name} =" not in text]
            assert missing == []


def test_inputs_are_read(tmp_path):
    settings = load_settings(
        write(
            tmp_path,
            '[[documents]]\nname="w"\npath="a.csv"\ncolumns={text=["title","body"]}\n[trends]\nas_of=2024-02-26',
        )
    )
    assert settings.documents[0].columns == {"text": ["title", "body"]}
    assert settings.trends.as_of == date(2024, 2, 26)


def test_a_folder_stands_for_its_file_and_data_for_the_base(tmp_path):
    write(tmp_path, "")
    assert load_settings(tmp_path).base == tmp_path
    assert load_settings(tmp_path, data=tmp_path.parent).base == tmp_path.parent
    with pytest.raises(NotFound, match="--data"):
        load_settings(tmp_path, data=tmp_path / "nowhere")


def test_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("MODACAST_TRENDS__HORIZON", "52")
    settings = load_settings(write(tmp_path, "[trends]\nhorizon = 4\nevidence = 2"))
    assert (settings.trends.horizon, settings.trends.evidence) == (52, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[trends]\nhorizn = 4", r"unknown setting 'trends.horizn'; did you mean 'horizon'\?"),
        ("[trend]\nhorizon = 4", r"unknown setting 'trend'; did you mean 'trends'\?"),
        ("[trends]\nhorizon = 0", "trends.horizon: .*greater than or equal to 1, got 0"),
        ('[[items]]\nname="a"\npath="b"\ncolum={}', r"items.0.colum'; did you mean 'columns'"),
        ('[[items]]\nname="a b"\npath="b"', "items.0.name"),
        ("[trends", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(InvalidInput, match=message):
        load_settings(write(tmp_path, text))


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(NotFound, match="modacast init"):
        load_settings(tmp_path / "modacast.toml")
