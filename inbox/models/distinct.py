"""The distinct values of an indexed column."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models


def distinct_values(rows: models.QuerySet[Any, Any], name: str, limit: int) -> list[str]:
    """The first ``limit`` values of the text column ``name``, without the empty one.

    Looks up each value in an index. ``distinct()`` would read all rows.
    """
    column = f'"{rows.model._meta.get_field(name).column}"'
    try:
        found, parameters = rows.order_by().values(name).query.sql_with_params()
    except EmptyResultSet:
        return []
    after = f"SELECT CAST(MIN({column}) AS text) FROM ({found}) AS rows WHERE {column} > value"  # nosec # noqa: S608 - names of the model
    sql = f"""
        WITH RECURSIVE found (value) AS (
            SELECT CAST('' AS text) UNION ALL SELECT ({after}) FROM found WHERE value IS NOT NULL
        )
        SELECT value FROM found WHERE value > '' LIMIT %s
    """  # nosec # noqa: S608 - every value is a parameter
    with connections[rows.db].cursor() as cursor:
        cursor.execute(sql, [*parameters, limit])
        return [value for (value,) in cursor.fetchall()]
