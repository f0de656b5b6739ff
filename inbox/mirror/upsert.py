"""Many rows in one statement."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)

CHUNK = 400
"""Ids in one ``IN``: below what any SQLite takes."""


def upsert(rows: Sequence[Row], key: Sequence[str]) -> None:
    """Write unsaved ``rows`` over those with the same unique ``key``; each gets its ``pk``."""
    if not rows:
        return
    model = type(rows[0])
    written = [
        field.name
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in key
    ]
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=list(key), update_fields=written
    )


def chunks(ids: Iterable[str]) -> Iterable[list[str]]:
    """``ids`` in lists that one ``IN`` takes."""
    left = list(ids)
    for start in range(0, len(left), CHUNK):
        yield left[start : start + CHUNK]
