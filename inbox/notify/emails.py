"""The email channel: one message for all of a person's deliveries that are due."""

import asyncio
import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import dateformat, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from inbox.access.account_numbers import without_account_numbers
from inbox.models import Delivery, Group, Interaction, KeptMessage, NotificationEvent, Reviewer
from inbox.notify import mails, off_links, plan
from inbox.notify.off_links import DIGEST
from inbox.people.names import Names, names_of

Kind = NotificationEvent.Kind

MOST_LINES = 20
"""The questions that an email lists; it says how many more there are."""


@dataclass(frozen=True)
class Row:
    delivery: Delivery
    item: Interaction


@dataclass(frozen=True)
class Message:
    """``id`` is the same at each attempt."""

    id: str
    reviewer: Reviewer
    rows: Sequence[Row]
    digest: bool


@dataclass(frozen=True)
class Line:
    """A question in an email. ``said`` is what happened, ``why`` why the person is told."""

    title: str
    said: str
    facts: str
    why: str
    url: str


def offered() -> bool:
    return bool(settings.SENDS_MAIL or settings.KEEPS_MAIL)


async def send(message: Message) -> None:
    """Raises ``NotSent``."""
    await _send(await sync_to_async(written)(message))


async def send_test(reviewer: Reviewer) -> None:
    """Raises ``NotSent``."""
    with _as_read_by(reviewer):
        text = _("Notifications from Reviewer inbox reach you at this address.")
        subject = _("A test from Reviewer inbox")
    address = f"{settings.PUBLIC_URL}/account/notifications/"
    await _send(mails.Mail((reviewer.user.email,), subject, f"{text}\n\n{address}\n"))


async def _send(mail: mails.Mail) -> None:
    if settings.SENDS_MAIL:
        await asyncio.to_thread(mails.send, mail)
    else:
        await sync_to_async(_keep)(mail)


@contextmanager
def _as_read_by(reviewer: Reviewer) -> Iterator[None]:
    """In the person's language and time zone."""
    known = reviewer.language in dict(settings.LANGUAGES)
    language = reviewer.language if known else settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(plan.zone_of(reviewer)):
        yield


def written(message: Message) -> mails.Mail:
    with _as_read_by(message.reviewer):
        return _mail(message)


def _mail(message: Message) -> mails.Mail:
    rows = _one_for_each_question(message.rows)
    lines = _lines(rows[:MOST_LINES])
    kind = DIGEST if message.digest else rows[0].delivery.event.kind
    off = off_links.url(message.reviewer, kind)
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
        subject=_subject(message, rows, lines),
        # A template of plain text, whose values are not for HTML.
        text=html.unescape(render_to_string("mails/notification.txt", facts)),
        html=render_to_string("mails/notification.html", facts),
        headers={
            "Message-ID": f"<{message.id}@{_host()}>",
            "List-Unsubscribe": f"<{off}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            **_thread(message, rows),
        },
    )


def _one_for_each_question(rows: Sequence[Row]) -> list[Row]:
    """The newest event of each, soonest due first."""
    newest = {row.item.pk: row for row in sorted(rows, key=lambda row: row.delivery.event.at)}
    never = datetime.max.replace(tzinfo=timezone.get_default_timezone())
    return sorted(newest.values(), key=lambda row: (row.item.due_at or never, row.item.pk))


def _subject(message: Message, rows: Sequence[Row], lines: Sequence[Line]) -> str:
    if len(rows) == 1 and not message.digest:
        return lines[0].title
    words = ngettext(
        "%(count)d question waits for you", "%(count)d questions wait for you", len(rows)
    )
    return words % {"count": len(rows)}


def _heading(message: Message, rows: Sequence[Row], lines: Sequence[Line]) -> str:
    if len(rows) == 1 and not message.digest:
        return lines[0].said
    return _subject(message, rows, lines)


def _lines(rows: Sequence[Row]) -> list[Line]:
    people = names_of(rows[0].item.upstream, [row.item.asked_by for row in rows])
    targets = {row.item.group_id or row.item.target_id for row in rows}
    found = Group.objects.filter(
        Q(mobius_id__in=targets) | Q(handle__in=targets), upstream=rows[0].item.upstream_id
    )
    groups: dict[str, str] = {}
    for id_, handle, name in found.values_list("mobius_id", "handle", "name"):
        groups |= dict.fromkeys((id_, handle), name or handle)
    return [_line(row, people, groups) for row in rows]


def _line(row: Row, people: Names, groups: dict[str, str]) -> Line:
    item, event = row.item, row.delivery.event
    facts = [people.of(item.asked_by), item.workflow, _deadline(item)]
    return Line(
        title=title_of(item),
        said=said(event.kind, event.actor_name),
        facts=" · ".join(fact for fact in facts if fact),
        why=_why(item, groups),
        url=f"{settings.PUBLIC_URL}{item.get_absolute_url()}",
    )


def title_of(item: Interaction) -> str:
    """Without account numbers, and without any title if ``NOTIFY_TITLES`` is off."""
    if not settings.NOTIFY_TITLES:
        return _("A question for you")
    title = " ".join(item.display_title.split())
    return without_account_numbers(title) if settings.MASK_NUMBERS else title


_SAID = {
    Kind.ASKED: gettext_noop("You are asked"),
    Kind.ASKED_GROUP: gettext_noop("A group of yours is asked"),
    Kind.TO_REVIEW: gettext_noop("An answer is ready for your review"),
    Kind.CHANGES_REQUESTED: gettext_noop("Changes to your answer are requested"),
    Kind.REMINDER: gettext_noop("This question still waits for you"),
    Kind.EXPIRED: gettext_noop("This question expired without an answer"),
    Kind.NUDGED: gettext_noop("%(name)s nudged you"),
    Kind.CLAIM_RELEASED: gettext_noop("A question that %(name)s had claimed is available again"),
    Kind.ANSWERED_BY_OTHER: gettext_noop("Answered"),
}


def said(kind: str, name: str) -> str:
    """What happened; ``name`` is of who caused it."""
    return _(_SAID[Kind(kind)]) % {"name": name}


def _deadline(item: Interaction) -> str:
    if item.due_at is None or not item.is_open:
        return ""
    local = timezone.localtime(item.due_at)
    at = dateformat.format(local, pgettext("date format", "D j M Y, H:i T"))
    words = _("due %(time)s") if item.soft else _("expires %(time)s")
    return words % {"time": at}


def _why(item: Interaction, groups: dict[str, str]) -> str:
    group = groups.get(item.group_id or "") or groups.get(item.target_id)
    if item.target_type == "user" or not group:
        return _("You get this because you are asked by name.")
    return _("You get this because you are in %(group)s.") % {"group": group}


def _thread(message: Message, rows: Sequence[Row]) -> dict[str, str]:
    """All emails about one question refer to the same message, which need not exist."""
    if len(rows) != 1:
        return {}
    item = rows[0].item
    key = f"{item.upstream_id} {item.mobius_id} {message.reviewer.pk}"
    return {"References": f"<{sha256(key.encode()).hexdigest()[:32]}@{_host()}>"}


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
