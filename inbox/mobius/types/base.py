"""What the types have in common."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

T = TypeVar("T")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without an offset")
    return value


NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that upstream does not tell, where a thing has to have one."""

Stamp = Annotated[datetime, AfterValidator(_aware)]
"""An instant: always with an offset."""


class Record(BaseModel):
    """Immutable; a reader tolerates what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Record, Generic[T]):
    """One page of a list, newest first. ``next_cursor`` is None on the last page.

    ``skipped`` names records that are too large to be read, by id where that was found.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    skipped: tuple[str, ...] = ()
