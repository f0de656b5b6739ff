"""What the types share."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

T = TypeVar("T")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without an offset")
    return value


NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a required time that upstream does not give."""

Stamp = Annotated[datetime, AfterValidator(_aware)]
"""A time with an offset."""


class Record(BaseModel):
    """Immutable; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Record, Generic[T]):
    """One page of a list, newest first. ``next_cursor`` is None on the last page.

    ``skipped`` names records that are too large to be read, by id if that was found.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    skipped: tuple[str, ...] = ()
