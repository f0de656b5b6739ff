"""What the types have in common."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

T = TypeVar("T")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without an offset")
    return value


Stamp = Annotated[datetime, AfterValidator(_aware)]
"""An instant: always with an offset."""


class Record(BaseModel):
    """Immutable; a reader tolerates what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Record, Generic[T]):
    """One page of a list, newest first. ``next_cursor`` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None
