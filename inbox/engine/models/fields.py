"""Columns that Django has no field for."""

import json
from typing import Any

from django.db import models

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def dumps(value: Any) -> str:
    """JSON as the engine writes it: compact, ASCII, keys in the order they came in."""
    return _encode(value)


class JSONText(models.TextField):
    """JSON kept as text, on every database alike.

    PostgreSQL's own type would reorder keys and refuse escaped NULs; what a workflow sends is
    given back as it was sent. SQL NULL is None; a JSON null cannot be told from it.
    """

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Parse what is stored."""
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        """A value is its own Python."""
        return value

    def get_prep_value(self, value: Any) -> str | None:
        """What is stored."""
        return None if value is None else dumps(value)
