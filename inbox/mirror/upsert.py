"""Many rows in one statement.

``bulk_create(update_conflicts=True)`` does the same and takes a quarter longer to fill an empty
mirror: it asks each field of each row how it wants to be written.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

Row = TypeVar("Row", bound=models.Model)

CHUNK = 400
"""Ids in one ``IN``: below what any SQLite takes."""
LARGEST = 100
"""Rows in one statement."""


def upsert(rows: Sequence[Row], key: Sequence[str]) -> None:
    """Write ``rows`` over those with the same unique ``key``, whatever their ``pk``.

    ``key`` holds names of columns. Nothing is validated, and new rows do not learn their ``pk``.
    """
    if not rows:
        return
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    fields = _fields(model)
    values = attrgetter(*(field.attname for field in fields))
    writers = [
        (place, writer)
        for place, field in enumerate(fields)
        if (writer := _writer(field, connection)) is not None
    ]
    most = (connection.features.max_query_params or LARGEST * len(fields)) // len(fields)
    size = min(LARGEST, most)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            parameters: list[Any] = []
            for row in some:
                written = list(values(row))
                for place, writer in writers:
                    if written[place] is not None:
                        written[place] = writer(written[place])
                parameters += written
            cursor.execute(_statement(model, tuple(key), len(some)), parameters)


def chunks(ids: Iterable[str]) -> Iterable[list[str]]:
    """``ids`` in lists that one ``IN`` takes."""
    left = list(ids)
    for start in range(0, len(left), CHUNK):
        yield left[start : start + CHUNK]


def _fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _writer(
    field: "models.Field[Any, Any]", connection: BaseDatabaseWrapper
) -> Callable[[Any], Any] | None:
    """What makes a parameter of the field's value; None where it is one already."""
    match field:
        case models.JSONField():
            return lambda value: connection.ops.adapt_json_value(value, field.encoder)
        case models.DateTimeField():
            return connection.ops.adapt_datetimefield_value
        case models.DateField():
            return connection.ops.adapt_datefield_value
        case _:
            return None


@lru_cache(maxsize=1000)
def _statement(model: type[models.Model], key: tuple[str, ...], rows: int) -> str:
    columns = [str(field.column) for field in _fields(model)]
    row = f"({', '.join(['%s'] * len(columns))})"
    changes = (f'"{column}" = EXCLUDED."{column}"' for column in columns if column not in key)
    # Names of tables and columns come from the models, every value is a parameter.
    return (
        f'INSERT INTO "{model._meta.db_table}" ({_quoted(columns)}) '  # noqa: S608
        f"VALUES {', '.join([row] * rows)} "
        f"ON CONFLICT ({_quoted(key)}) DO UPDATE SET {', '.join(changes)}"
    )


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
