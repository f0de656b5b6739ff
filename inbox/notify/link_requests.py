"""Sign-in links by email for people who have forgotten their password.

A request only stores what was typed, so neither its response nor the time it takes tells whether an
account exists. The leader looks the account up, makes the link and emails it.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inbox.models import LinkRequest, Reviewer
from inbox.notify import link_mails, mails, wakeup
from inbox.notify.pacing import next_try
from inbox.people import links

log = logging.getLogger(__name__)

MOST = 3
"""Links that an account gets within ``WITHIN``, which is also how long one is tried to be sent."""
WITHIN = timedelta(hours=1)
AT_ONCE = 20


def offered() -> bool:
    """With an identity provider, people have no password here."""
    return settings.SENDS_MAIL and settings.OIDC is None


@transaction.atomic
def ask(typed: str) -> None:
    """``typed``: a username or an email address."""
    now = timezone.now()
    LinkRequest.objects.create(typed=typed, asked_at=now, due_at=now)
    transaction.on_commit(wakeup.wake)


async def send_due(now: datetime) -> None:
    if not offered():
        return
    for request, mail in await sync_to_async(_prepare)(now):
        try:
            await asyncio.to_thread(mails.send, mail)
        except mails.NotSent as failed:
            log.warning("a sign-in link could not be sent: %s", failed)
            due_at = None if failed.refused else next_try(request.tries, now)
        else:
            due_at = None
        rows = LinkRequest.objects.filter(pk=request.pk)
        await rows.aupdate(due_at=due_at, tries=F("tries") + 1)


def tidy(now: datetime) -> None:
    LinkRequest.objects.filter(asked_at__lte=now - WITHIN).delete()


@transaction.atomic
def _prepare(now: datetime) -> list[tuple[LinkRequest, mails.Mail]]:
    """Each attempt has a new link, since only a hash of the one before is stored."""
    for request in LinkRequest.objects.filter(user=None)[:AT_ONCE]:
        for user in _accounts(request.typed):
            recent = LinkRequest.objects.filter(user=user, asked_at__gt=now - WITHIN)
            if recent.count() < MOST:
                LinkRequest.objects.create(user=user, asked_at=request.asked_at, due_at=now)
        request.delete()
    due = LinkRequest.objects.filter(user__in=_reachable(), due_at__lte=now)
    rows = list(due.select_related("user__reviewer").order_by("due_at")[:AT_ONCE])
    return [(row, _mail(row.user.reviewer)) for row in rows if row.user is not None]


def _accounts(typed: str) -> QuerySet[User]:
    return _reachable().filter(Q(username=typed) | Q(email__iexact=typed))


def _reachable() -> QuerySet[User]:
    return User.objects.filter(is_active=True, reviewer__isnull=False).exclude(email="")


def _mail(reviewer: Reviewer) -> mails.Mail:
    return link_mails.mail_of(reviewer, links.make_sign_in(reviewer.user), forgotten=True)
