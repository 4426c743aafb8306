"""One project's home on disk: lake, database, keys, caches, and the lock that keeps two runs apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modacast.config import Settings
from modacast.errors import NotFound, StorageError
from modacast.store import Database, Lake

if TYPE_CHECKING:
    from modacast.elements import Lexicon, Relevance, Tagger
    from modacast.encoder import CachedEncoder, Encoder
    from modacast.privacy import Pseudonymiser

__all__ = ["ENCODER", "Workspace"]

ENCODER = "encoder"
"""The kind under which the database lists language models."""


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

    @property
    def own_words(self) -> Path:
        """The lexicon file of the words that were accepted or added in this home; it need not exist."""
        return self.home / "lexicon" / "own.csv"

    @cached_property
    def lexicon(self) -> Lexicon:
        """The shipped elements, those of the project's files, and those that were accepted or added in this home."""
        from modacast.elements import Lexicon

        own = [self.own_words] if self.own_words.is_file() else []
        return Lexicon.load(*self.settings.lexicon.files, *own)

    @cached_property
    def wider_lexicon(self) -> Lexicon:
        """The lexicon with the discovered words that are used without review, if the settings want that."""
        from modacast.elements.discovery import with_new_words
        from modacast.pipeline.new_words import admitted_words

        return with_new_words(self.lexicon, admitted_words(self))

    def forget_new_words(self) -> None:
        """Ask anew which discovered words are used, when that is next needed."""
        for name in ("wider_lexicon", "context_tagger"):
            self.__dict__.pop(name, None)

    def forget_lexicon(self) -> None:
        """Read the lexicon anew when it is next asked for."""
        self.forget_new_words()
        for name in ("lexicon", "tagger", "relevance"):
            self.__dict__.pop(name, None)

    @cached_property
    def tagger(self) -> Tagger:
        """Finds the lexicon's elements in texts."""
        from modacast.elements import Tagger

        return Tagger(self.lexicon)

    @cached_property
    def context_tagger(self) -> Tagger:
        """The tagger that lets the bundled language model decide about ambiguous words, if the settings want that."""
        from modacast.elements import Tagger
        from modacast.elements.context import Context
        from modacast.encoder import get_encoder

        tagger = self.tagger if self.wider_lexicon is self.lexicon else Tagger(self.wider_lexicon)
        if not self.settings.lexicon.context:
            return tagger
        return tagger.with_context(Context.load(get_encoder(threads=self.settings.encoder.threads).encode))

    @cached_property
    def relevance(self) -> Relevance:
        """Tells whether texts are about fashion."""
        from modacast.elements import Relevance

        return Relevance(self.tagger)

    @property
    def encoder_name(self) -> str:
        """The model that the settings choose: for `"promoted"`, a folder under `models/`, or `"bundled"`.

        Raises:
            NotFound: the files of the promoted model are gone.
        """
        if self.settings.encoder.model != "promoted":
            return self.settings.encoder.model
        active = self.database.active_model(ENCODER)
        if active is None:
            return "bundled"
        folder = self.home / "models" / f"encoder-{active.version:04d}"
        if not folder.is_dir():
            raise NotFound(
                f"the promoted model's folder {folder} is gone; `modacast models rollback` returns to the one before"
            )
        return str(folder)

    @cached_property
    def language_model(self) -> Encoder:
        """The language model; keeps no vector, for texts that are read once."""
        from modacast.encoder import Encoder, get_encoder

        name, threads = self.encoder_name, self.settings.encoder.threads
        # the bundled one never changes and decides about ambiguous words too: one is enough
        open_model = get_encoder if name == "bundled" else Encoder.from_pretrained
        return open_model(name, threads=threads)

    @cached_property
    def encoder(self) -> CachedEncoder:
        """The language model, with the home's cache of vectors."""
        from modacast.encoder import CachedEncoder, VectorCache

        model = self.language_model
        # a cache belongs to one model: after a promotion nothing of the model before is served
        name = re.sub(r"[^\w.-]", "-", model.model_id)
        cache = self.home / "vectors" / f"{name}.sqlite"
        cache.parent.mkdir(exist_ok=True)
        return CachedEncoder(model, VectorCache(cache, model.model_id, model.dim))
