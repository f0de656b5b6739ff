"""Building and writing many rows fast.

``bulk_create(update_conflicts=True)`` does the same and takes a quarter longer to fill an empty
mirror, because it prepares each field of each row separately.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=models.Model)

CHUNK = 400
"""Ids in one ``IN``: below the limit of any SQLite."""
MAX_ROWS = 100
"""Rows in one statement."""


def build_row(model: type[Row], **values: Any) -> Row:
    """``values`` are by column name (``upstream_id``); others get defaults.

    It is filled as an unpickled one is, without ``__init__``, which takes five times as long.
    Raises TypeError for a name that is no column.
    """
    defaults, mutable = _defaults(model)
    fields = defaults | values
    if len(fields) > len(defaults):
        raise TypeError(f"{model.__name__} has no {', '.join(values.keys() - defaults.keys())}")
    for name in mutable - values.keys():
        fields[name] = defaults[name].copy()
    row = model.__new__(model)
    row._state = ModelState()
    row.__dict__.update(fields)
    return row


@cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], frozenset[str]]:
    """By column name; the second value names those that are lists or dicts."""
    defaults = {field.attname: field.get_default() for field in model._meta.concrete_fields}
    mutable = (name for name, value in defaults.items() if isinstance(value, dict | list))
    return defaults, frozenset(mutable)


def upsert(rows: Sequence[Row], key: Sequence[str], *, keep: Sequence[str] = ()) -> None:
    """Insert ``rows``, or update those with the same unique ``key``, except the columns ``keep``.

    Nothing is validated, and the ``pk`` of new rows is not set.
    """
    if not rows:
        return
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    fields = _fields(model)
    parameters = list(zip(*(_column(field, rows, connection) for field in fields), strict=True))
    max_rows = (connection.features.max_query_params or MAX_ROWS * len(fields)) // len(fields)
    size = min(MAX_ROWS, max_rows)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            batch = parameters[start : start + size]
            statement = _statement(model, tuple(key), tuple(keep), len(batch))
            cursor.execute(statement, list(chain.from_iterable(batch)))


def _column(
    field: "models.Field[Any, Any]", rows: Sequence[models.Model], connection: BaseDatabaseWrapper
) -> list[Any]:
    values = list(map(attrgetter(field.attname), rows))
    writer = _writer(field, connection)
    if writer is None:
        return values
    return [None if value is None else writer(value) for value in values]


def chunks(ids: Iterable[str]) -> Iterable[list[str]]:
    """In lists of at most ``CHUNK``."""
    all_ids = list(ids)
    for start in range(0, len(all_ids), CHUNK):
        yield all_ids[start : start + CHUNK]


def _fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _writer(
    field: "models.Field[Any, Any]", connection: BaseDatabaseWrapper
) -> Callable[[Any], Any] | None:
    """None where no conversion is needed.

    Raises TypeError for a type of field that the mirror doesn't have yet.
    """
    match field:
        case models.JSONField():
            if connection.vendor == "sqlite" and field.encoder is not None:
                # What ``adapt_json_value`` does there, without the checks of ``json.dumps``.
                return field.encoder().encode
            return lambda value: connection.ops.adapt_json_value(value, field.encoder)
        case models.DateTimeField():
            return connection.ops.adapt_datetimefield_value
        case models.DateField():
            return connection.ops.adapt_datefield_value
        case (
            models.BooleanField()
            | models.CharField()
            | models.FloatField()
            | models.ForeignKey()
            | models.IntegerField()
            | models.TextField()
        ):
            return None
        case _:
            raise TypeError(f"{field} needs a converter")


@lru_cache(maxsize=1000)
def _statement(
    model: type[models.Model], key: tuple[str, ...], keep: tuple[str, ...], rows: int
) -> str:
    columns = [str(field.column) for field in _fields(model)]
    row = f"({', '.join(['%s'] * len(columns))})"
    changed = [column for column in columns if column not in (*key, *keep)]
    changes = (f'"{column}" = EXCLUDED."{column}"' for column in changed)
    # Names of tables and columns come from the models, every value is a parameter.
    return (
        f'INSERT INTO "{model._meta.db_table}" ({_quoted(columns)}) '  # nosec # noqa: S608 - names of the model
        f"VALUES {', '.join([row] * rows)} "
        f"ON CONFLICT ({_quoted(key)}) DO UPDATE SET {', '.join(changes)}"
    )


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
