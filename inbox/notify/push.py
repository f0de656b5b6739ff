"""The channel web push: one message to all browsers in which the person has allowed it.

It has the declarative form, which Safari shows by itself; the service worker shows it elsewhere.
"""

import asyncio
import json
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import http_ece
from asgiref.sync import sync_to_async
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from inbox.models import Interaction, NotificationEvent, PushBrowser, Reviewer
from inbox.notify import messages, outgoing
from inbox.notify.messages import (
    Message,
    Row,
    as_read_by,
    lines_of,
    one_for_each_subject,
    subject_of,
    thread_of,
)
from inbox.notify.outgoing import Reply
from inbox.people import push_browsers

Kind = NotificationEvent.Kind

DECLARATIVE = 8030
KEPT = 24 * 60 * 60
"""Seconds for which the push service keeps a message for a browser that is closed."""
SIGNED_FOR = 12 * 60 * 60
TITLE, BODY = 200, 500
"""The most characters; a push service takes 4096 bytes, and encrypting adds about 100."""
NAMED = 3
"""Questions that a message about several names."""

_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


_ANSWERABLE = (
    Kind.ASKED,
    Kind.ASKED_GROUP,
    Kind.CHANGES_REQUESTED,
    Kind.REMINDER,
    Kind.NUDGED,
    Kind.CLAIM_RELEASED,
)
"""Events after which the person may answer."""


class NotSent(messages.NotSent):
    """No browser's push service took it. ``reply`` is the last one's, if there was one."""

    def __init__(self, reply: Reply | None) -> None:
        if reply is None:
            super().__init__("no answer", said="", refused=False)
            return
        super().__init__(
            said := f"{reply.status} {_phrase(reply.status)}".strip(),
            said=said,
            refused=reply.status < 500 and reply.status not in _LATER,
            retry_after=reply.retry_after or timedelta(),
        )


def offered() -> bool:
    return bool(settings.LINKS_LEAD_HERE and settings.PUSH_CONTACT and settings.VAPID_KEY)


def reaches(reviewer: Reviewer) -> bool:
    return push_browsers.allowed(reviewer).exists()


async def send(message: Message) -> None:
    """Raises ``NotSent``. Browsers that no longer exist are removed."""
    text = await sync_to_async(text_of)(message)
    await _send_to_all(message.reviewer, text, topic=thread_of(message))


async def send_test(reviewer: Reviewer) -> None:
    """Raises ``NotSent``. Browsers that no longer exist are removed."""
    with as_read_by(reviewer):
        notification = {
            "title": _("A test from Reviewer inbox"),
            "navigate": f"{settings.PUBLIC_URL}{reverse('notification-settings')}",
            "body": _("Notifications from Reviewer inbox reach you in this browser."),
            "tag": "test",
            "lang": _language(reviewer),
            "data": {"id": uuid4().hex},
        }
    await _send_to_all(reviewer, _declarative(notification))


async def _send_to_all(reviewer: Reviewer, text: str, *, topic: str = "") -> None:
    browsers = [browser async for browser in push_browsers.allowed(reviewer)]
    replies = await asyncio.gather(*(_post(browser, text, topic) for browser in browsers))
    answered = [(one.pk, reply) for one, reply in zip(browsers, replies, strict=True) if reply]
    gone = [pk for pk, reply in answered if reply.status in _GONE]
    await PushBrowser.objects.filter(pk__in=gone).adelete()
    if any(reply.ok for _pk, reply in answered):
        return
    # An answer that allows another attempt counts before one that doesn't.
    failures = [NotSent(reply) for reply in replies] or [NotSent(None)]
    raise max(failures, key=lambda failed: not failed.refused)


def text_of(message: Message) -> str:
    with as_read_by(message.reviewer):
        return _declarative(_notification(message))


def _declarative(notification: dict[str, Any]) -> str:
    return json.dumps({"web_push": DECLARATIVE, "notification": notification}, ensure_ascii=False)


def _language(reviewer: Reviewer) -> str:
    return reviewer.language or settings.LANGUAGE_CODE


def _notification(message: Message) -> dict[str, Any]:
    """``tag``: a later message about the same question replaces this one. ``data.id`` tells it from
    a repeat of this one. ``actions`` open the confirm step or the settings; they
    change nothing.
    """
    rows = one_for_each_subject(message.rows)
    lines = lines_of(rows[:NAMED])
    one = lines[0] if len(rows) == 1 else None
    body = [one.said, one.facts, one.why] if one else [line.title for line in lines]
    return {
        "title": subject_of(message, rows)[:TITLE],
        "navigate": one.url if one else f"{settings.PUBLIC_URL}/inbox/",
        "body": "\n".join(filter(None, body))[:BODY],
        "tag": thread_of(message) or message.id,
        "lang": _language(message.reviewer),
        "dir": "auto",
        "actions": [*(_answers(rows[0], one.url) if one else []), _mute(rows[0])],
        "data": {"id": message.id},
    }


def _mute(row: Row) -> dict[str, str]:
    """Leads to the page; browsers that show two buttons may leave it out."""
    page = f"{settings.PUBLIC_URL}{reverse('notification-settings')}"
    return {
        "action": "mute",
        "title": _("Mute"),
        "navigate": f"{page}?reason={row.event.kind}#mute-title",
    }


def _answers(row: Row, url: str) -> list[dict[str, str]]:
    """A rejection that needs a reason has none: there is nothing to confirm yet."""
    item = row.subject
    if not isinstance(item, Interaction) or row.event.kind not in _ANSWERABLE:
        return []
    if not item.pending or item.in_review or not item.is_approval:
        return []
    actions = [{"action": "approve", "title": _("Approve"), "navigate": f"{url}?confirm=true"}]
    if not item.needs_reason_to_reject:
        actions.append(
            {"action": "reject", "title": _("Reject"), "navigate": f"{url}?confirm=false"}
        )
    return actions


async def _post(browser: PushBrowser, text: str, topic: str) -> Reply | None:
    """None if there was none."""
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT),
        "Urgency": "high",
        **({"Topic": topic} if topic else {}),
        **_signed(browser.endpoint),
    }
    try:
        return await outgoing.post(browser.endpoint, encrypted(browser, text), headers)
    except outgoing.NotPosted:
        return None


def encrypted(browser: PushBrowser, text: str) -> bytes:
    """As RFC 8291 has it."""
    return http_ece.encrypt(
        text.encode(),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=push_browsers.decoded(browser.p256dh),
        auth_secret=push_browsers.decoded(browser.auth),
        version="aes128gcm",
    )


def _signed(endpoint: str) -> dict[str, str]:
    """The header by which the push service knows this installation (RFC 8292)."""
    to = urlsplit(endpoint)
    claims = {
        "aud": f"{to.scheme}://{to.netloc}",
        "exp": int(time.time()) + SIGNED_FOR,
        "sub": settings.PUSH_CONTACT,
    }
    key = push_browsers.vapid()
    # Its own check refuses an address with a port.
    key.conf = {"no-strict": True}
    return key.sign(claims)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else ""
