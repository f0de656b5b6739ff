"""Reading questions until they show the answers that Mobius has accepted."""

import logging
from datetime import timedelta
from time import monotonic

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import viewer_of
from inbox.answering.answer_command import AnswerCommand
from inbox.answering.look_up import look_up
from inbox.live.alarm import Alarm
from inbox.live.bus import get_bus
from inbox.mobius.errors import MobiusError, RateLimited, Unavailable, Unreachable
from inbox.mobius.timing import Backoff
from inbox.models import Attempt, Upstream
from inbox.models.attempt import GIVE_UP_AFTER
from inbox.processes.lease import leads

log = logging.getLogger(__name__)

FIRST_PHASE = timedelta(minutes=1)
FIRST_INTERVAL = 2.0
INTERVAL = 30.0
"""Seconds between two reads of a question, in the first minute and after it."""
TEMPORARY = (RateLimited, Unavailable, Unreachable)
"""Errors of a read that may pass. They prove nothing, however late an answer is."""


class Confirmer:
    """The leader does this for all processes."""

    CHANNEL = "accepted answers"

    def __init__(self) -> None:
        self._due: dict[int, float] = {}
        self._alarm = Alarm()

    def add(self, attempt_id: int) -> None:
        """Any thread may call it."""
        if not leads():
            get_bus().broadcast(self.CHANNEL, str(attempt_id))
            return
        self._due[attempt_id] = monotonic() + FIRST_INTERVAL
        self._alarm.ring()

    async def run(self) -> None:
        self._alarm.start()
        get_bus().on_broadcast(self.CHANNEL, self._on_broadcast)
        await self.load()
        while True:
            await self.read_due()
            pause = min(list(self._due.values()), default=monotonic() + INTERVAL) - monotonic()
            await self._alarm.wait(max(0.0, pause))

    def _on_broadcast(self, text: str) -> None:
        if leads():
            self.add(int(text))

    async def load(self) -> None:
        for attempt_id in await sync_to_async(_accepted)():
            self._due.setdefault(attempt_id, monotonic())

    async def read_due(self) -> None:
        now = monotonic()
        due = [attempt_id for attempt_id, at in list(self._due.items()) if at <= now]
        for attempt_id in due:
            pause = await confirm(attempt_id)
            if pause is None:
                self._due.pop(attempt_id, None)
            else:
                self._due[attempt_id] = monotonic() + pause


confirmer = Confirmer()


async def confirm(attempt_id: int) -> float | None:
    """Returns the seconds until the next read, None for no further read."""
    command = await sync_to_async(_command)(attempt_id)
    if command is None:
        return None
    age = timezone.now() - (command.attempt.accepted_at or command.attempt.created_at)
    pause = FIRST_INTERVAL if age < FIRST_PHASE else INTERVAL
    overdue = age >= GIVE_UP_AFTER
    snapshot = None
    try:
        snapshot = await look_up(command.attempt.interaction_id, background=True)
    except MobiusError as error:
        log.info("an accepted answer is still waiting: %s", error)
        pause = max(pause, min(error.retry_after or 0.0, Backoff.longest_retry_after))
        overdue = overdue and not isinstance(error, TEMPORARY)
    confirmed = await sync_to_async(command.is_confirmed)(snapshot, overdue=overdue)
    return None if confirmed else pause


def _accepted() -> list[int]:
    rows = Attempt.objects.filter(upstream=Upstream.current(), state=Attempt.State.ACCEPTED)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _command(attempt_id: int) -> AnswerCommand | None:
    rows = Attempt.objects.filter(pk=attempt_id, state=Attempt.State.ACCEPTED)
    attempt = rows.select_related("reviewer__user", "upstream").first()
    if attempt is None or (item := attempt.question()) is None:
        return None
    return AnswerCommand(attempt, viewer_of(attempt.reviewer.user), item)
