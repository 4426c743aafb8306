"""How tables that an earlier modacast stored become tables of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from modacast.errors import StorageError
from modacast.types import SCHEMAS, schema_version

__all__ = ["UPGRADES", "upgrade"]

UPGRADES: Mapping[tuple[str, int], Callable[[pa.Table], pa.Table]] = {}
"""`(data set, stored version)` to the function that brings a table to the next version. A new column that
may be null needs no entry: it is filled with nulls."""


def upgrade(
    dataset: str,
    table: pa.Table,
    *,
    schemas: Mapping[str, pa.Schema] = SCHEMAS,
    upgrades: Mapping[tuple[str, int], Callable[[pa.Table], pa.Table]] = UPGRADES,
) -> pa.Table:
    """Get a stored table in the schema of today.

    Args:
        dataset: its data set; one without a declared schema comes back as it is.
        table: as read from the file, with its schema's metadata.
        schemas: the schemas of today.
        upgrades: the steps from version to version.

    Raises:
        StorageError: the table was written by a newer modacast, or no step leads to today's schema.
    """
    schema = schemas.get(dataset)
    if schema is None:
        return table
    stored, wanted = schema_version(table.schema), schema_version(schema)
    if stored > wanted:
        raise StorageError(
            f"{dataset!r} was written by a newer modacast (version {stored}, this one knows {wanted}): "
            "pip install -U modacast"
        )
    for version in range(stored, wanted):
        step = upgrades.get((dataset, version))
        table = step(table) if step else table
    for field in schema:
        if field.name not in table.column_names:
            if not field.nullable:
                raise StorageError(
                    f"{dataset!r} of version {stored} lacks {field.name!r} and no upgrade provides it"
                )
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(schema.names).cast(schema)
