"""One project's home on disk: lake, database, keys, caches, and the lock that keeps two runs apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modacast.config import Settings
from modacast.errors import StorageError
from modacast.store import Database, Lake

if TYPE_CHECKING:
    from modacast.elements import Lexicon, Relevance, Tagger
    from modacast.encoder import CachedEncoder, Encoder
    from modacast.privacy import Pseudonymiser

__all__ = ["Workspace"]


class Workspace:
    """Opens the parts of a home as they are asked for.

    Args:
        settings: of the project; `settings.project.home` is created where absent.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home: Path = settings.project.home
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot create the home {self.home}: {error.strerror or error}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for writing.

        Raises:
            StorageError: another run holds it.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.home / "run.lock")
        try:
            with lock.acquire(timeout=0):
                yield
        except Timeout as error:
            raise StorageError(
                f"another modacast is writing to {self.home}; wait for it, or choose another home"
            ) from error

    @cached_property
    def lake(self) -> Lake:
        """The Parquet data sets."""
        return Lake(self.home / "lake")

    @cached_property
    def database(self) -> Database:
        """Items, events, profiles, models."""
        return Database(self.settings.project.database or self.home / "modacast.sqlite")

    @cached_property
    def pseudonymiser(self) -> Pseudonymiser:
        """Turns raw ids into keyed pseudonyms, with this home's own key."""
        from modacast.privacy import KeyRing, Pseudonymiser

        return Pseudonymiser(KeyRing.open(self.home / "keys.json").derive("pseudonyms"))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The shipped elements and the project's own."""
        from modacast.elements import Lexicon

        return Lexicon.load(*self.settings.lexicon.files)

    @cached_property
    def tagger(self) -> Tagger:
        """Finds the lexicon's elements in texts."""
        from modacast.elements import Tagger

        return Tagger(self.lexicon)

    @cached_property
    def relevance(self) -> Relevance:
        """Tells whether texts are about fashion."""
        from modacast.elements import Relevance

        return Relevance(self.tagger)

    @cached_property
    def language_model(self) -> Encoder:
        """The language model; keeps no vector, for texts that are read once."""
        from modacast.encoder import Encoder

        chosen = self.settings.encoder
        return Encoder.from_pretrained(chosen.model, threads=chosen.threads)

    @cached_property
    def encoder(self) -> CachedEncoder:
        """The language model, with the home's cache of vectors."""
        from modacast.encoder import CachedEncoder, VectorCache

        model = self.language_model
        return CachedEncoder(model, VectorCache(self.home / "vectors.sqlite", model.model_id, model.dim))
