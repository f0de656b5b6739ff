"""What the channels share: a message to a person, and its words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db.models import Q
from django.utils import dateformat, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from inbox.access.account_numbers import without_account_numbers
from inbox.models import Delivery, Group, Interaction, NotificationEvent, Reviewer
from inbox.models.notification import Channel
from inbox.notify import plan
from inbox.people.names import Names, names_of

Kind = NotificationEvent.Kind


@dataclass(frozen=True)
class Row:
    delivery: Delivery
    item: Interaction


@dataclass(frozen=True)
class Message:
    """``id`` is the same at each attempt."""

    id: str
    channel: Channel
    reviewer: Reviewer
    rows: Sequence[Row]
    digest: bool


class NotSent(Exception):
    """``said`` is the server's answer; empty if there was none. ``refused``: it won't accept the
    message later either.
    """

    def __init__(self, why: str, *, said: str, refused: bool) -> None:
        super().__init__(why)
        self.said = said
        self.refused = refused


@dataclass(frozen=True)
class Line:
    """A question in a message. ``said`` is what happened, ``why`` why the person is told."""

    title: str
    said: str
    facts: str
    why: str
    url: str


@contextmanager
def as_read_by(reviewer: Reviewer) -> Iterator[None]:
    """In the person's language and time zone."""
    known = reviewer.language in dict(settings.LANGUAGES)
    language = reviewer.language if known else settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(plan.zone_of(reviewer)):
        yield


def one_for_each_question(rows: Sequence[Row]) -> list[Row]:
    """The newest event of each, soonest due first."""
    newest = {row.item.pk: row for row in sorted(rows, key=lambda row: row.delivery.event.at)}
    never = datetime.max.replace(tzinfo=timezone.get_default_timezone())
    return sorted(newest.values(), key=lambda row: (row.item.due_at or never, row.item.pk))


def subject_of(message: Message, rows: Sequence[Row]) -> str:
    """``rows``: one for each question."""
    if len(rows) == 1 and not message.digest:
        return title_of(rows[0].item)
    words = ngettext(
        "%(count)d question waits for you", "%(count)d questions wait for you", len(rows)
    )
    return words % {"count": len(rows)}


def lines_of(rows: Sequence[Row]) -> list[Line]:
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
    facts = [people.of(item.asked_by), item.workflow, deadline(item)]
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


def deadline(item: Interaction) -> str:
    """In the active language and time zone; empty if there is none."""
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


def thread_of(message: Message) -> str:
    """The same for all messages to a person about one question, so that later ones can join or
    replace earlier ones. Empty if the message is about several questions.
    """
    items = {row.item.pk: row.item for row in message.rows}
    if len(items) != 1:
        return ""
    [item] = items.values()
    key = f"{item.upstream_id} {item.mobius_id} {message.reviewer.pk}"
    return sha256(key.encode()).hexdigest()[:32]
