"""Single rows with statements that are composed once: composing them each time, as the ORM does,
made an answer three times as slow (docs/decisions.md).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from django.db import connections
from django.db.models import Field, Model

from inbox.engine.router import ALIAS

M = TypeVar("M", bound=Model)
Columns = list["Field[Any, Any]"]
_Converter = tuple[int, Callable[..., Any], Any]


class _Plans(threading.local):
    """One per thread, because connections are."""

    def __init__(self) -> None:
        self.reads: dict[Any, _Read] = {}
        self.updates: dict[Any, tuple[str, Columns]] = {}
        self.inserts: dict[Any, tuple[str, str, Columns]] = {}


class _Read:
    def __init__(
        self, model: type[Model], keys: Sequence[str], joins: Sequence[str], *, lock: bool
    ) -> None:
        connection = connections[ALIAS]
        quote = connection.ops.quote_name
        columns: list[str] = []
        tables = [f"{quote(model._meta.db_table)} t"]
        self.parts: list[tuple[str, type[Model], list[str]]] = []
        self.converters: list[_Converter] = []
        for alias, name, part in self._tables(model, joins):
            fields = [
                field
                for field in part._meta.concrete_fields
                if not name or field.attname not in getattr(part, "UNJOINED", ())
            ]
            if name:
                key = _field(model, name).column
                tables.append(
                    f"{quote(part._meta.db_table)} {alias} ON {alias}.id = t.{quote(str(key))}"
                )
            for field in fields:
                column = field.get_col(alias)
                for convert in (
                    *connection.ops.get_db_converters(column),
                    *field.get_db_converters(connection),
                ):
                    self.converters.append((len(columns), convert, column))
                columns.append(f"{alias}.{quote(str(field.column))}")
            self.parts.append((name, part, [field.attname for field in fields]))
        where = " AND ".join(f"t.{quote(key)} = %s" for key in keys)
        self.sql = f"SELECT {', '.join(columns)} FROM {' LEFT JOIN '.join(tables)} WHERE {where}"  # nosec # noqa: S608 - names of the model
        if lock and connection.features.has_select_for_update:
            self.sql += " FOR UPDATE"

    @staticmethod
    def _tables(model: type[Model], joins: Sequence[str]) -> list[tuple[str, str, type[Model]]]:
        related = [
            (f"j{number}", name, cast(type[Model], _field(model, name).related_model))
            for number, name in enumerate(joins)
        ]
        return [("t", "", model), *related]

    def build(self, values: list[Any]) -> Model:
        connection = connections[ALIAS]
        for index, convert, column in self.converters:
            values[index] = convert(values[index], column, connection)
        start, instance = 0, None
        for name, model, names in self.parts:
            row_values = values[start : start + len(names)]
            start += len(names)
            row = None if row_values[0] is None else model.from_db(ALIAS, names, row_values)
            if instance is None:
                instance = row
            elif row is not None:
                setattr(instance, name, row)
        assert instance is not None  # nosec B101 # noqa: S101  the first part has its key
        return instance


_plans = _Plans()
"""How each thread reads rows; worked out from the models, the same in every process."""


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    return cast("Field[Any, Any]", model._meta.get_field(name))


def _is_generated(field: "Field[Any, Any]") -> bool:
    return field.get_internal_type() == "BigAutoField"


def find(model: type[M], *, joins: Sequence[str] = (), lock: bool = False, **keys: Any) -> M | None:
    """``joins`` names foreign keys whose rows are read too, without their ``UNJOINED`` columns.
    ``lock`` keeps other writers from the row until the end of the transaction.
    """
    plan_key = (model, tuple(keys), tuple(joins), lock)
    plan = _plans.reads.get(plan_key)
    if plan is None:
        plan = _plans.reads[plan_key] = _Read(model, tuple(keys), joins, lock=lock)
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(plan.sql, tuple(keys.values()))
        values = cursor.fetchone()
    return None if values is None else plan.build(list(values))  # type: ignore[return-value]


def update(row: Model, *names: str) -> None:
    """Write the fields ``names``."""
    connection = connections[ALIAS]
    plan = _plans.updates.get((type(row), names))
    if plan is None:
        quote = connection.ops.quote_name
        fields = [_field(type(row), name) for name in names]
        changes = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
        sql = f"UPDATE {quote(row._meta.db_table)} SET {changes} WHERE id = %s"  # nosec # noqa: S608 - names of the model
        plan = _plans.updates[type(row), names] = (sql, fields)
    with connection.cursor() as cursor:
        cursor.execute(plan[0], [*_prepared(row, plan[1]), row.pk])


def insert(*rows: Model) -> None:
    connection = connections[ALIAS]
    model = type(rows[0])
    plan = _plans.inserts.get(model)
    if plan is None:
        quote = connection.ops.quote_name
        fields = [field for field in model._meta.concrete_fields if not _is_generated(field)]
        names = ", ".join(quote(str(field.column)) for field in fields)
        slots = f"({', '.join(['%s'] * len(fields))})"
        sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # nosec # noqa: S608 - names of the model
        plan = _plans.inserts[model] = (sql, slots, fields)
    sql, slots, fields = plan
    values = [value for row in rows for value in _prepared(row, fields)]
    with connection.cursor() as cursor:
        cursor.execute(sql + ", ".join([slots] * len(rows)), values)
    for row in rows:
        row._state.adding, row._state.db = False, ALIAS


def _prepared(row: Model, fields: Columns) -> list[Any]:
    connection = connections[ALIAS]
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
