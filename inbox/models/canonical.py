"""Canonical JSON: equal values always have the same bytes."""

import json
from decimal import Decimal
from typing import Any

from django.db import models


def canonical(value: Any) -> str:
    """Keys are sorted; no spaces, ASCII only. A ``Decimal`` becomes its text.

    Programs that check an export may read numbers as floats. Raises ValueError for NaN and
    infinity, TypeError for types that JSON does not have.
    """
    return _ENCODER.encode(value)


def _digits(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_digits
)


class CanonicalJSON(models.TextField):
    """The databases' JSON types may rewrite numbers and keys, which would change a hash."""

    # For the type checker's plugin: the field takes and returns any JSON.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """Text that is not canonical JSON was not written here, and is returned as it is."""
        if value is None:
            return None
        try:
            parsed = json.loads(value)
            return parsed if canonical(parsed) == value else value
        except ValueError:
            return value

    def to_python(self, value: Any) -> Any:
        """A string is a JSON string."""
        return value

    def get_prep_value(self, value: Any) -> str:
        return canonical(value)
