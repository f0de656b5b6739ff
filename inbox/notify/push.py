"""The channel web push: one message to all browsers in which the person has allowed it.

It has the declarative form, which Safari shows by itself; the service worker shows it elsewhere.
"""

import asyncio
import json
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import http_ece
from asgiref.sync import sync_to_async
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from inbox.models import PushBrowser, Reviewer
from inbox.notify import messages, outgoing
from inbox.notify.messages import (
    Message,
    as_read_by,
    lines_of,
    one_for_each_subject,
    subject_of,
    thread_of,
)
from inbox.people import push_browsers

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


class NotSent(messages.NotSent):
    """No browser's push service took it. ``status`` is the last one's answer, if there was one."""

    def __init__(self, status: int | None) -> None:
        said = "" if status is None else f"{status} {_phrase(status)}".strip()
        refused = status is not None and status < 500 and status not in _LATER
        super().__init__(said or "no answer", said=said, refused=refused)


def offered() -> bool:
    return bool(settings.LINKS_LEAD_HERE and settings.PUSH_CONTACT and settings.VAPID_KEY)


def reaches(reviewer: Reviewer) -> bool:
    return push_browsers.allowed(reviewer).exists()


async def send(message: Message) -> None:
    """Raises ``NotSent``. Browsers that no longer exist are removed."""
    text, browsers = await sync_to_async(_prepare)(message)
    statuses = await asyncio.gather(*(_post(one, text, thread_of(message)) for one in browsers))
    gone = [one.pk for one, status in zip(browsers, statuses, strict=True) if status in _GONE]
    await PushBrowser.objects.filter(pk__in=gone).adelete()
    if any(status is not None and status < 300 for status in statuses):
        return
    # An answer that allows another attempt counts before one that doesn't.
    failures = [NotSent(status) for status in statuses] or [NotSent(None)]
    raise max(failures, key=lambda failed: not failed.refused)


def _prepare(message: Message) -> tuple[str, list[PushBrowser]]:
    return text_of(message), list(push_browsers.allowed(message.reviewer))


def text_of(message: Message) -> str:
    with as_read_by(message.reviewer):
        notification = _notification(message)
    return json.dumps({"web_push": DECLARATIVE, "notification": notification}, ensure_ascii=False)


def _notification(message: Message) -> dict[str, Any]:
    """``tag``: a later message about the same question replaces this one. ``data.id`` tells it from
    a repeat of this one.
    """
    rows = one_for_each_subject(message.rows)
    lines = lines_of(rows[:NAMED])
    one = lines[0] if len(rows) == 1 else None
    body = [one.said, one.facts] if one else [line.title for line in lines]
    return {
        "title": subject_of(message, rows)[:TITLE],
        "navigate": one.url if one else f"{settings.PUBLIC_URL}/inbox/",
        "body": "\n".join(filter(None, body))[:BODY],
        "tag": thread_of(message) or message.id,
        "lang": message.reviewer.language or settings.LANGUAGE_CODE,
        "dir": "auto",
        "data": {"id": message.id},
    }


async def _post(browser: PushBrowser, text: str, topic: str) -> int | None:
    """The answer's status; None if there was none."""
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT),
        "Urgency": "high",
        **({"Topic": topic} if topic else {}),
        **_signed(browser.endpoint),
    }
    try:
        reply = await outgoing.post(browser.endpoint, encrypted(browser, text), headers)
    except outgoing.NotPosted:
        return None
    return reply.status


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
