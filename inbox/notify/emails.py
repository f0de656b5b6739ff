"""The email channel: one message for all of a person's deliveries that are due."""

import asyncio
import html
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.models import KeptMessage, Reviewer
from inbox.notify import mails, off_links
from inbox.notify.messages import (
    Line,
    Message,
    Row,
    as_read_by,
    lines_of,
    one_for_each_subject,
    subject_of,
    thread_of,
)
from inbox.notify.off_links import DIGEST

MOST_LINES = 20
"""The questions that an email lists; it says how many more there are."""


def offered() -> bool:
    return settings.LINKS_LEAD_HERE and (settings.SENDS_MAIL or settings.KEEPS_MAIL)


def reaches(reviewer: Reviewer) -> bool:
    return bool(reviewer.user.email)


async def send(message: Message) -> None:
    """Raises ``NotSent``."""
    await deliver(await sync_to_async(written)(message))


async def send_test(reviewer: Reviewer) -> None:
    """Raises ``NotSent``."""
    with as_read_by(reviewer):
        text = _("Notifications from Reviewer inbox reach you at this address.")
        subject = _("A test from Reviewer inbox")
    address = f"{settings.PUBLIC_URL}/account/notifications/"
    await deliver(mails.Mail((reviewer.user.email,), subject, f"{text}\n\n{address}\n"))


async def deliver(mail: mails.Mail) -> None:
    """Raises ``NotSent``. Without a mail server, the demo keeps it."""
    if settings.SENDS_MAIL:
        await asyncio.to_thread(mails.send, mail)
    else:
        await sync_to_async(_keep)(mail)


def written(message: Message) -> mails.Mail:
    with as_read_by(message.reviewer):
        return _mail(message)


def _mail(message: Message) -> mails.Mail:
    rows = one_for_each_subject(message.rows)
    lines = lines_of(rows[:MOST_LINES])
    kind = DIGEST if message.digest else rows[0].event.kind
    off = off_links.url(message.reviewer, kind)
    thread = thread_of(message)
    facts = {
        "name": message.reviewer.name,
        "lines": lines,
        "more": len(rows) - len(lines),
        "heading": _heading(message, rows, lines),
        "digest": message.digest,
        "off": off,
        "settings": f"{settings.PUBLIC_URL}/account/notifications/?reason={kind}",
        "inbox": f"{settings.PUBLIC_URL}/",
    }
    return mails.Mail(
        to=(message.reviewer.user.email,),
        subject=subject_of(message, rows),
        # A template of plain text, whose values are not for HTML.
        text=html.unescape(render_to_string("mails/notification.txt", facts)),
        html=render_to_string("mails/notification.html", facts),
        headers={
            "Message-ID": f"<{message.id}@{_host()}>",
            "List-Unsubscribe": f"<{off}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            # All emails about one question refer to the same message, which need not exist.
            **({"References": f"<{thread}@{_host()}>"} if thread else {}),
        },
    )


def _heading(message: Message, rows: Sequence[Row], lines: Sequence[Line]) -> str:
    if len(rows) == 1 and not message.digest:
        return lines[0].said
    return subject_of(message, rows)


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _keep(mail: mails.Mail) -> None:
    KeptMessage.objects.create(
        to=", ".join(mail.to),
        subject=mail.subject[:500],
        text=mail.text,
        html=mail.html,
        at=timezone.now(),
    )
    newest = KeptMessage.objects.order_by("-pk").values_list("pk", flat=True)
    oldest: Any = list(newest[KeptMessage.NEWEST - 1 : KeptMessage.NEWEST])
    if oldest:
        KeptMessage.objects.filter(pk__lt=oldest[0]).delete()
