"""Focus mode: the questions of a list one at a time, in the order that they had on entry."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, Exists, OuterRef, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.answering import question, snooze
from inbox.models import Interaction, Recipient
from inbox.web.questions.order import order_of
from inbox.web.questions.place import Place
from inbox.web.questions.queries import answered_today, answered_words, available
from inbox.web.ui.held import on_their_way
from inbox.web.ui.lists import MOST, PAGE, numbers, read_numbers
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import FocusFilters, item_href


@dataclass(frozen=True)
class FocusPlace(Place):
    """``words`` is ``7 of 23 · 2 new``, empty for a question that was not in the list on entry.
    After the last question ``next_href`` is the end page, ``open_href`` empty.
    """

    here: str = ""
    number: int = 0
    total: int = 0
    exit_href: str = ""


@dataclass(frozen=True)
class FocusEnd:
    """``skipped`` questions are still open, ``new`` ones have arrived since."""

    filters: FocusFilters
    skipped: int
    new: int
    again_href: str
    previous_href: str
    exit_href: str
    answered: str
    snoozed: int

    @property
    def skipped_words(self) -> str:
        words = ngettext(
            "%(count)d question that you skipped is still open.",
            "%(count)d questions that you skipped are still open.",
            self.skipped,
        )
        return words % {"count": self.skipped} if self.skipped else ""

    @property
    def again_words(self) -> str:
        return ngettext("Show this question", "Show these questions", self.skipped + self.new)

    @property
    def new_words(self) -> str:
        if self.new > PAGE:
            return _("More than %(count)d new questions have arrived.") % {"count": PAGE}
        words = ngettext(
            "%(count)d new question has arrived.",
            "%(count)d new questions have arrived.",
            self.new,
        )
        return words % {"count": self.new} if self.new else ""


class Step(NamedTuple):
    id: str
    waits: bool


def entry_href(own: OwnData, filters: FocusFilters, id_: str = "") -> str:
    """Freeze the order. The address of its first question or of ``id_``; empty if none waits."""
    rows = order_of(filters, own.returns).first(available(own, filters), "", MOST)
    waiting = list(rows.values_list("pk", "interaction__mobius_id"))
    if not waiting:
        return ""
    order = numbers(pk for pk, _id in waiting)
    return item_href(id_ or waiting[0][1], filters.replace(order=order))


def focus_place(own: OwnData, filters: FocusFilters, id_: str) -> FocusPlace:
    numbers, steps = _steps(own, filters)
    ids = [step.id for step in steps.values()]
    at = ids.index(id_) if id_ in ids else -1
    number = numbers.index(list(steps)[at]) + 1 if at >= 0 else 0
    following = _next_after(steps.values(), id_)
    open_href = item_href(following, filters) if following else ""
    return FocusPlace(
        words=_words(number, len(numbers), _new(own, filters, numbers)),
        here=item_href(id_, filters),
        number=number,
        total=len(numbers),
        previous_href=item_href(ids[at - 1], filters) if at > 0 else "",
        next_href=open_href or filters.href(),
        open_href=open_href,
        exit_href=filters.list_href,
    )


def focus_end(own: OwnData, filters: FocusFilters) -> FocusEnd:
    numbers, steps = _steps(own, filters)
    today = answered_today(own.viewer, own.upstream, timezone.now())
    last = next(reversed(steps.values()), None)
    return FocusEnd(
        filters=filters,
        skipped=sum(step.waits for step in steps.values()),
        new=_new(own, filters, numbers),
        again_href=filters.replace(order="").href(),
        previous_href=item_href(last.id, filters) if last is not None else "",
        exit_href=filters.list_href,
        answered=answered_words(today),
        snoozed=len(own.snoozed),
    )


def next_in_focus(own: OwnData, item: Interaction, filters: FocusFilters) -> Interaction | None:
    """None after the last."""
    _numbers, steps = _steps(own, filters)
    id_ = _next_after(steps.values(), item.mobius_id)
    return question.find(own.viewer, own.upstream, id_) if id_ else None


def _next_after(steps: Iterable[Step], id_: str) -> str:
    """The first waiting one if ``id_`` isn't a step."""
    order = list(steps)
    at = next((index for index, step in enumerate(order) if step.id == id_), -1)
    return next((step.id for step in order[at + 1 :] if step.waits), "")


def _steps(own: OwnData, filters: FocusFilters) -> tuple[list[int], dict[int, Step]]:
    """The numbers of the frozen order, and the questions among them that the viewer still has."""
    viewer, upstream = own.viewer, own.upstream
    numbers = list(dict.fromkeys(read_numbers(filters.cleaned_data["order"])))
    rows = Recipient.objects.filter(
        upstream=upstream, user_id=viewer.mobius_id or "", pk__in=numbers
    )
    answered = on_their_way(viewer.user_id, upstream)
    snoozed = snooze.snoozes_of(viewer).waiting(timezone.now())
    put_off = Exists(snoozed.filter(interaction=OuterRef("interaction")))
    columns = ("pk", "open", "interaction__mobius_id", "interaction__claimed_by", "done")
    free_or_own = (None, "", viewer.mobius_id)
    rows = rows.annotate(done=Case(When(answered | put_off, then=True), default=False))
    found = {
        pk: Step(id_, is_open and claimed_by in free_or_own and not done)
        for pk, is_open, id_, claimed_by, done in rows.values_list(*columns)
    }
    return numbers, {number: found[number] for number in numbers if number in found}


def _new(own: OwnData, filters: FocusFilters, numbers: list[int]) -> int:
    """Counted up to ``PAGE + 1``. 0 if the order is full: it may have left out older questions."""
    if len(numbers) >= MOST:
        return 0
    new = available(own, filters).exclude(pk__in=numbers)
    return new.order_by()[: PAGE + 1].count()


def _words(number: int, total: int, new: int) -> str:
    facts = {"number": number, "total": f"{total}+" if total >= MOST else total, "new": new}
    if not number:
        return ""
    if not new:
        return _("%(number)d of %(total)s") % facts
    if new > PAGE:
        facts["new"] = PAGE
        return _("%(number)d of %(total)s · more than %(new)d new") % facts
    words = ngettext(
        "%(number)d of %(total)s · %(new)d new", "%(number)d of %(total)s · %(new)d new", new
    )
    return words % facts
