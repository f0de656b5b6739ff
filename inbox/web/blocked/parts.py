from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction
from inbox.web.blocked.queries import BlockedFilters
from inbox.web.questions.nudging import Nudge, Nudges, nudge_of, waited_for
from inbox.web.ui.answers import obstacle, progress, progress_text, unable_to_answer
from inbox.web.ui.claims import claimed_too_long, since_words
from inbox.web.ui.groups import Groups
from inbox.web.ui.labels import asked_in, listed
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import Deadline, deadline, span

MOST_PER_PERSON = 8
"""Questions listed for each person; the person filter lists the rest."""
MOST_PER_GROUP = 4
"""Questions listed for each group."""
MOST_NAMES = 3
"""Names listed of the people who can answer."""


@dataclass(frozen=True)
class PageContext:
    viewer: Viewer
    filters: BlockedFilters
    people: People
    nudges: Nudges
    groups: Groups
    now: datetime


@dataclass(frozen=True)
class BlockedQuestion:
    """``progress`` is ``2 of 5`` if several people must answer."""

    item: Interaction
    workflow: str
    group: str
    progress: str
    in_review: bool
    claimed: str
    too_long: bool
    waited: str
    deadline: Deadline | None


@dataclass(frozen=True)
class Missing:
    """``note`` says what keeps them from answering."""

    face: Face
    note: str
    too_long: bool
    blocks: bool
    nudge: Nudge


def is_overdue(item: Interaction, now: datetime) -> bool:
    """False once expired, even if Mobius hasn't closed it yet."""
    expired = item.expires_at is not None and item.expires_at <= now
    return item.due_at is not None and item.due_at <= now and not expired


def overdue_first(items: Sequence[Interaction], now: datetime) -> list[Interaction]:
    """Soonest due first, then the others in their order."""
    overdue = [item for item in items if is_overdue(item, now)]
    overdue.sort(key=lambda item: item.due_at or now)
    return [*overdue, *(item for item in items if not is_overdue(item, now))]


def blocked_question(item: Interaction, page_context: PageContext) -> BlockedQuestion:
    counts, now = progress(item), page_context.now
    group = item.group_id or ""
    claimed = bool(item.claimed_by) and access.can_be_claimed(item)
    return BlockedQuestion(
        item=item,
        workflow=asked_in(item.workflow, item.run_id),
        group=page_context.groups.names.get(group, group),
        progress=progress_text(counts) if item.pending else "",
        in_review=item.in_review,
        claimed=_("claimed %(since)s") % {"since": since_words(item, now)} if claimed else "",
        too_long=claimed and claimed_too_long(item, now),
        waited=span((now - item.created_at).total_seconds()),
        deadline=deadline(item, now),
    )


def by_person(items: Sequence[Interaction], page_context: PageContext) -> list[dict[str, Any]]:
    """``items`` come oldest first. ``rest`` aren't listed; ``obstacle``: why they can't sign in
    here.
    """
    items_by_id: dict[str, list[Interaction]] = {}
    for item in items:
        for id_ in filter(None, waited_for(item)):
            if page_context.filters.cleaned_data["person"] in ("", id_):
                items_by_id.setdefault(id_, []).append(item)
    return [_person(id_, waiting, page_context) for id_, waiting in items_by_id.items()]


def _person(id_: str, items: Sequence[Interaction], page_context: PageContext) -> dict[str, Any]:
    most = None if page_context.filters.cleaned_data["person"] else MOST_PER_PERSON
    ordered = overdue_first(items, page_context.now)
    shown = ordered[:most]
    return {
        "face": page_context.people.face(id_),
        "words": _count_words(items, page_context.now),
        "obstacle": obstacle(
            account=page_context.people.has_account(id_),
            off=id_ in page_context.people.names.deactivated,
            left=False,
        ),
        "lines": [
            (blocked_question(item, page_context), _nudge(item, id_, page_context))
            for item in shown
        ],
        "rest": ordered[len(shown) :],
        "href": page_context.filters.href(person=id_),
    }


def by_question(
    items: Sequence[Interaction], page_context: PageContext
) -> list[tuple[BlockedQuestion, list[Missing]]]:
    """With those who can answer. Overdue questions come first."""
    return [
        (
            blocked_question(item, page_context),
            [missing_of(item, id_, page_context) for id_ in waited_for(item)],
        )
        for item in overdue_first(items, page_context.now)
        if any(waited_for(item))
    ]


def by_group(items: Iterable[Interaction], page_context: PageContext) -> list[dict[str, Any]]:
    """In the order of their oldest question. ``rest`` aren't listed."""
    items_by_id: dict[str, list[Interaction]] = {}
    for item in items:
        if item.group_id:
            items_by_id.setdefault(item.group_id, []).append(item)
    parts = []
    for id_, waiting in items_by_id.items():
        most = None if page_context.filters.cleaned_data["group"] else MOST_PER_GROUP
        ordered = overdue_first(waiting, page_context.now)
        shown = ordered[:most]
        parts.append(
            {
                "name": page_context.groups.names.get(id_, id_),
                "words": _count_words(waiting, page_context.now),
                "lines": [_group_line(item, page_context) for item in shown],
                "rest": ordered[len(shown) :],
                "href": page_context.filters.href(group=id_),
            }
        )
    return parts


def _group_line(item: Interaction, page_context: PageContext) -> dict[str, Any]:
    question = blocked_question(item, page_context)
    ids, counts = waited_for(item), progress(item)
    names = page_context.people.objects(ids)
    missing = []
    if counts is not None or question.claimed:
        missing = [missing_of(item, id_, page_context) for id_ in ids]
    if counts is not None:
        have, of = counts
        facts = {"count": have, "total": of}
        return {
            "question": question,
            "sentence": _("Waiting for %(names)s.") % {"names": listed(names, most=len(names))},
            "parts": ["on" if n < have else "" for n in range(of)],
            "progress_label": _("%(count)d of %(total)d answered") % facts,
            "missing": missing,
        }
    if question.claimed:
        return {"question": question, "missing": missing}
    if item.members is None:
        return {"question": question, "sentence": _("Mobius doesn't say who this is for.")}
    sentence = _("No one has claimed it, and it isn't assigned to anyone.")
    if names:
        assigned = _("No one has claimed it. It's assigned to %(names)s.")
        sentence = assigned % {"names": listed(names, most=MOST_NAMES)}
    return {"question": question, "sentence": sentence}


def missing_of(item: Interaction, id_: str, page_context: PageContext) -> Missing:
    known, off = page_context.people.names.known, page_context.people.names.deactivated
    now_in = page_context.groups.members.get(item.group_id or "")
    left = {*item.missing}.difference(item.missing if now_in is None else now_in)
    unable = unable_to_answer(item, accounts=known, off=off, left=left)
    needed = item.is_short_of(unable)
    note = obstacle(account=id_ in known, off=id_ in off, left=id_ in left, needed=needed)
    blocks = bool(note) and needed
    old = claimed_too_long(item, page_context.now) and item.claimed_by == id_
    if not note and item.claimed_by == id_ and access.can_be_claimed(item):
        note = _("Claimed %(since)s") % {"since": since_words(item, page_context.now)}
    last = page_context.nudges.get((item.mobius_id, id_))
    if not note and last is not None:
        note = _("Nudge read") if last.read_at else _("Nudge not read yet")
    nudge = _nudge(item, id_, page_context)
    return Missing(page_context.people.face(id_), note, old, blocks, nudge)


def _nudge(item: Interaction, id_: str, page_context: PageContext) -> Nudge:
    return nudge_of(
        page_context.viewer,
        item,
        id_,
        names=page_context.people.names,
        nudges=page_context.nudges,
        now=page_context.now,
    )


def _count_words(items: Sequence[Interaction], now: datetime) -> str:
    """``6 questions, oldest 1 d 3 h``; ``1 question, 31 min``. ``items`` come oldest first."""
    lasted = span((now - items[0].created_at).total_seconds())
    words = ngettext(
        "%(count)d question, %(duration)s", "%(count)d questions, oldest %(duration)s", len(items)
    )
    return words % {"count": len(items), "duration": lasted}
