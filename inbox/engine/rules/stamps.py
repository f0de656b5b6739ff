"""Times on the wire: RFC 3339, UTC, ``Z``, microseconds."""

import re
from datetime import UTC, datetime

_SHAPE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def written(at: datetime) -> str:
    """``at``, which has an offset, as the wire has it."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def read(text: str) -> datetime:
    """A time with an offset, in UTC. Raises ValueError for anything else."""
    if not _SHAPE.fullmatch(text):
        raise ValueError("not a time of RFC 3339 with an offset")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time out of range") from error
