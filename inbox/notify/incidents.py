"""Telling administrators what they have to fix: once when it begins and once when it ends.

``current`` is what is wrong now, for pages. Notifications and mails are about incidents, which are
stored, so that a restart repeats nothing.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from inbox.audit.log_status import log_verifier
from inbox.audit.problem import Problem
from inbox.mirror import freshness
from inbox.mirror.freshness import Reason
from inbox.models import Incident, Reviewer, Upstream
from inbox.notify import mails, notices

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two looks."""
MAIL_AGAIN_AFTER = 60.0
"""Seconds until a mail that could not be sent is tried again."""
MAIL_WITHIN = timedelta(hours=6)
"""Incidents that began or ended longer ago are no longer mailed."""
Kind = Incident.Kind


class BeganText(StrEnum):
    KEY_REFUSED = gettext_noop(
        "Mobius doesn't accept the service key. Set a valid MOBIUS_API_KEY and restart the inbox."
    )
    PROJECT_UNKNOWN = gettext_noop(
        "Mobius doesn't know this inbox's project. It was deleted or renamed, or MOBIUS_PROJECT is "
        "wrong."
    )
    SYNC_DEAD = gettext_noop("Pages have been out of date for more than five minutes.")
    LOG_BROKEN = gettext_noop(
        "The decision log isn't intact. Keep a copy of the database and run verify_decisions."
    )
    API_CHANGED = gettext_noop(
        "Mobius has another API now, and the inbox uses it. People have to add their member tokens "
        "again. Connection says what else is new."
    )
    TOKEN_OF_ANOTHER = gettext_noop(
        "A member token answered as someone else and was removed. Connection says whose it was."
    )


class EndedText(StrEnum):
    KEY_REFUSED = gettext_noop("Mobius accepts the service key again.")
    PROJECT_UNKNOWN = gettext_noop("Mobius knows this inbox's project again.")
    SYNC_DEAD = gettext_noop("Pages are up to date again.")
    LOG_BROKEN = gettext_noop("The decision log is intact again.")


ENDED = "over"
"""The ``reason`` of a notification that says so."""


def sentence(kind: str, *, ended: bool = False) -> Problem:
    return Problem((EndedText if ended else BeganText)[Kind(kind).name])


def current() -> list[Kind]:
    return [kind for kind, wrong in _states().items() if wrong]


def _states() -> dict[Kind, bool | None]:
    """None if it is unknown."""
    fresh, reason = freshness.current(), freshness.sync_status.facts.reason
    unless_live = False if fresh.state == "live" else None
    explained = fresh.key_refused or reason is Reason.PROJECT_UNKNOWN or not fresh.database
    verified = log_verifier.last is not None and log_verifier.last.verdict.intact
    return {
        Kind.KEY_REFUSED: fresh.key_refused or unless_live,
        Kind.PROJECT_UNKNOWN: reason is Reason.PROJECT_UNKNOWN or unless_live,
        Kind.SYNC_DEAD: (fresh.dead and not explained) or unless_live,
        Kind.LOG_BROKEN: log_verifier.problem is not None or (False if verified else None),
    }


async def run() -> None:
    mail_at = 0.0
    while True:
        await sync_to_async(record)()
        if monotonic() >= mail_at and not await mail():
            mail_at = monotonic() + MAIL_AGAIN_AFTER
        await asyncio.sleep(EVERY)


def record() -> None:
    upstream, now = Upstream.current(), timezone.now()
    _record_change(upstream)
    open_ones = {row.kind: row for row in Incident.objects.filter(upstream=upstream, ended_at=None)}
    for kind, wrong in _states().items():
        row = open_ones.get(kind)
        if wrong and row is None:
            _store(Incident(upstream=upstream, kind=kind, began_at=now))
        elif wrong is False and row is not None:
            row.ended_at = now
            _store(row)


def _record_change(upstream: Upstream) -> None:
    """It has no end that anyone would have to be told of."""
    at = upstream.chosen_at
    if at is None or upstream.former is None:
        return
    told = Incident.objects.filter(upstream=upstream, kind=Kind.API_CHANGED, began_at=at)
    if not told.exists():
        happened(upstream, Kind.API_CHANGED, at)


def happened(upstream: Upstream, kind: Kind, at: datetime) -> None:
    """Something that has no end."""
    _store(Incident(upstream=upstream, kind=kind, began_at=at, ended_at=at, ended_mailed_at=at))


@transaction.atomic
def _store(incident: Incident) -> None:
    incident.save()
    ended = incident.ended_at not in (None, incident.began_at)
    administrators = Reviewer.objects.filter(user__is_active=True, user__is_superuser=True)
    for reviewer in administrators:
        notices.notify(
            reviewer,
            incident.kind,
            upstream_id=incident.upstream_id,
            sender_name="Mobius",
            reason=ENDED if ended else "",
            at=incident.ended_at or incident.began_at,
        )
    log.warning("administrators were notified: %s", sentence(incident.kind, ended=ended))


@dataclass(frozen=True)
class IncidentMail:
    incident: Incident
    field: str
    mail: mails.Mail


async def mail() -> bool:
    """False if a mail could not be sent.

    If the process ends between sending and storing that, the mail is sent once more.
    """
    if not settings.ADMIN_EMAIL:
        return True
    for due in await sync_to_async(_due)():
        try:
            await asyncio.to_thread(mails.send, due.mail)
        except mails.NotSent as error:
            log.warning("the email to ADMIN_EMAIL could not be sent: %s", error)
            return False
        rows = Incident.objects.filter(pk=due.incident.pk)
        await rows.aupdate(**{due.field: timezone.now()})
    return True


def _due() -> list[IncidentMail]:
    since = timezone.now() - MAIL_WITHIN
    began = Q(began_mailed_at=None, began_at__gte=since)
    ended = Q(ended_mailed_at=None, ended_at__gte=since)
    rows = Incident.objects.filter(began | ended, upstream=Upstream.current()).order_by("pk")
    found = []
    for row in rows:
        if row.began_mailed_at is None and row.began_at >= since:
            found.append(_mail(row, ended=False))
        if row.ended_at is not None and row.ended_mailed_at is None:
            found.append(_mail(row, ended=True))
    return found


def _mail(incident: Incident, *, ended: bool) -> IncidentMail:
    said = str(sentence(incident.kind, ended=ended))
    happened = incident.ended_at == incident.began_at
    times = f"It {'happened' if happened else 'began'} at {_time(incident.began_at)}."
    if ended and incident.ended_at is not None:
        times = f"It began at {_time(incident.began_at)} and ended at {_time(incident.ended_at)}."
    return IncidentMail(
        incident,
        "ended_mailed_at" if ended else "began_mailed_at",
        mails.Mail(
            to=tuple(settings.ADMIN_EMAIL),
            subject=f"Reviewer inbox: {said.partition('. ')[0].removesuffix('.')}",
            text=f"{said}\n{times}\n\n{settings.PUBLIC_URL}/connection/\n",
        ),
    )


def _time(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M} ({settings.TIME_ZONE})"
