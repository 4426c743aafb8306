"""Which of several copies is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.small import write_csv

from modacast.config import Input, ProjectSettings, Settings
from modacast.pipeline.progress import Silent
from modacast.pipeline.texts import collect_documents
from modacast.pipeline.workspace import Workspace


def test_of_copies_the_oldest_is_kept_though_the_file_begins_with_the_newest(tmp_path):
    text = "今年春天最流行的是新中式马面裙配白衬衫，上班也能穿出去，姐妹们都来试试看"
    rows = [
        {"text": text, "published_at": "2024-01-09"},
        {"text": text + "吧", "published_at": "2024-01-05"},
        {"text": text, "published_at": "2024-01-02"},
    ]
    path = write_csv(tmp_path / "posts.csv", rows)
    made = Workspace(Settings(project=ProjectSettings(home=tmp_path / "home"), base=tmp_path))
    collect_documents(made, Input(name="posts", path=path.name), Silent())
    assert made.lake.read("documents")["published_at"].to_pylist() == [datetime(2024, 1, 2, tzinfo=UTC)]
    assert sorted(made.lake.read("rejects")["row"].to_pylist()) == [2, 3]  # lines of the file
