"""A person's answers that wait to be sent, and those that could not be sent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Attempt, Batch, BatchItem, Interaction, Notice, Upstream
from inbox.people.names import names_of
from inbox.services import batches
from inbox.services import draft as drafts
from inbox.services.outcome import Kind
from inbox.web.ui.batches import held_words, milliseconds_left, summary, verb_words
from inbox.web.ui.lists import numbers_together

_REASONS: dict[str, str | Promise] = {
    Kind.CLOSED: gettext_lazy("The question closed before your answer could be sent."),
    Kind.ALREADY_ANSWERED: gettext_lazy("You've already answered this question."),
    Kind.CLAIMED_BY_ANOTHER: gettext_lazy("Someone else claimed the question first."),
    Kind.PROCESSING: gettext_lazy("Another answer was being sent."),
    Kind.QUESTION_CHANGED: gettext_lazy("The question changed before your answer was sent."),
    Kind.NOT_ALLOWED: gettext_lazy("You no longer have access to the question."),
    Kind.DEACTIVATED: gettext_lazy("Your account was deactivated."),
    Kind.NO_CREDENTIAL: gettext_lazy("You don't have a member token."),
    Kind.TOKEN_REFUSED: gettext_lazy("Mobius no longer accepts your member token."),
    Kind.NOT_ACCEPTED: gettext_lazy("Mobius didn't accept it."),
    Kind.UNREACHABLE: gettext_lazy("Mobius couldn't be reached."),
    Kind.RATE_LIMITED: gettext_lazy("Mobius is limiting requests."),
    Kind.OVERDUE: gettext_lazy("The inbox or Mobius wasn't available at that time."),
}
"""Why an answer was not sent; in any other case it is not known whether it arrived."""
_STILL_OPEN = gettext_lazy(
    "Mobius returned an error or didn't respond, and the question is still open."
)
_UNCONFIRMED = gettext_lazy(
    "We check with Mobius every minute. You can also send it again; it will only count once."
)
NEWEST = 1
"""How many returned answers are shown above the list; more would fill a phone screen."""
ANSWERED_FIRST = ("status", "responses")
"""The columns of a question that ``answered_first`` reads."""


@dataclass(frozen=True)
class HeldAnswer:
    """An answer that waits to be sent, as ``components/_held.html`` shows it.

    ``title`` and ``href`` are empty if the question is no longer there for the person. ``left`` is
    how many milliseconds are left, ``pattern`` how the script writes them. ``batch`` is the number
    of the batch that is held, or that the question is answered in.
    """

    id: str
    title: str
    href: str
    pattern: str
    left: int
    batch: int = 0

    @property
    def words(self) -> str:
        """``Approving in 4 s``."""
        return held_words(self.pattern, self.left)


@dataclass(frozen=True)
class ReturnedAnswer:
    """An answer that could not be sent. ``href`` is as in ``HeldAnswer``; ``typed``: it had text,
    which is kept.
    """

    id: str
    number: int
    title: str
    href: str
    words: str
    reason: str
    typed: bool

    @property
    def toast_text(self) -> str:
        """``Refund for order Q-48213 · Your answer wasn't sent. Lee answered it first.``"""
        return " · ".join(part for part in (self.title, f"{self.words}. {self.reason}") if part)


@dataclass(frozen=True)
class ReturnedLines:
    """The viewer's returned answers above the list: the newest of ``every`` are shown."""

    every: tuple[ReturnedAnswer, ...] = ()

    @property
    def shown(self) -> tuple[ReturnedAnswer, ...]:
        return self.every[:NEWEST]

    @property
    def left_out_words(self) -> str:
        """``2 earlier answers``; empty for none."""
        left_out = len(self.every[NEWEST:])
        words = ngettext("%(count)d earlier answer", "%(count)d earlier answers", left_out)
        return words % {"count": left_out} if left_out else ""

    @property
    def dismiss_all(self) -> str:
        return numbers_together([answer.number for answer in self.every])


def held_attempts(user_id: int, upstream: Upstream) -> QuerySet[Attempt]:
    """The person's attempts that are held, or are being sent after that."""
    return Attempt.held_or_sending().filter(reviewer__user_id=user_id, upstream=upstream)


def on_their_way(user_id: int, upstream: Upstream) -> Q:
    """The recipients whose question the person has answered, while the answer is held or being
    sent, by itself or in a batch.
    """
    sent = (held_attempts(user_id, upstream), batches.unsent(user_id, upstream))
    alone, together = (rows.values("interaction_id") for rows in sent)
    return Q(interaction__mobius_id__in=alone) | Q(interaction__mobius_id__in=together)


def answers_in_batches(
    viewer: Viewer, upstream: Upstream, now: datetime, shown: Sequence[Batch]
) -> tuple[HeldAnswer, ...]:
    """The viewer's answers that wait or are being sent in one of their ``shown_batches``. One
    query, none if all of these are over.
    """
    if all(batch.finished_at is not None for batch in shown):
        return ()
    rows = batches.unsent(viewer.user_id, upstream).select_related("batch")
    return tuple(_in_batch(row, now) for row in rows)


def answer_in_batch(
    viewer: Viewer, upstream: Upstream, item: Interaction, now: datetime
) -> HeldAnswer | None:
    """The viewer's answer to the question, if it waits or is being sent in a batch. One query."""
    rows = batches.unsent(viewer.user_id, upstream).filter(interaction_id=item.mobius_id)
    row = rows.select_related("batch").first()
    return None if row is None else _in_batch(row, now)


def held_answer(attempt: Attempt, item: Interaction | None, now: datetime) -> HeldAnswer:
    """``item``: the question, if it is there for the person."""
    waits = attempt.state == Attempt.State.HELD
    return HeldAnswer(
        id=attempt.interaction_id,
        title=item.display_title if item is not None else "",
        href=item.get_absolute_url() if item is not None else "",
        pattern=_pattern(attempt.value),
        left=milliseconds_left(attempt.send_at, now) if waits else 0,
    )


def held_answers(
    viewer: Viewer, upstream: Upstream, now: datetime, shown: Sequence[Batch]
) -> tuple[HeldAnswer, ...]:
    """The viewer's held answers and those of their ``shown_batches`` that are held, newest first.
    Two queries, one if no answer is held.
    """
    held = [
        (batch.confirmed_at or now, batch.pk, held_batch(batch, now))
        for batch in shown
        if batch.answers and batch.started_at is None
    ]
    attempts = held_attempts(viewer.user_id, upstream)
    rows = list(attempts.only("state", "send_at", "created_at", "interaction_id", "value"))
    items = _items(viewer, upstream, [row.interaction_id for row in rows])
    held += [
        (row.created_at, row.pk, held_answer(row, items.get(row.interaction_id), now))
        for row in rows
    ]
    newest_first = sorted(held, key=itemgetter(0, 1), reverse=True)
    return tuple(answer for _at, _number, answer in newest_first)


def held_batch(row: Batch, now: datetime) -> HeldAnswer:
    """``row``: one of ``shown_batches``."""
    return HeldAnswer(
        id=f"batch-{row.pk}",
        title=_("Show all questions"),
        href=row.get_absolute_url(),
        pattern=verb_words(row.verb, summary(row).total).held,
        left=milliseconds_left(row.send_at, now),
        batch=row.pk,
    )


def returned_lines(viewer: Viewer, upstream: Upstream) -> ReturnedLines:
    """The viewer's returned answers above the list."""
    return ReturnedLines(returned_answers(viewer, upstream))


def returned_answers(
    viewer: Viewer, upstream: Upstream, *, since: datetime | None = None
) -> tuple[ReturnedAnswer, ...]:
    """The viewer's returned answers, newest first; with ``since`` those that came back after it.
    Four queries at most, one if there are none.
    """
    found = Notice.objects.filter(
        reviewer__user_id=viewer.user_id,
        upstream=upstream,
        kind=Notice.Kind.NOT_SENT,
        read_at__isnull=True,
    )
    if since is not None:
        found = found.filter(at__gt=since)
    rows = list(found.order_by("-at", "-pk"))
    ids = [row.interaction_id for row in rows]
    items = _items(viewer, upstream, ids, *ANSWERED_FIRST)
    typed, first = drafts.drafted(viewer, upstream, ids), answered_first(viewer, items.values())
    return tuple(
        _returned(row, items.get(row.interaction_id), typed=typed, first=first) for row in rows
    )


def answered_first(viewer: Viewer, items: Iterable[Interaction]) -> dict[str, str]:
    """By question, the name of the one other person whose answer closed it. One query at most."""
    answered = {
        item.mobius_id: item.answered_by[0]
        for item in items
        if item.status == "completed" and len(item.answered_by) == 1
    }
    others = {id_: by for id_, by in answered.items() if by and by != viewer.mobius_id}
    names = names_of(others.values())
    return {id_: names[by] for id_, by in others.items()}


def returned_words(reason: str) -> str:
    """What became of an answer that could not be sent."""
    if reason in _REASONS:
        return _("Your answer wasn't sent")
    return _("We couldn't confirm that your answer was received")


def returned_reason(reason: str, message: str = "", *, first: str = "") -> str:
    """Why an answer was not sent. ``message`` is what Mobius said, ``first`` as in
    ``answered_first``.
    """
    if reason == Kind.CLOSED and first:
        return _("%(name)s answered it first.") % {"name": first}
    if reason == Kind.NOT_ACCEPTED and message:
        return _("Mobius didn't accept it: %(reason)s.") % {"reason": message.rstrip(".")}
    still_open = reason in (Kind.STILL_OPEN, Kind.NOT_RECORDED)
    return str(_REASONS.get(reason, _STILL_OPEN if still_open else _UNCONFIRMED))


def _returned(
    notice: Notice, item: Interaction | None, *, typed: Collection[str], first: Mapping[str, str]
) -> ReturnedAnswer:
    said = notice.message if item is not None else ""
    return ReturnedAnswer(
        id=notice.interaction_id,
        number=notice.pk,
        title=item.display_title if item is not None else "",
        href=item.get_absolute_url() if item is not None else "",
        words=returned_words(notice.reason),
        reason=returned_reason(notice.reason, said, first=first.get(notice.interaction_id, "")),
        typed=notice.interaction_id in typed,
    )


def _items(
    viewer: Viewer, upstream: Upstream, ids: list[str], *more: str
) -> Mapping[str, Interaction]:
    if not ids:
        return {}
    rows = access.interactions(viewer, upstream).filter(mobius_id__in=ids)
    return {item.mobius_id: item for item in rows.only("mobius_id", "title", *more)}


def _in_batch(row: BatchItem, now: datetime) -> HeldAnswer:
    return HeldAnswer(
        id=row.interaction_id,
        title="",
        href="",
        pattern=_pattern(row.batch.verb == Batch.Verb.APPROVE),
        left=0 if row.batch.started_at else milliseconds_left(row.batch.send_at, now),
        batch=row.batch.pk,
    )


def _pattern(value: Any) -> str:
    if value is True:
        return _("Approving in {duration}")
    return _("Rejecting in {duration}") if value is False else _("Sending in {duration}")
