"""Links by email that people ask for: a sign-in link if they have forgotten their password, or one
that proves their new address.

The request of someone who isn't signed in only stores what was typed, so neither its response nor
the time it takes tells whether an account exists. The leader looks the account up, makes the link
and emails it.
"""

import logging
from datetime import datetime, timedelta

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inbox.models import LinkRequest, Reviewer
from inbox.notify import emails, link_mails, mails, wakeup
from inbox.notify.pacing import next_try
from inbox.people import links
from inbox.people.oidc.identity_provider import may_use_password

log = logging.getLogger(__name__)

MOST = 3
"""Links of each kind that an account gets within ``WITHIN``."""
WITHIN = timedelta(hours=1)
"""Also how long an attempt to send one is repeated."""
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


def addresses_offered(user: User) -> bool:
    """With an identity provider, it says which address people have."""
    return emails.offered() and may_use_password(user.get_username())


@transaction.atomic
def ask_to_confirm(reviewer: Reviewer, address: str) -> bool:
    """False if there were too many within an hour; then the address is not stored either."""
    now = timezone.now()
    if _recent(reviewer.user, now).exclude(address="").count() >= MOST:
        return False
    reviewer.new_email = address
    reviewer.save(update_fields=["new_email"])
    LinkRequest.objects.create(user=reviewer.user, address=address, asked_at=now, due_at=now)
    transaction.on_commit(wakeup.wake)
    return True


def refusal_of(reviewer: Reviewer) -> str:
    """What the mail server said of ``new_email``; empty if it took it."""
    rows = LinkRequest.objects.filter(user=reviewer.user_id, address=reviewer.new_email)
    newest = rows.exclude(address="").order_by("-pk").first()
    return newest.refused if newest else ""


async def send_due(now: datetime) -> None:
    if not emails.offered():
        return
    for request, mail in await sync_to_async(_prepare)(now):
        due_at, refused = None, ""
        try:
            await emails.deliver(mail)
        except mails.NotSent as failed:
            log.warning("a link could not be sent: %s", failed)
            refused = failed.said if failed.refused else ""
            due_at = None if failed.refused else next_try(request.tries, now)
        rows = LinkRequest.objects.filter(pk=request.pk)
        await rows.aupdate(due_at=due_at, refused=refused, tries=F("tries") + 1)


def tidy(now: datetime) -> None:
    LinkRequest.objects.filter(asked_at__lte=now - WITHIN).delete()


@transaction.atomic
def _prepare(now: datetime) -> list[tuple[LinkRequest, mails.Mail]]:
    """Each attempt has a new link, since only a hash of the one before is stored."""
    asked = LinkRequest.objects.filter(user=None) if offered() else LinkRequest.objects.none()
    for request in asked[:AT_ONCE]:
        for user in _accounts(request.typed):
            if _recent(user, now).filter(address="").count() < MOST:
                LinkRequest.objects.create(user=user, asked_at=request.asked_at, due_at=now)
        request.delete()
    forgotten = Q(address="")
    # An address that was replaced or discarded meanwhile gets nothing.
    current = ~forgotten & Q(address=F("user__reviewer__new_email"), user__is_active=True)
    if offered():
        current |= forgotten & Q(user__in=_reachable())
    due = LinkRequest.objects.filter(current, due_at__lte=now)
    rows = list(due.select_related("user__reviewer").order_by("due_at")[:AT_ONCE])
    return [(row, _mail(row, row.user.reviewer)) for row in rows if row.user is not None]


def _recent(user: User, now: datetime) -> QuerySet[LinkRequest]:
    return LinkRequest.objects.filter(user=user, asked_at__gt=now - WITHIN)


def _accounts(typed: str) -> QuerySet[User]:
    return _reachable().filter(Q(username=typed) | Q(email__iexact=typed))


def _reachable() -> QuerySet[User]:
    return User.objects.filter(is_active=True, reviewer__isnull=False).exclude(email="")


def _mail(request: LinkRequest, reviewer: Reviewer) -> mails.Mail:
    if request.address:
        return link_mails.address_mail_of(reviewer)
    return link_mails.mail_of(reviewer, links.make_sign_in(reviewer.user), forgotten=True)
