"""A wrong key, project, host or certificate is a ``Problem`` that names the setting: printed at the
start, shown to administrators, and cleared once Mobius responds.
"""

import asyncio
import logging
from enum import StrEnum
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_noop

from inbox.audit.problem import Problem
from inbox.mirror import freshness
from inbox.mobius.errors import (
    Cause,
    Denied,
    MobiusError,
    NotFound,
    RateLimited,
    Unauthorized,
    Unreachable,
)
from inbox.people.clients import background_client, quiet_until

log = logging.getLogger(__name__)

LONGEST = 6.0
"""The most seconds that a check may take."""
WHILE_BROKEN = 30.0
"""Seconds between two checks while there is a problem."""
LOOK_EVERY = 5.0
"""Seconds between two checks whether the sync is live, which need no request."""


class Fault(StrEnum):
    KEY_REFUSED = gettext_noop("MOBIUS_API_KEY: Mobius at %(base_url)s doesn't accept this key.")
    KEY_DENIED = gettext_noop(
        "MOBIUS_API_KEY: this key can't read the project %(project)s at %(base_url)s."
    )
    KEY_CANNOT_LIST = gettext_noop(
        "MOBIUS_API_KEY: this key can't read the questions at %(base_url)s."
    )
    PROJECT_UNKNOWN = gettext_noop(
        "MOBIUS_PROJECT: Mobius at %(base_url)s doesn't know the project %(project)s."
    )
    PROJECT_MISSING = gettext_noop(
        "MOBIUS_PROJECT is missing: Mobius at %(base_url)s lists no questions without a project."
    )
    NOTHING_THERE = gettext_noop(
        "MOBIUS_BASE_URL or MOBIUS_PROJECT: nothing was found at %(base_url)s for "
        "project %(project)s."
    )
    NOT_RESPONDING = gettext_noop("MOBIUS_BASE_URL: %(base_url)s isn't responding.")
    HOST_UNKNOWN = gettext_noop("MOBIUS_BASE_URL: the host %(host)s can't be found.")
    NO_HTTPS = gettext_noop(
        "MOBIUS_BASE_URL: %(host)s doesn't use HTTPS at that address. Did you mean http://?"
    )
    CERTIFICATE_NOT_TRUSTED = gettext_noop(
        "MOBIUS_BASE_URL: this machine doesn't trust the certificate of %(host)s. Set "
        "SSL_CERT_FILE to a file with the certificate of the authority that issued it."
    )
    CERTIFICATE_EXPIRED = gettext_noop("MOBIUS_BASE_URL: the certificate of %(host)s has expired.")
    CERTIFICATE_OF_ANOTHER = gettext_noop(
        "MOBIUS_BASE_URL: the certificate of %(host)s is for another host."
    )


_CAUSES = {
    Cause.CERTIFICATE: Fault.CERTIFICATE_NOT_TRUSTED,
    Cause.EXPIRED: Fault.CERTIFICATE_EXPIRED,
    Cause.OTHER_HOST: Fault.CERTIFICATE_OF_ANOTHER,
    Cause.TLS: Fault.NO_HTTPS,
    Cause.HOST: Fault.HOST_UNKNOWN,
}


class Connection:
    """One task writes it, every page reads it."""

    def __init__(self, *, between: float = WHILE_BROKEN) -> None:
        self.problem: Problem | None = None
        self._between = between
        self._checked_at = float("-inf")

    async def check(self) -> Problem | None:
        """Request one pending question. A problem that no setting can fix is not reported here."""
        self._checked_at = monotonic()
        self.problem = await _problem(self.problem)
        return self.problem

    def shown(self) -> Problem | None:
        return None if freshness.sync_status.current().state == "live" else self.problem

    def is_due(self) -> bool:
        return monotonic() >= max(self._checked_at + self._between, quiet_until())

    async def keep_checking(self) -> None:
        """Runs until it is cancelled."""
        if settings.EMBEDDED:
            await asyncio.Event().wait()
        while True:
            if freshness.sync_status.current().state == "live":
                self.problem = None
            elif self.is_due():
                before = self.problem
                if await self.check() not in (None, before):
                    log.warning("%s", self.problem)
            await asyncio.sleep(LOOK_EVERY)


connection = Connection()
"""The process's connection."""


async def _problem(before: Problem | None) -> Problem | None:
    try:
        client = await background_client()
    except (DatabaseError, InterfaceError):
        return before
    try:
        async with asyncio.timeout(LONGEST):
            await client.interactions(status="pending", limit=1)
    except TimeoutError:
        return _wrong(Fault.NOT_RESPONDING)
    except RateLimited:
        # It says nothing of the settings.
        return before
    except MobiusError as error:
        return problem_of(error)
    return None


def problem_of(error: MobiusError) -> Problem | None:
    match error:
        case Unauthorized():
            return _wrong(Fault.KEY_REFUSED)
        case Denied():
            return _wrong(Fault.KEY_DENIED if settings.MOBIUS_PROJECT else Fault.KEY_CANNOT_LIST)
        case NotFound():
            return _wrong(_not_found(error))
        case Unreachable():
            return _wrong(_CAUSES.get(error.cause, Fault.NOT_RESPONDING))
        case _:
            return None


def _not_found(error: NotFound) -> Fault:
    if not settings.MOBIUS_PROJECT:
        return Fault.PROJECT_MISSING
    return Fault.PROJECT_UNKNOWN if error.is_of_project else Fault.NOTHING_THERE


def _wrong(kind: Fault) -> Problem:
    base_url, project = settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT
    host = urlsplit(base_url).hostname
    return Problem(kind, {"base_url": base_url, "project": project, "host": host})
