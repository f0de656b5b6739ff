import re
from datetime import datetime

from ulid import ULID

_SHAPE = re.compile(r"[a-z]+_[0-9A-Z]{26}")


def new(prefix: str, at: datetime) -> str:
    """A new id such as ``run_01J…``, with ``at`` as its time."""
    return f"{prefix}_{ULID.from_datetime(at)}"


def is_shaped(value: str, prefix: str) -> bool:
    return value.startswith(f"{prefix}_") and _SHAPE.fullmatch(value) is not None
