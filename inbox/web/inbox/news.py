"""Notifications that a browser shows while the person looks elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.lib.instants import read_instant
from inbox.models import Recipient, Reviewer, Upstream
from inbox.web.questions.order import SOONEST_DUE
from inbox.web.ui.held import returned_answers
from inbox.web.ui.lists import PAGE
from inbox.web.ui.scopes import OPEN, Filters, rows_of

HOUR = timedelta(hours=1)
NAMED = 3
"""How many questions one notification names."""


@dataclass(frozen=True)
class Since:
    """The number of the last recipient, and the time."""

    number: int
    at: datetime

    @classmethod
    def read(cls, text: str) -> "Since | None":
        """None for a text that ``str`` didn't write."""
        number, _, when = text.partition("_")
        at = read_instant(when)
        if at is None or not (number.isdecimal() and len(number) < 19):
            return None
        return cls(int(number), at)

    @classmethod
    def now(cls, now: datetime) -> "Since":
        return cls(Recipient.objects.aggregate(last=Max("pk"))["last"] or 0, now)

    def __str__(self) -> str:
        return f"{self.number}_{self.at.isoformat()}"


@dataclass(frozen=True)
class News:
    kind: str
    title: str
    body: str
    href: str


def news(
    viewer: Viewer, upstream: Upstream, reviewer: Reviewer, since: Since, until: Since
) -> tuple[News, ...]:
    """One notification for each kind that the person wants."""
    fresh = Q(pk__gt=since.number, pk__lte=until.number)
    found = []
    if reviewer.notify_new:
        found.append(_new(_titles(rows_of(OPEN, viewer, upstream, unread=True).filter(fresh))))
    if reviewer.notify_due:
        rows = rows_of(OPEN, viewer, upstream)
        rows = rows.filter(due_at__gt=until.at, due_at__lte=until.at + HOUR)
        crossed = Q(due_at__gt=since.at + HOUR)
        rows = rows.filter(crossed & ~fresh if reviewer.notify_new else crossed | fresh)
        found.append(_due(_titles(rows)))
    if reviewer.notify_not_sent:
        found.append(_not_sent(viewer, upstream, since))
    return tuple(each for each in found if each is not None)


Titles = Sequence[tuple[str, str]]
"""Title and address of each question."""


def _titles(rows: QuerySet[Recipient]) -> Titles:
    rows = rows.select_related("interaction").only("interaction__mobius_id", "interaction__title")
    return [
        (row.interaction.display_title, row.interaction.get_absolute_url())
        for row in SOONEST_DUE.sorted(rows)[: PAGE + 1]
    ]


def _new(found: Titles) -> News | None:
    if len(found) > PAGE:
        title = _("More than %(count)d new questions") % {"count": PAGE}
    else:
        title = ngettext("New question", "%(count)d new questions", len(found))
        title %= {"count": len(found)}
    return _news("new", title, found, Filters.link(sort="newest"))


def _due(found: Titles) -> News | None:
    if len(found) > PAGE:
        title = _("More than %(count)d questions are due within the hour") % {"count": PAGE}
    else:
        title = ngettext(
            "Due within the hour", "%(count)d questions are due within the hour", len(found)
        )
        title %= {"count": len(found)}
    return _news("due", title, found, Filters.link(due="hour"))


def _not_sent(viewer: Viewer, upstream: Upstream, since: Since) -> News | None:
    answers = returned_answers(viewer, upstream, since=since.at)
    if len(answers) == 1:
        answer = answers[0]
        body = "\n".join(line for line in (answer.title, answer.reason) if line)
        return News("not-sent", answer.words, body, answer.href or reverse("notifications"))
    title = ngettext("%(count)d answer wasn't sent", "%(count)d answers weren't sent", len(answers))
    found = [(answer.title, answer.href) for answer in answers]
    return _news("not-sent", title % {"count": len(answers)}, found, reverse("notifications"))


def _news(kind: str, title: str, found: Titles, several: str) -> News | None:
    """None for nothing. ``several`` is where more than one question is listed."""
    if not found:
        return None
    body = "\n".join(name for name, _href in found[:NAMED] if name)
    return News(kind, title, body, found[0][1] if len(found) == 1 else several)
