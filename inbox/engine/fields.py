from typing import Any

from django.db import models

from inbox.lib import exact

_encode = exact.Encoder(separators=(",", ":"), check_circular=False).encode


def dumps(value: Any) -> str:
    return _encode(value)


class JSONText(models.TextField):
    """JSON as text: PostgreSQL's own type would reorder keys and refuse escaped NULs."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else exact.loads(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else dumps(value)
