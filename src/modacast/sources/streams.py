"""Lines of files as they come: gzipped or not, cut short, over-long, or in an encoding of their own."""

from __future__ import annotations

import codecs
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from modacast.errors import InvalidInput, NotFound, suggest
from modacast.sources.rejects import Rejects
from modacast.sources.unpacking import GZIP_MAGIC, DamagedGzip, TruncatedGzip, Unpacked

__all__ = ["Lines", "is_gzipped", "open_bytes"]

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_BUFFER = 1 << 20
_log = logging.getLogger(__name__)


def is_gzipped(path: Path) -> bool:
    """Tell from its first two bytes whether a file is gzipped.

    Raises:
        NotFound: there is no such file; the message offers the near-miss names in its folder.
        InvalidInput: it is a folder, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(2) == GZIP_MAGIC
    except FileNotFoundError as error:
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise NotFound(f"there is no file {path}{suggest(path.name, near)}") from error
    except IsADirectoryError as error:
        raise InvalidInput(f"{path} is a folder; name its files, for example {path / '*.csv'}") from error
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror or error}") from error


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked where it is gzipped, UTF-16 turned into UTF-8.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read.
    """
    packed = is_gzipped(path)
    raw: BinaryIO = path.open("rb", buffering=_BUFFER)
    if packed:
        raw = cast("BinaryIO", io.BufferedReader(Unpacked(raw), _BUFFER))
    start = _peek(raw)
    if start.startswith(_UTF16_MARKS):
        return cast("BinaryIO", io.BufferedReader(_Recoded(raw, "utf-16"), _BUFFER))
    return raw


def _peek(raw: BinaryIO) -> bytes:
    try:
        return cast("io.BufferedReader", raw).peek(4)[:4]
    except (TruncatedGzip, DamagedGzip):
        return b""


class _Recoded(io.RawIOBase):
    """UTF-8 bytes of a stream in another encoding; what cannot be decoded becomes U+FFFD."""

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        while not self._ready:
            piece = self._raw.read(_BUFFER // 4)
            self._ready = self._decoder.decode(piece, final=not piece).encode("utf-8", "replace")
            if not piece:
                break
        given, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(given)] = given
        return len(given)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Lines:
    """The lines of a file, decoded, with their numbers; lines that cannot be used go to the rejects.

    A line is UTF-8 or, failing that, GB18030, unless an encoding is given. An over-long line is skipped in pieces
    and never held as a whole.

    Args:
        path: of the file.
        rejects: takes the lines that are too long or of no known encoding, and the place where a gzip breaks.
        encoding: of all lines; by default UTF-8 with GB18030 to fall back to.
        max_bytes: the longest line that is read.
    """

    def __init__(
        self, path: Path, rejects: Rejects, *, encoding: str | None = None, max_bytes: int = 1_000_000
    ) -> None:
        self.n_lines = 0
        self._path = path
        self._rejects = rejects
        self._max_bytes = max_bytes
        self._encoding = _known_encoding(encoding)
        self._returned: list[tuple[int, str]] = []
        self._fresh = self._read()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        """Get a line's number and its text without the line break."""
        return self._returned.pop() if self._returned else next(self._fresh)

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        """Have lines that were read too early come again."""
        self._returned += reversed(lines)

    def _read(self) -> Iterator[tuple[int, str]]:
        n_other = 0
        for number, raw in self._raw_lines():
            text = _decoded(raw, self._encoding)
            if text is None:
                known = self._encoding or "UTF-8 or GB18030"
                self._rejects.add(
                    number, "bad encoding", detail=f"not {known}; name the file's encoding if it has one"
                )
            else:
                n_other += self._encoding is None and not _is_utf8(raw, text)
                yield number, text.lstrip("\ufeff") if number == 1 else text
        if n_other:
            _log.warning(
                "%s: %s of its lines are no UTF-8 and were read as GB18030 (Chinese); if that is wrong, name the "
                "encoding, for example shift_jis or latin-1", self._path, f"{n_other:,}",
            )  # fmt: skip

    def _raw_lines(self) -> Iterator[tuple[int, bytes]]:
        limit = self._max_bytes
        with open_bytes(self._path) as stream:
            try:
                while line := stream.readline(limit + 1):
                    self.n_lines += 1
                    if len(line) > limit and not line.endswith(b"\n"):
                        size = len(line) + _skip_line(stream, limit)
                        self._rejects.add(
                            self.n_lines, "line too long", detail=f"{size:,} bytes; at most {limit:,}"
                        )
                    else:
                        yield self.n_lines, line.rstrip(b"\r\n")
            except TruncatedGzip:
                self._rejects.add(self.n_lines + 1, "truncated gzip", detail="the file breaks off here")
            except DamagedGzip as error:
                self._rejects.add(self.n_lines + 1, "damaged gzip", detail=str(error))


def _skip_line(stream: BinaryIO, step: int) -> int:
    skipped = 0
    while piece := stream.readline(step):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _known_encoding(encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise InvalidInput(
            f"there is no encoding {encoding!r}; for example utf-8, gb18030, big5, shift_jis, cp1252"
        ) from error
    # UTF-16 is told by its mark and already turned into UTF-8
    return "utf-8" if name.startswith("utf-16") else name


def _decoded(raw: bytes, encoding: str | None) -> str | None:
    try:
        return raw.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        pass
    if encoding is not None or not _may_be_gb18030(raw):
        return None
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return None


def _is_utf8(raw: bytes, text: str) -> bool:
    return raw.isascii() or raw == text.encode("utf-8", "surrogatepass")


def _may_be_gb18030(raw: bytes) -> bool:
    """Tell GB18030 from damaged UTF-8, which would decode to other characters, and from Latin-1."""
    mended = raw.decode("utf-8", "replace")
    n_wrong = mended.count("\ufffd")
    n_right = sum(character > "\x7f" for character in mended) - n_wrong
    lone = all(len(run) == 1 for run in _HIGH_RUNS.findall(raw))
    return n_wrong > n_right and not lone
