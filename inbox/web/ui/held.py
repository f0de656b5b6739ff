from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.answering import batches
from inbox.answering import draft as drafts
from inbox.models import Attempt, Batch, BatchItem, Interaction, Notice, Upstream
from inbox.models.answers import value_of
from inbox.people.names import names_of
from inbox.web.ui.batches import batch_words, held_words, milliseconds_left, summary
from inbox.web.ui.lists import numbers_together
from inbox.web.ui.outcome_messages import returned_reason, returned_words

NEWEST = 1
"""How many returned answers are shown above the list; more would fill a phone screen."""
ANSWERED_FIRST = ("status", "responses")
"""The columns of a question that ``answered_first`` reads."""


@dataclass(frozen=True)
class HeldAnswer:
    """``left`` is in milliseconds. ``title`` and ``href`` are empty if the question is no longer
    there.
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
    """``typed``: it had text, which is kept."""

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
    """The newest of ``every`` are shown."""

    every: tuple[ReturnedAnswer, ...] = ()

    @property
    def shown(self) -> tuple[ReturnedAnswer, ...]:
        return self.every[:NEWEST]

    @property
    def left_out_words(self) -> str:
        left_out = len(self.every[NEWEST:])
        words = ngettext("%(count)d earlier answer", "%(count)d earlier answers", left_out)
        return words % {"count": left_out} if left_out else ""

    @property
    def dismiss_all(self) -> str:
        return numbers_together([answer.number for answer in self.every])


def held_attempts(user_id: int, upstream: Upstream) -> QuerySet[Attempt]:
    """Held, or being sent after that."""
    return Attempt.held_or_sending().filter(reviewer__user_id=user_id, upstream=upstream)


def on_their_way(user_id: int, upstream: Upstream) -> Q:
    """Recipients whose answer is held or being sent, by itself or in a batch."""
    sent = (held_attempts(user_id, upstream), batches.unsent(user_id, upstream))
    alone, together = (rows.values("interaction_id") for rows in sent)
    return Q(interaction__mobius_id__in=alone) | Q(interaction__mobius_id__in=together)


def answers_in_batches(
    viewer: Viewer, upstream: Upstream, now: datetime, shown: Sequence[Batch]
) -> tuple[HeldAnswer, ...]:
    if all(batch.finished_at is not None for batch in shown):
        return ()
    rows = batches.unsent(viewer.user_id, upstream).select_related("batch")
    return tuple(_in_batch(row, now) for row in rows)


def answer_in_batch(
    viewer: Viewer, upstream: Upstream, item: Interaction, now: datetime
) -> HeldAnswer | None:
    rows = batches.unsent(viewer.user_id, upstream).filter(interaction_id=item.mobius_id)
    row = rows.select_related("batch").first()
    return None if row is None else _in_batch(row, now)


def held_answer(attempt: Attempt, item: Interaction | None, now: datetime) -> HeldAnswer:
    waits = attempt.state == Attempt.State.HELD
    return HeldAnswer(
        id=attempt.interaction_id,
        title=item.display_title if item is not None else "",
        href=item.get_absolute_url() if item is not None else "",
        pattern=_pattern(value_of(attempt.answers)),
        left=milliseconds_left(attempt.send_at, now) if waits else 0,
    )


def held_answers(
    viewer: Viewer, upstream: Upstream, now: datetime, shown: Sequence[Batch]
) -> tuple[HeldAnswer, ...]:
    """Newest first."""
    held = [
        (batch.confirmed_at or now, batch.pk, held_batch(batch, now))
        for batch in shown
        if batch.started_at is None
    ]
    attempts = held_attempts(viewer.user_id, upstream)
    rows = list(attempts.only("state", "send_at", "created_at", "interaction_id", "answers"))
    items = _items(viewer, upstream, [row.interaction_id for row in rows])
    held += [
        (row.created_at, row.pk, held_answer(row, items.get(row.interaction_id), now))
        for row in rows
    ]
    newest_first = sorted(held, key=itemgetter(0, 1), reverse=True)
    return tuple(answer for _at, _number, answer in newest_first)


def held_batch(row: Batch, now: datetime) -> HeldAnswer:
    return HeldAnswer(
        id=f"batch-{row.pk}",
        title=_("Show all questions"),
        href=row.get_absolute_url(),
        pattern=batch_words(row.verb, "held", summary(row).total),
        left=milliseconds_left(row.send_at, now),
        batch=row.pk,
    )


def returned_lines(viewer: Viewer, upstream: Upstream) -> ReturnedLines:
    return ReturnedLines(returned_answers(viewer, upstream))


def returned_answers(
    viewer: Viewer, upstream: Upstream, *, since: datetime | None = None
) -> tuple[ReturnedAnswer, ...]:
    """Newest first."""
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
    typed = drafts.drafted(viewer, upstream, ids)
    first = answered_first(viewer, upstream, items.values())
    return tuple(
        _returned(row, items.get(row.interaction_id), typed=typed, first=first) for row in rows
    )


def answered_first(
    viewer: Viewer, upstream: Upstream, items: Iterable[Interaction]
) -> dict[str, str]:
    """By question, the name of the one other person whose answer closed it."""
    answered = {
        item.mobius_id: item.answered_by[0]
        for item in items
        if item.status == "completed" and len(item.answered_by) == 1
    }
    others = {id_: by for id_, by in answered.items() if by and by != viewer.mobius_id}
    names = names_of(upstream, others.values())
    return {id_: names.of(by) for id_, by in others.items()}


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
