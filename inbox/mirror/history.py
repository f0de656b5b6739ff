"""How far back the mirror goes."""

from collections.abc import Container
from datetime import datetime

from inbox.mirror.snapshots import Snapshot, Thing, newest
from inbox.mobius import types
from inbox.mobius.types import NO_TIME, InteractionStatus

CLOSED = (InteractionStatus.COMPLETED, InteractionStatus.EXPIRED)


def is_forgotten(
    thing: types.Interaction | types.Run | types.Step, before: datetime | None
) -> bool:
    """It was over when the mirror last forgot what was: it does not come back."""
    if before is None:
        return False
    over = thing.status.finished if isinstance(thing, types.Run) else thing.status in CLOSED
    at = thing.completed_at or thing.updated_at
    return over and at != NO_TIME and at < before


def leave_out(
    told: dict[str, list[Snapshot[Thing]]], held: Container[str], before: datetime | None
) -> None:
    """Drop what was forgotten at ``before`` and is told again; what is ``held`` is not.

    An entry of the log, read again, can tell of a forgotten thing as it was while it was open.
    """
    for id in [id for id in told if before is not None and id not in held]:
        last = newest(told[id])
        old_news = last.logged and before is not None and NO_TIME < last.thing.created_at < before
        if old_news or is_forgotten(last.thing, before):
            del told[id]
