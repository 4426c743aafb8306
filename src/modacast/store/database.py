"""The database: items, events, profiles, consent, models and what has been imported.

SQLite in a file by default, PostgreSQL by URL; the schema is created and migrated when it is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from modacast.errors import InvalidInput, NotFound, StorageError
from modacast.store import tables as t
from modacast.store.columns import from_rows, to_rows
from modacast.types import EVENTS, ITEMS, PROFILES

__all__ = ["Database", "StoredModel"]

_CHUNK = 500
_CONSENT = ("granted", "anonymous", "denied")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that was learned, with the figures that it was accepted on."""

    kind: str
    version: int
    made_at: datetime
    active: bool
    metrics: Mapping[str, Any]
    payload: Mapping[str, Any]


class Database:
    """Everything that is looked up by key.

    Args:
        url: a SQLAlchemy URL such as `postgresql+psycopg://host/name`, or a path of a SQLite file.

    Raises:
        StorageError: the database cannot be opened or migrated.
    """

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        if "://" not in text:
            Path(text).parent.mkdir(parents=True, exist_ok=True)
            text = f"sqlite:///{text}"
        try:
            self.engine = sa.create_engine(text)
            if self.engine.dialect.name == "sqlite":
                sa.event.listen(self.engine, "connect", _tune_sqlite)
                sa.event.listen(self.engine, "begin", _begin_sqlite)
            self._migrate()
        except sa.exc.SQLAlchemyError as error:
            shown = sa.make_url(text).render_as_string(hide_password=True)
            raise StorageError(f"cannot open the database {shown}: {_reason(error)}") from error

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    # -- items, events, profiles --------------------------------------------------------------------------

    def write_items(self, items: pa.Table, *, import_key: str | None = None, fingerprint: str = "") -> None:
        """Store `ITEMS`; an item of the same id is replaced.

        Args:
            items: the rows.
            import_key: where given, recorded in the same transaction as finished (see `is_imported`).
            fingerprint: of the input that the rows came from.
        """
        self._upsert(t.items, items.select(ITEMS.names), import_key, fingerprint)

    def write_events(self, events: pa.Table, *, import_key: str | None = None, fingerprint: str = "") -> None:
        """Store `EVENTS`; an event of the same id is stored once. Arguments as in `write_items`."""
        self._upsert(t.events, events.select(EVENTS.names), import_key, fingerprint)

    def write_profiles(self, profiles: pa.Table) -> None:
        """Store `PROFILES`; a profile of the same shopper is replaced."""
        self._upsert(t.profiles, profiles.select(PROFILES.names), None, "")

    def items(self, ids: Sequence[str] | None = None) -> pa.Table:
        """Get `ITEMS`, all or those of the given ids, ordered by id."""
        return self._read(t.items, ITEMS, t.items.c.id, ids)

    def events(self, user_keys: Sequence[str] | None = None) -> pa.Table:
        """Get `EVENTS`, all or those of the given shoppers, ordered by time, then id."""
        return self._read(t.events, EVENTS, t.events.c.user_key, user_keys, t.events.c.at, t.events.c.id)

    def profiles(self, user_keys: Sequence[str] | None = None) -> pa.Table:
        """Get `PROFILES`, all or those of the given shoppers, ordered by key."""
        return self._read(t.profiles, PROFILES, t.profiles.c.user_key, user_keys)

    def count(self, name: str) -> int:
        """Get the number of rows of a table of the database."""
        with self.reading() as connection:
            return int(
                connection.scalar(sa.select(sa.func.count()).select_from(t.METADATA.tables[name])) or 0
            )

    # -- consent ------------------------------------------------------------------------------------------

    def set_consent(self, user_key: str, status: str, *, at: datetime | None = None) -> None:
        """Record what a shopper agreed to: `"granted"`, `"anonymous"` or `"denied"`."""
        if status not in _CONSENT:
            raise InvalidInput(f"consent is one of {', '.join(_CONSENT)}, got {status!r}")
        row = {"user_key": user_key, "status": status, "at": _naive(at or datetime.now(UTC))}
        with self.writing() as connection:
            self._put(connection, t.consent, [row])

    def consents(self) -> dict[str, str]:
        """Get what each shopper who said something agreed to, by pseudonym."""
        with self.reading() as connection:
            return {row.user_key: row.status for row in connection.execute(sa.select(t.consent))}

    # -- models -------------------------------------------------------------------------------------------

    def save_model(
        self, kind: str, payload: Mapping[str, Any], metrics: Mapping[str, Any], *, active: bool
    ) -> int:
        """Store a new version of a model; an active one takes over from the version before.

        Returns:
            The version, from 1.
        """
        with self.writing() as connection:
            newest = connection.scalar(
                sa.select(sa.func.max(t.models.c.version)).where(t.models.c.kind == kind)
            )
            if active:
                connection.execute(sa.update(t.models).where(t.models.c.kind == kind).values(active=False))
            version = (newest or 0) + 1
            connection.execute(
                sa.insert(t.models).values(
                    kind=kind,
                    version=version,
                    made_at=_naive(datetime.now(UTC)),
                    active=active,
                    metrics=json.dumps(metrics),
                    payload=json.dumps(payload),
                )
            )
        return version

    def models(self, kind: str) -> list[StoredModel]:
        """Get all versions of a model, oldest first."""
        query = sa.select(t.models).where(t.models.c.kind == kind).order_by(t.models.c.version)
        with self.reading() as connection:
            return [
                StoredModel(
                    kind=row.kind,
                    version=row.version,
                    made_at=row.made_at.replace(tzinfo=UTC),
                    active=row.active,
                    metrics=json.loads(row.metrics),
                    payload=json.loads(row.payload),
                )
                for row in connection.execute(query)
            ]

    def active_model(self, kind: str) -> StoredModel | None:
        """Get the version of a model that is in use, or None."""
        return next((model for model in reversed(self.models(kind)) if model.active), None)

    def activate_model(self, kind: str, version: int | None) -> None:
        """Put another version of a model to use (roll back, or promote); None puts none to use.

        Raises:
            NotFound: there is no such version.
        """
        with self.writing() as connection:
            chosen = None if version is None else self._known_version(connection, kind, version)
            connection.execute(sa.update(t.models).where(t.models.c.kind == kind).values(active=False))
            if chosen is not None:
                connection.execute(sa.update(t.models).where(chosen).values(active=True))

    def change_model(self, kind: str, version: int, payload: Mapping[str, Any]) -> None:
        """Store another payload for a version.

        Raises:
            NotFound: there is no such version.
        """
        with self.writing() as connection:
            chosen = self._known_version(connection, kind, version)
            connection.execute(sa.update(t.models).where(chosen).values(payload=json.dumps(payload)))

    @staticmethod
    def _known_version(connection: sa.Connection, kind: str, version: int) -> sa.ColumnElement[bool]:
        chosen = sa.and_(t.models.c.kind == kind, t.models.c.version == version)
        if connection.scalar(sa.select(sa.func.count()).select_from(t.models).where(chosen)) == 0:
            raise NotFound(f"there is no model {kind!r} of version {version}")
        return chosen

    # -- what is done, and what to remember ---------------------------------------------------------------

    def is_imported(self, key: str, fingerprint: str) -> bool:
        """Tell whether that import of that input is finished."""
        query = sa.select(t.imports.c.fingerprint).where(t.imports.c.key == key)
        with self.reading() as connection:
            return connection.scalar(query) == fingerprint

    def imported(self, prefix: str) -> dict[str, str]:
        """Get key and fingerprint of all imports whose key begins so; they change when what was imported does."""
        query = sa.select(t.imports.c.key, t.imports.c.fingerprint).order_by(t.imports.c.key)
        with self.reading() as connection:
            rows = connection.execute(query.where(t.imports.c.key.startswith(prefix, autoescape=True)))
            return {row.key: row.fingerprint for row in rows}

    def set_state(self, key: str, value: Any) -> None:
        """Remember a JSON-serialisable value."""
        with self.writing() as connection:
            self._put(connection, t.state, [{"key": key, "value": json.dumps(value)}])

    def get_state(self, key: str, default: Any = None) -> Any:
        """Get a remembered value."""
        with self.reading() as connection:
            found = connection.scalar(sa.select(t.state.c.value).where(t.state.c.key == key))
        return default if found is None else json.loads(found)

    # -- inside -------------------------------------------------------------------------------------------

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction: all that is done in it, or nothing.

        Raises:
            StorageError: the database cannot be written.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise StorageError(
                f"the database could not be written: {_reason(error)}; nothing changed"
            ) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a connection to read with.

        Raises:
            StorageError: the database cannot be read.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise StorageError(f"the database could not be read: {_reason(error)}") from error

    def _upsert(self, table: sa.Table, rows: pa.Table, import_key: str | None, fingerprint: str) -> None:
        with self.writing() as connection:
            self._put(connection, table, to_rows(rows))
            if import_key is not None:
                row = {
                    "key": import_key,
                    "fingerprint": fingerprint,
                    "n_rows": rows.num_rows,
                    "at": _naive(datetime.now(UTC)),
                }
                self._put(connection, t.imports, [row])

    def _put(self, connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        unique = list({tuple(row[key] for key in keys): row for row in rows}.values())
        statement: Any
        if connection.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as pg_insert

            statement = pg_insert(table)
        else:
            from sqlalchemy.dialects.sqlite import insert as sqlite_insert

            statement = sqlite_insert(table)
        changes = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), unique)

    def _read(
        self,
        table: sa.Table,
        schema: pa.Schema,
        key: sa.Column[Any],
        wanted: Sequence[str] | None,
        *order: sa.Column[Any],
    ) -> pa.Table:
        query = sa.select(table).order_by(*(order or (key,)))
        rows: list[Any] = []
        with self.reading() as connection:
            if wanted is None:
                rows = list(connection.execute(query))
            else:
                for at in range(0, len(wanted), _CHUNK):
                    part = query.where(key.in_(wanted[at : at + _CHUNK]))
                    rows += connection.execute(part)
        return from_rows(rows, [column.name for column in table.columns], schema)


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # The driver begins no transaction before it makes a table, so that a migration could end half-way;
    # with its own handling off, SQLAlchemy begins them all.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
