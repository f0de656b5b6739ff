"""Masking values, and hiding others' answers.

Every page that shows answers or values sent by a workflow uses it.
"""

import copy
import hmac
import re
import secrets
from enum import IntEnum
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from inbox import access
from inbox.access import NotTheirs, Viewer
from inbox.access.account_numbers import MASK, is_account_number
from inbox.lib import exact
from inbox.models import Decision, Event, Interaction, Upstream
from inbox.models.decision import RESPOND, UNCONFIRMED

HIDDEN = "hidden"
"""Key that marks a response or an event whose answer was removed."""

Path = tuple[str | int, ...]
"""The keys and indexes from a JSON value to one inside it."""

_ALWAYS_SECRET = ("password", "passwd", "passphrase", "secret", "credential")
_TEXT_SECRET = ("token", "api key", "access key", "private key", "authorization", "cookie")

_FROM_OUTSIDE = ("context", "details", "responses", "value", "raw")
"""The fields of a question whose keys a workflow or another client has chosen."""

_AS_CONTEXT = ("context", "details")
"""The fields that are masked as a context is."""

_RAW_AS_CONTEXT = (
    *("context", "subject", "references", "properties", "tags"),
    *("review_feedback", "lifecycle", "cancel_reason"),
)

_WORD = re.compile(r"[^\W\d_]+")

_KEY = secrets.token_bytes(32)


class Masked(str):
    """Equal secrets have the same ``digest``, as long as this process runs; it is for comparing."""

    path: Path
    digest: bytes

    @classmethod
    def of(cls, secret: Any, path: Path) -> "Masked":
        mask = cls(MASK)
        mask.path = path
        mask.digest = hmac.digest(_KEY, exact.dumps(secret).encode(), "sha256")
        return mask


class NotMasked(NotTheirs):
    """No value is masked there, or not for this person."""


class _Secrecy(IntEnum):
    """Account numbers are text, see ``is_account_number``. Everything includes numbers and
    booleans.
    """

    NOTHING = 0
    ACCOUNT_NUMBERS = 1
    TEXT = 2
    EVERYTHING = 3


def masked_context(context: Any, path: Path = ("context",)) -> Any:
    """Card and bank account numbers are masked too, unless ``MASK_NUMBERS`` is off."""
    numbers = _Secrecy.ACCOUNT_NUMBERS if settings.MASK_NUMBERS else _Secrecy.NOTHING
    return _masked(context, path, numbers)


def masked(value: Any, path: Path = ()) -> Any:
    """A copy with ``Masked`` in place of what is secret; see ``docs/context.md``.

    A key decides, and everything under it; keys themselves, and text, are never masked. ``path`` is
    where ``value`` itself is.
    """
    return _masked(value, path, _Secrecy.NOTHING)


def _masked(value: Any, path: Path, secrecy: _Secrecy) -> Any:
    """Iterative, since upstream decides how deep a value is."""
    root = [value]
    added = tuple(settings.MASKED_KEYS)
    todo: list[tuple[Any, Any, Path, _Secrecy]] = [(root, 0, path, secrecy)]
    while todo:
        holder, place, at, secrecy = todo.pop()
        found = holder[place]
        if isinstance(found, dict):
            holder[place] = inner = dict(found)
            for key, part in inner.items():
                is_id = secrecy is _Secrecy.ACCOUNT_NUMBERS and _names_an_id(key)
                inherited = _Secrecy.NOTHING if is_id else secrecy
                below = max(inherited, _secrecy_of(key, added))
                if below or isinstance(part, dict | list):
                    todo.append((inner, key, (*at, key), below))
        elif isinstance(found, list):
            holder[place] = items = list(found)
            for index, part in enumerate(items):
                if secrecy or isinstance(part, dict | list):
                    todo.append((items, index, (*at, index), secrecy))
        elif _is_secret(found, secrecy):
            holder[place] = Masked.of(found, at)
    return root[0]


def pointer(path: Path) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def secret_at(fields: dict[str, Any], path: str) -> Any:
    """``path`` is a JSON Pointer. Raises ``NotMasked``."""
    value: Any = fields
    seen = masked(fields)
    for name in fields.keys() & set(_AS_CONTEXT):
        seen[name] = masked_context(fields[name], (name,))
    start, *parts = path.split("/")
    if start:
        raise NotMasked(path)
    for part in parts:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value, seen = value[key], seen[key]
        elif isinstance(value, list) and key in map(str, range(len(value))):
            value, seen = value[int(key)], seen[int(key)]
        else:
            raise NotMasked(path)
    if not isinstance(seen, Masked):
        raise NotMasked(path)
    return value


def key_words(key: str) -> tuple[str, ...]:
    """In lower case, split at anything but letters and within camelCase."""
    letters = zip(" " + key, key, key[1:] + " ", strict=False)
    spaced = (
        f" {letter}" if _begins_word(before, letter, after) else letter
        for before, letter, after in letters
    )
    return tuple(_WORD.findall("".join(spaced).lower()))


def _begins_word(before: str, letter: str, after: str) -> bool:
    """The *K* of ``apiKey`` and ``APIKey`` does."""
    return letter.isupper() and (not before.isupper() or after.islower())


def _is_secret(value: Any, secrecy: _Secrecy) -> bool:
    if value is None or value == "":
        return False
    if secrecy is _Secrecy.ACCOUNT_NUMBERS:
        return isinstance(value, str) and is_account_number(value)
    return secrecy > (_Secrecy.NOTHING if isinstance(value, str) else _Secrecy.TEXT)


@lru_cache(maxsize=4096)
def _names_an_id(key: str) -> bool:
    """An ID may look like the number of a card."""
    return key_words(key)[-1:] in (("id",), ("ids",))


@lru_cache(maxsize=4096)
def _secrecy_of(key: str, added: tuple[str, ...]) -> _Secrecy:
    # Also in lower case, so that "passWord" and "apikey" are found.
    spellings = (key_words(key), key_words(key.lower()))
    if any(_has(words, name) for words in spellings for name in (*_ALWAYS_SECRET, *added)):
        return _Secrecy.EVERYTHING
    if any(_has(words, name) for words in spellings for name in _TEXT_SECRET):
        return _Secrecy.TEXT
    return _Secrecy.NOTHING


def _has(words: tuple[str, ...], name: str) -> bool:
    """They are adjacent or written as one, in the singular or with an *s*."""
    wanted = key_words(name)
    return _has_run(words, wanted) or _has_run(words, ("".join(wanted),))


def _has_run(words: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    endings = (wanted, (*wanted[:-1], f"{wanted[-1]}s"))
    return any(words[start : start + size] in endings for start in range(len(words) - size + 1))


def seen_by(viewer: Viewer, item: Interaction) -> Interaction:
    """A copy with secrets masked, and without others' answers while these are hidden.

    It still has who has answered and when. It must not be saved.
    """
    seen = _without_hidden_answers(viewer, item)
    for name in _FROM_OUTSIDE:
        if name not in seen.get_deferred_fields():
            mask = masked_context if name in _AS_CONTEXT else masked
            setattr(seen, name, mask(getattr(seen, name), (name,)))
    if "raw" not in seen.get_deferred_fields():
        for name in seen.raw.keys() & set(_RAW_AS_CONTEXT):
            seen.raw[name] = masked_context(seen.raw[name], ("raw", name))
    return seen


def unmasked(viewer: Viewer, item: Interaction) -> dict[str, Any]:
    seen = _without_hidden_answers(viewer, item)
    return {"context": seen.context, "details": seen.details, "responses": seen.responses}


def events_seen_by(
    viewer: Viewer, events: list[Event], items: dict[str, Interaction]
) -> list[Event]:
    """``items`` are the run's questions by id."""
    hidden = {id_ for id_, item in items.items() if access.hides_answers(viewer, item)}
    return [_seen_event(viewer, event, hidden=_about(event) in hidden) for event in events]


def _without_hidden_answers(viewer: Viewer, item: Interaction) -> Interaction:
    seen = copy.copy(item)
    if access.hides_answers(viewer, item):
        unread = "raw" in item.get_deferred_fields()
        seen.responses = [_redacted_response(viewer, response) for response in item.responses]
        adapter = item.upstream.adapter
        seen.raw = {} if unread else adapter.without_answers(item.raw, but=viewer.mobius_id)
        if "details" not in item.get_deferred_fields() and "lifecycle" in item.details:
            events = [_redacted_event(viewer, event) for event in item.details["lifecycle"]]
            seen.details = item.details | {"lifecycle": events}
    return seen


def _redacted_event(viewer: Viewer, event: dict[str, Any]) -> dict[str, Any]:
    """Its comment may be that of an answer."""
    return event if event["actor_id"] == viewer.mobius_id else event | {"comment": None}


def entries_seen_by(viewer: Viewer, upstream: Upstream) -> QuerySet[Decision]:
    rows = Decision.objects.all()
    if not settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE:
        return rows
    hidden = Q(
        verb__in=(RESPOND, UNCONFIRMED),
        base_url=upstream.base_url,
        project=upstream.project,
        interaction_id__in=access.with_hidden_answers(viewer, upstream).values("mobius_id"),
    )
    return rows.exclude(hidden & ~Q(actor=viewer.mobius_id or ""))


def _about(event: Event) -> str:
    return str(event.data.get("interaction", ""))


def _seen_event(viewer: Viewer, event: Event, *, hidden: bool) -> Event:
    seen = copy.copy(event)
    seen.data = masked(event.data)
    if hidden and event.data.get("by") != viewer.mobius_id:
        seen.data |= {"value": None, "comment": None, HIDDEN: True}
    return seen


def _redacted_response(viewer: Viewer, response: dict[str, Any]) -> dict[str, Any]:
    if response.get("user_id") == viewer.mobius_id:
        return response
    return response | {"answers": [], "comment": None, HIDDEN: True}
