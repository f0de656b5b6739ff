"""Whether Mobius can be reached with the settings as they are.

A wrong key, project, host or certificate is one sentence that names the setting: printed at the
start, shown to administrators, and gone by itself once Mobius answers.
"""

import asyncio
import logging
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings

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
from inbox.people.clients import service_client

log = logging.getLogger(__name__)

LONGEST = 6.0
"""Seconds that a check may take."""
WHILE_BROKEN = 30.0
"""Seconds between two checks while there is a problem."""
LOOK_EVERY = 5.0
"""Seconds between two looks at whether the sync is well, which cost no request."""


class Connection:
    """What the last check found. Written by one owner, read by every page."""

    def __init__(self, *, between: float = WHILE_BROKEN) -> None:
        self.problem = ""
        self._between = between
        self._checked_at = float("-inf")

    async def check(self) -> str:
        """Ask for one pending question; the sentence about what is wrong, empty where nothing is.

        What no setting can put right is not a problem of the connection: the page says it.
        """
        self._checked_at = monotonic()
        self.problem = await _problem(self.problem)
        return self.problem

    def shown(self) -> str:
        """What pages say: the problem, until the sync gets through."""
        return "" if freshness.sync_status.present().state == "live" else self.problem

    def is_due(self) -> bool:
        """The next check may be made: the last is long ago, and Mobius has not asked to wait."""
        return monotonic() >= max(self._checked_at + self._between, service_client().quiet_until)

    async def keep_checking(self) -> None:
        """While the sync is not live, check now and then. Endless, until it is cancelled."""
        if settings.EMBEDDED:
            await asyncio.Event().wait()
        while True:
            if freshness.sync_status.present().state == "live":
                self.problem = ""
            elif self.is_due():
                before = self.problem
                if await self.check() not in ("", before):
                    log.warning(self.problem)
            await asyncio.sleep(LOOK_EVERY)


connection = Connection()
"""That of this process."""


async def _problem(before: str) -> str:
    try:
        async with asyncio.timeout(LONGEST):
            await service_client().interactions(status="pending", limit=1)
    except TimeoutError:
        return _unreachable(Cause.UNKNOWN)
    except RateLimited:
        # It says nothing of the settings.
        return before
    except MobiusError as error:
        return sentence(error)
    return ""


def sentence(error: MobiusError) -> str:
    """What names the setting that is wrong; empty where no setting is."""
    base, project = settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT
    said = ""
    match error:
        case Unauthorized():
            said = f"MOBIUS_API_KEY: Mobius at {base} refuses this key."
        case Denied():
            said = f"MOBIUS_API_KEY: this key can't read the project {project} at {base}."
        case NotFound() if error.is_of_project:
            said = f"MOBIUS_PROJECT: Mobius at {base} doesn't know the project {project}."
        case NotFound():
            said = f"MOBIUS_BASE_URL or MOBIUS_PROJECT: {base} has nothing for project {project}."
        case Unreachable():
            said = _unreachable(error.cause)
    return said


def _unreachable(cause: Cause) -> str:
    host = urlsplit(settings.MOBIUS_BASE_URL).hostname
    said = {
        Cause.CERTIFICATE: f"this machine doesn't trust the certificate of {host}. "
        "Set SSL_CERT_FILE to a file with the certificate of the authority that issued it.",
        Cause.EXPIRED: f"the certificate of {host} has expired.",
        Cause.OTHER_HOST: f"the certificate of {host} is for another host.",
        Cause.TLS: f"{host} doesn't use HTTPS at that address. Did you mean http://?",
        Cause.HOST: f"the host {host} can't be found.",
    }
    return "MOBIUS_BASE_URL: " + said.get(cause, f"{settings.MOBIUS_BASE_URL} isn't responding.")
