"""Snoozing a question for one person, and announcing that it is back.

What a list shows is decided when it is read, by the rows and the clock: a question returns even if
nothing announces it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import Viewer
from inbox.answering.question import find_own
from inbox.live import topics
from inbox.live.alarm import Alarm
from inbox.live.bus import Changed, get_bus
from inbox.models import Interaction, Recipient, Reviewer, Snooze
from inbox.models.snooze import SnoozeQuerySet, return_time

LONGEST = timedelta(days=366)
LOOK_EVERY = 60.0
"""Seconds after which the clock and the deadlines are checked in any case."""


class Refusal(StrEnum):
    """``TOO_LATE``: after the limit. ``TOO_FAR``: further ahead than ``LONGEST``."""

    CLOSED = "closed"
    PAST = "past"
    TOO_LATE = "too_late"
    TOO_FAR = "too_far"


class NotSnoozed(ValueError):
    def __init__(self, reason: Refusal, item: Interaction) -> None:
        super().__init__(reason)
        self.reason, self.item = reason, item


@dataclass(frozen=True)
class Limit:
    """``soft``: the question can still be answered afterwards."""

    at: datetime
    soft: bool


def limit_of(item: Interaction, now: datetime) -> Limit | None:
    """Its due time; its expiry if it is overdue or never due."""
    if item.due_at is not None and item.due_at > now:
        return Limit(item.due_at, item.soft)
    return None if item.expires_at is None else Limit(item.expires_at, soft=False)


def snoozes_of(viewer: Viewer) -> SnoozeQuerySet:
    """Includes snoozes that are over."""
    return Snooze.objects.filter(reviewer__user_id=viewer.user_id).of_open()


def returns_of(viewer: Viewer) -> dict[int, datetime]:
    """By the primary key of the interaction."""
    # Most people have never snoozed any, and the second query takes much longer to build.
    if not Snooze.objects.filter(reviewer__user_id=viewer.user_id).exists():
        return {}
    columns = ("until", "at", "interaction__due_at", "interaction__expires_at")
    rows = snoozes_of(viewer).values_list("interaction_id", *columns)
    return {number: return_time(*times) for number, *times in rows}


def not_back(returns: Mapping[int, datetime], now: datetime) -> list[int]:
    return [number for number, at in returns.items() if at > now]


def of_item(viewer: Viewer, item: Interaction, now: datetime) -> datetime | None:
    own_row = Snooze.objects.filter(reviewer__user_id=viewer.user_id, interaction=item.pk)
    found = own_row.waiting(now).first()
    if found is None:
        return None
    found.interaction = item
    return found.returns_at


def is_open_for(viewer: Viewer, item: Interaction) -> bool:
    rows = Recipient.objects.filter(interaction=item, user_id=viewer.mobius_id or "")
    return rows.open_by_index().exists()


def snooze(
    viewer: Viewer, *, interaction_id: str, reviewer: Reviewer, until: datetime, now: datetime
) -> Interaction:
    """A second time replaces the first. Raises ``NotAsked`` and ``NotSnoozed``."""
    item = find_own(viewer, interaction_id)
    refusal = _refusal(viewer, item, until, now)
    if refusal is not None:
        raise NotSnoozed(refusal, item)
    Snooze.objects.update_or_create(
        reviewer=reviewer, interaction=item, defaults={"until": until, "at": now}
    )
    _publish(viewer.mobius_id or "", item.mobius_id)
    returns.look()
    return item


def unsnooze(viewer: Viewer, *, interaction_id: str) -> Interaction:
    """Raises ``NotAsked``."""
    item = find_own(viewer, interaction_id)
    own_row = Snooze.objects.filter(reviewer__user_id=viewer.user_id, interaction=item)
    if own_row.delete()[0]:
        _publish(viewer.mobius_id or "", item.mobius_id)
    return item


def _refusal(viewer: Viewer, item: Interaction, until: datetime, now: datetime) -> Refusal | None:
    limit = limit_of(item, now)
    if not is_open_for(viewer, item) or (limit is not None and limit.at <= now):
        return Refusal.CLOSED
    if until <= now:
        return Refusal.PAST
    if limit is not None and until > limit.at:
        return Refusal.TOO_LATE
    return Refusal.TOO_FAR if until - now > LONGEST else None


def _publish(mobius_id: str, interaction_id: str) -> None:
    get_bus().publish(_topics(mobius_id, interaction_id))


def _topics(mobius_id: str, interaction_id: str) -> Changed:
    return {
        topics.inbox(mobius_id): frozenset({interaction_id}),
        topics.held(mobius_id): frozenset(),
    }


class Returns:
    CHANNEL = "snoozes"

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[str, str]] = {}
        self._alarm = Alarm()

    def look(self) -> None:
        """Any thread may call it."""
        self._alarm.ring()
        get_bus().broadcast(self.CHANNEL)

    async def run(self) -> None:
        self._alarm.start()
        get_bus().on_broadcast(self.CHANNEL, lambda _: self._alarm.ring())
        while True:
            await self._alarm.wait(await sync_to_async(self.announce)(timezone.now()))

    def announce(self, now: datetime) -> float:
        """Returns the seconds until the next call."""
        rows = Snooze.objects.waiting(now).select_related("reviewer", "interaction")
        columns = ("until", "at", "reviewer__mobius_id", "interaction__mobius_id")
        limits = ("interaction__due_at", "interaction__expires_at")
        waiting = {row.pk: row for row in rows.only(*columns, *limits)}
        for pk in self._waiting.keys() - waiting.keys():
            get_bus().publish_here(_topics(*self._waiting[pk]))
        self._waiting = {
            pk: (row.reviewer.mobius_id or "", row.interaction.mobius_id)
            for pk, row in waiting.items()
        }
        next_at = min((row.returns_at for row in waiting.values()), default=None)
        if next_at is None:
            return LOOK_EVERY
        return min(LOOK_EVERY, max(0.0, (next_at - now).total_seconds()))


returns = Returns()
