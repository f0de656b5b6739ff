"""Choosing the generation of the API by what Mobius answers; see ``docs/upstream.md``."""

import logging
from time import monotonic

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction

from inbox.audit import decision_log
from inbox.audit.decision_log import Entry
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError
from inbox.mobius.generations import Found
from inbox.mobius.timing import time_limit
from inbox.mobius.types import Generation
from inbox.models import Upstream

VERB = "api_changed"

log = logging.getLogger(__name__)

BETWEEN = 60.0
"""The fewest seconds between the two equal probes that a change takes."""
TIMEOUT = 5.0
"""Seconds that a probe may take."""


class ApiChanged(Exception):
    """Another generation was chosen, so that another upstream is current."""


class ApiChoice:
    """The leader makes it; all processes read it from the database."""

    def __init__(self, *, between: float = BETWEEN) -> None:
        self._between = between
        self._next = float("-inf")
        self._candidate: Generation | None = None

    @staticmethod
    def is_open(upstream: Upstream) -> bool:
        """None has been chosen yet."""
        return settings.MOBIUS_API == "auto" and upstream.chosen_at is None

    @property
    def due_in(self) -> float | None:
        """Seconds until the second probe; None if there is nothing to confirm."""
        return None if self._candidate is None else max(0.0, self._next - monotonic())

    async def look(self, client: MobiusClient, upstream: Upstream) -> None:
        """Does nothing within a minute of a probe that told something. Raises ApiChanged."""
        if settings.MOBIUS_API != "auto" or monotonic() < self._next:
            return
        try:
            async with time_limit(TIMEOUT):
                found = await client.find_generation()
        except MobiusError as error:
            log.info("which generation of the API Mobius has isn't known: %s", error)
            return
        first = upstream.chosen_at is None
        changes = found.generation is not upstream.api
        if changes and not first and found.generation is not self._candidate:
            self._candidate, self._next = found.generation, monotonic() + self._between
            log.warning("Mobius seems to have another API, %s: to be confirmed", _named(found))
            return
        self._candidate, self._next = None, monotonic() + self._between
        if first or changes:
            await sync_to_async(_choose)(found)
            level = logging.INFO if first else logging.WARNING
            log.log(level, "the API of Mobius was chosen: %s", _named(found))
        elif upstream.found_by != found.by:
            await Upstream.objects.filter(pk=upstream.pk).aupdate(found_by=found.by)
        if changes:
            raise ApiChanged
        await upstream.arefresh_from_db(fields=["chosen_at", "found_by"])


@transaction.atomic
def _choose(found: Found) -> None:
    before = Upstream.lock_current()
    row = Upstream.choose(found)
    if before.chosen_at is not None:
        value = {"before": before.generation, "after": row.generation, "by": found.by}
        decision_log.append(Entry(verb=VERB, upstream=row, actor="", value=value))


def _named(found: Found) -> str:
    return f"{found.generation.upper()} ({found.by})"
