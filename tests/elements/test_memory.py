"""How much memory the tagger takes, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import io, re
from pyarrow import csv, string
from modacast.elements import Lexicon, Tagger
texts = ["黑色收腰连衣裙配白色板鞋", "人大代表带着问题调研", "A red wool coat with brass buttons"] * 1667
rows = "\\n".join(["id,text,lang", *(f"{i},{text},zh" for i, text in enumerate(texts))])
options = csv.ConvertOptions(column_types={"id": string()})
tagger = Tagger(Lexicon.load())
found = tagger.tag(csv.read_csv(io.BytesIO(rows.encode()), convert_options=options))
print(found.num_rows, re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_the_whole_process_stays_below_200_mb() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    n_rows, peak = map(int, done.stdout.split())
    assert n_rows > 5000
    assert peak / 1024 < 200
