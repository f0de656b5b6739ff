"""What the channels share: a message to a person, and its words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import dateformat, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from inbox.access.account_numbers import without_account_numbers
from inbox.models import Delivery, Group, Interaction, NotificationEvent, Reviewer, Run
from inbox.models.notification import Channel
from inbox.notify import audience, failures, plan
from inbox.notify.subjects import Subject
from inbox.people.names import Names, names_of

Kind = NotificationEvent.Kind


@dataclass(frozen=True)
class Row:
    delivery: Delivery
    subject: Subject

    @property
    def event(self) -> NotificationEvent:
        return self.delivery.event

    @property
    def due_at(self) -> datetime | None:
        return self.subject.due_at if isinstance(self.subject, Interaction) else None


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
    message later either. ``retry_after``: how long it asks to wait.
    """

    def __init__(
        self, why: str, *, said: str, refused: bool, retry_after: timedelta = timedelta()
    ) -> None:
        super().__init__(why)
        self.said = said
        self.refused = refused
        self.retry_after = retry_after


@dataclass(frozen=True)
class Line:
    """What a message says about a question, a run or a person. ``said`` is what happened, ``why``
    the reason why the person is told.
    """

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


def one_for_each_subject(rows: Sequence[Row]) -> list[Row]:
    """The newest event of each, soonest due first."""
    newest = {row.subject: row for row in sorted(rows, key=lambda row: row.event.at)}
    never = datetime.max.replace(tzinfo=timezone.get_default_timezone())
    return sorted(newest.values(), key=lambda row: (row.due_at or never, row.subject.pk))


def subject_of(message: Message, rows: Sequence[Row]) -> str:
    """``rows``: one for each subject."""
    if len(rows) == 1 and not message.digest:
        return lines_of(rows)[0].title
    words = ngettext("%(count)d notification", "%(count)d notifications", len(rows))
    if all(isinstance(row.subject, Interaction) for row in rows):
        words = questions_wait(len(rows))
    return words % {"count": len(rows)}


def questions_wait(count: int) -> str:
    return ngettext(
        "%(count)d question waits for you", "%(count)d questions wait for you", count
    ) % {"count": count}


def lines_of(rows: Sequence[Row]) -> list[Line]:
    questions = [row.subject for row in rows if isinstance(row.subject, Interaction)]
    facts = _Facts.of(questions)
    return [_line(row, facts) for row in rows]


@dataclass(frozen=True)
class _Facts:
    """About all questions of a message: the people and groups, and how the runs of those that are
    closed have gone on.
    """

    people: Names | None
    groups: dict[str, str]
    run_states: dict[str, str]

    @classmethod
    def of(cls, items: Sequence[Interaction]) -> "_Facts":
        if not items:
            return cls(None, {}, {})
        upstream = items[0].upstream
        targets = {item.group_id or item.target_id for item in items}
        found = Group.objects.filter(
            Q(mobius_id__in=targets) | Q(handle__in=targets), upstream=upstream
        )
        groups: dict[str, str] = {}
        for id_, handle, name in found.values_list("mobius_id", "handle", "name"):
            groups |= dict.fromkeys((id_, handle), name or handle)
        closed = [item.run_id for item in items if item.run_id and not item.is_open]
        runs = Run.objects.filter(upstream=upstream, mobius_id__in=closed)
        return cls(
            names_of(upstream, [item.asked_by for item in items]),
            groups,
            dict(runs.values_list("mobius_id", "state")),
        )


def _line(row: Row, facts: _Facts) -> Line:
    match row.subject:
        case Interaction():
            return _question_line(row, row.subject, facts)
        case Run():
            limit = failures.limits_of([row.delivery.reviewer])[row.delivery.reviewer_id]
            return Line(
                title=_("Runs of %(workflow)s fail") % {"workflow": row.subject.workflow},
                said=runs_failed(limit.failures, limit.minutes),
                facts="",
                why=_("You get this because you chose to be told of it, as a team lead."),
                url=f"{settings.PUBLIC_URL}{row.subject.get_absolute_url()}",
            )
        case Reviewer() if row.event.kind == Kind.TOKEN_REFUSED:
            return Line(
                title=_("Your member token has a problem"),
                said=_("It is needed to answer. Add a new token on the Account page."),
                facts="",
                why=_("You get this because your answers need a member token."),
                url=f"{settings.PUBLIC_URL}{reverse('account')}",
            )
        case Reviewer():
            count = audience.waiting_for(row.subject, row.event.upstream_id)
            return Line(
                title=questions_wait(count),
                said=_("Your account was given its Mobius ID"),
                facts="",
                why=_("You get this because these questions are addressed to you."),
                url=f"{settings.PUBLIC_URL}{reverse('inbox')}",
            )


def _question_line(row: Row, item: Interaction, facts: _Facts) -> Line:
    asked_by = facts.people.of(item.asked_by) if facts.people else ""
    after = _RUN_AFTER.get(facts.run_states.get(item.run_id or "", ""), "")
    shown = [asked_by, item.workflow, deadline(item), _(after) if after else ""]
    return Line(
        title=title_of(item),
        said=_said(row, item),
        facts=" · ".join(fact for fact in shown if fact),
        why=_why(row.event.kind, item, facts.groups),
        url=f"{settings.PUBLIC_URL}{item.get_absolute_url()}",
    )


def runs_failed(number: int, minutes: int) -> str:
    words = ngettext(
        "%(number)d run failed within %(minutes)d minutes",
        "%(number)d runs failed within %(minutes)d minutes",
        number,
    )
    return words % {"number": number, "minutes": minutes}


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
    Kind.NOT_SENT: gettext_noop("Your answer could not be sent"),
    Kind.EXPIRING_UNANSWERED: gettext_noop("Nobody has answered this question yet"),
    Kind.CLAIMED_TOO_LONG: gettext_noop("%(name)s has claimed this question and not answered it"),
}
_RUN_AFTER = {
    "failed": gettext_noop("its run failed"),
    "completed": gettext_noop("its run has completed"),
    "cancelled": gettext_noop("its run was cancelled"),
    "running": gettext_noop("its run goes on"),
    "active": gettext_noop("its run goes on"),
    "queued": gettext_noop("its run goes on"),
    "suspended": gettext_noop("its run waits for something else"),
}
"""What became of the run of a closed question, by ``Run.state``."""


def said(kind: str, name: str) -> str:
    """What happened; ``name`` is of who caused it."""
    return _(_SAID[Kind(kind)]) % {"name": name}


def _said(row: Row, item: Interaction) -> str:
    kind = Kind(row.event.kind)
    if kind is Kind.EXPIRING_UNANSWERED and not item.is_open:
        kind = Kind.EXPIRED
    return said(kind, row.event.actor_name)


def deadline(item: Interaction) -> str:
    """In the active language and time zone; empty if there is none."""
    if item.due_at is None or not item.is_open:
        return ""
    local = timezone.localtime(item.due_at)
    at = dateformat.format(local, pgettext("date format", "D j M Y, H:i T"))
    words = _("due %(time)s") if item.soft else _("expires %(time)s")
    return words % {"time": at}


def _why(kind: str, item: Interaction, groups: dict[str, str]) -> str:
    if kind in NotificationEvent.FOR_LEADS:
        return _("You get this because you chose to be told of it, as a team lead.")
    if kind == Kind.NOT_SENT:
        return _("You get this because the answer is yours.")
    group = groups.get(item.group_id or "") or groups.get(item.target_id)
    if item.target_type == "user" or not group:
        return _("You get this because you are asked by name.")
    return _("You get this because you are in %(group)s.") % {"group": group}


def thread_of(message: Message) -> str:
    """The same for all messages to a person about one question, so that later ones can join or
    replace earlier ones. Empty if the message is about several questions.
    """
    subjects = {row.subject for row in message.rows}
    if len(subjects) != 1:
        return ""
    [subject] = subjects
    of = subject.upstream_id if isinstance(subject, Interaction) else type(subject).__name__
    key = f"{of} {subject.mobius_id} {message.reviewer.pk}"
    return sha256(key.encode()).hexdigest()[:32]
