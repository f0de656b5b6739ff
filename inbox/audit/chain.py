"""How entries of the decision log are hashed and its head is sealed. No database.

``docs/decision-log.md`` describes the same for people who check an export without this app.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from inbox.models import Decision, DecisionHead
from inbox.models.canonical import canonical

VERSION = 4
_FIRST = (
    "number",
    "version",
    "at",
    "entered_at",
    "verb",
    "observed",
    "actor",
    "account",
    "address",
    "credential_kind",
    "base_url",
    "project",
    "interaction_id",
    "run_id",
    "group_id",
    "workflow",
    "title",
    "operation_id",
    "value",
    "comment",
    "shown",
)
FIELDS = {
    1: _FIRST,
    2: (*_FIRST, "http_status"),
    3: (*_FIRST, "http_status", "decided_at", "sent_at"),
    4: (*_FIRST, "http_status", "decided_at", "sent_at", "answers", "round"),
}
"""The fields that are hashed, by the version of the entry. A version never changes; a change adds a
new one.
"""
NOTHING = "0" * 64

_PURPOSE = b"reviewer inbox: head of the decision log"


class UnknownVersion(ValueError):
    pass


def fields_of(entry: Decision) -> dict[str, Any]:
    """Raises ``UnknownVersion``."""
    names = FIELDS.get(entry.version)
    if names is None:
        raise UnknownVersion(f"version {entry.version}")
    return {name: _plain(getattr(entry, name)) for name in names}


def text_of(entry: Decision) -> str:
    """The canonical JSON that is hashed. Raises ``UnknownVersion``."""
    return canonical(fields_of(entry))


def hash_of(previous: str, text: str) -> str:
    return hashlib.sha256(f"{previous}{text}".encode("ascii")).hexdigest()


def head_fields(head: DecisionHead) -> dict[str, Any]:
    return {
        "number": head.number,
        "entries": head.number,
        "hash": head.hash,
        "unsealed_from": head.unsealed_from,
        "mac": head.mac,
    }


@sensitive_variables()
def seal(head: DecisionHead) -> str:
    """The head's HMAC under the newest key. Raises ImproperlyConfigured without one."""
    keys = _keys()
    if not keys:
        raise ImproperlyConfigured("CREDENTIAL_KEYS is empty: the decision log cannot be sealed")
    return _mac(keys[0], head)


@sensitive_variables()
def sealed(head: DecisionHead) -> bool:
    return any(hmac.compare_digest(_mac(key, head), head.mac) for key in _keys())


@sensitive_variables()
def _mac(key: bytes, head: DecisionHead) -> str:
    fields = canonical([head.number, head.hash, head.unsealed_from])
    return hmac.new(key, fields.encode(), hashlib.sha256).hexdigest()


@sensitive_variables()
def _keys() -> list[bytes]:
    """Derived from ``CREDENTIAL_KEYS``, which themselves only seal tokens."""
    return [
        hmac.digest(base64.urlsafe_b64decode(key), _PURPOSE, "sha256")
        for key in settings.CREDENTIAL_KEYS
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value
