"""What a group channel is sent: one payload for each kind of receiver.

Text that comes from a question can't mention anyone or make a link: a chat would read it as markup.
"""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from django.utils.translation import gettext as _

from inbox.models import GroupChannel

Kind = GroupChannel.Kind

MOST_LISTED = 10
_PREFIX = "whsec_"
_MARKUP = re.compile(r"([<@\]])")


@dataclass(frozen=True)
class Line:
    """A question. ``title`` is a neutral one if the channel gets none."""

    id: str
    title: str
    facts: str
    url: str
    workflow: str
    due_at: datetime | None


@dataclass(frozen=True)
class Payload:
    """``heading`` says what waits, ``lines`` the first ``MOST_LISTED`` of ``count`` questions."""

    heading: str
    lines: Sequence[Line]
    count: int
    inbox: str

    @property
    def url(self) -> str:
        return self.lines[0].url if self.count == 1 else self.inbox


def body(kind: str, payload: Payload, *, titles: bool, at: datetime) -> bytes:
    match Kind(kind):
        case Kind.SLACK:
            said: Any = _slack(payload)
        case Kind.TEAMS:
            said = _teams(payload)
        case Kind.GOOGLE_CHAT:
            said = _google_chat(payload)
        case Kind.MATTERMOST:
            said = _mattermost(payload)
        case Kind.WEBHOOK:
            said = _webhook(payload, titles=titles, at=at)
    return json.dumps(said, ensure_ascii=False).encode()


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """As Standard Webhooks has them: 24 to 64 bytes in base64 after ``whsec_``."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(_PREFIX) and 24 <= len(key) <= 64


def signed(message: str, content: bytes, keys: Sequence[str], at: datetime) -> Mapping[str, str]:
    """Headers of Standard Webhooks, with a signature by each of the secrets."""
    seconds = str(int(at.timestamp()))
    text = f"{message}.{seconds}.".encode() + content
    signatures = []
    for key in keys:
        digest = hmac.digest(base64.b64decode(key.removeprefix(_PREFIX)), text, "sha256")
        signatures.append(f"v1,{base64.b64encode(digest).decode()}")
    return {
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signatures),
    }


def _slack(payload: Payload) -> dict[str, Any]:
    def link(url: str, text: str) -> str:
        return f"<{url}|{escape(text, quote=False).replace('|', '∣')}>"

    return {"text": _text(payload, link, lambda text: escape(text, quote=False))}


def _google_chat(payload: Payload) -> dict[str, Any]:
    return {"text": _text(payload, lambda url, text: f"{_inert(text)}: {url}", _inert)}


def _mattermost(payload: Payload) -> dict[str, Any]:
    return {"text": _text(payload, lambda url, text: f"[{_inert(text)}]({url})", _inert)}


def _teams(payload: Payload) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": _inert(payload.heading),
            "weight": "bolder",
            "size": "medium",
            "wrap": True,
        }
    ]
    for line in payload.lines:
        link = f"[{_inert(line.title)}]({line.url})"
        rows.append({"type": "TextBlock", "text": link, "wrap": True})
        if line.facts:
            small = {"isSubtle": True, "size": "small", "spacing": "none", "wrap": True}
            rows.append({"type": "TextBlock", "text": _inert(line.facts), **small})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": rows,
        "actions": [{"type": "Action.OpenUrl", "title": _("Open"), "url": payload.url}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _webhook(payload: Payload, *, titles: bool, at: datetime) -> dict[str, Any]:
    questions = []
    for line in payload.lines:
        due = line.due_at.isoformat() if line.due_at else None
        said = {"id": line.id, "url": line.url, "workflow": line.workflow, "due_at": due}
        questions.append(said | ({"title": line.title} if titles else {}))
    data = {"text": payload.heading, "count": payload.count, "questions": questions}
    return {"type": "questions.asked", "timestamp": at.isoformat(), "data": data}


def _text(payload: Payload, link: Any, inert: Any) -> str:
    rows = [inert(payload.heading)]
    for line in payload.lines:
        rows.append(f"• {link(line.url, line.title)}")
        if line.facts:
            rows.append(f"   {inert(line.facts)}")
    if payload.count > len(payload.lines):
        rows.append(link(payload.inbox, _("All questions")))
    return "\n".join(rows)


def _inert(text: str) -> str:
    """With a character of no width after those that begin a mention or a link."""
    return _MARKUP.sub("\\1\N{ZERO WIDTH SPACE}", text)
