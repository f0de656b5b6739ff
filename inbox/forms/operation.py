"""The number of one intended answer, made when its form is shown."""

import re

from ulid import ULID

_USABLE = re.compile(r"[0-9A-Za-z_-]{1,64}")


def new_operation_id() -> str:
    """A number that no other form carries."""
    return str(ULID())


def operation_id_of(sent: str) -> str:
    """What the form sent where it is usable, else a new one: it is never a reason to refuse."""
    return sent if _USABLE.fullmatch(sent) else new_operation_id()
