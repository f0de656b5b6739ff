"""The parts of *Blocked*: questions by person, and questions by group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction
from inbox.web.blocked.queries import BlockedFilters
from inbox.web.ui.answers import obstacle, progress, progress_text
from inbox.web.ui.claims import claimed_too_long, since_words
from inbox.web.ui.groups import Groups
from inbox.web.ui.labels import asked_in, listed
from inbox.web.ui.nudging import Accounts, Nudge, nudge_of, who_can_answer
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
    """What every part needs."""

    viewer: Viewer
    filters: BlockedFilters
    people: People
    accounts: Accounts
    groups: Groups
    now: datetime


@dataclass(frozen=True)
class BlockedQuestion:
    """A waiting question. ``progress`` is ``2 of 5`` if several people must answer."""

    item: Interaction
    workflow: str
    group: str
    progress: str
    claimed: str
    too_long: bool
    waited: str
    deadline: Deadline | None


@dataclass(frozen=True)
class Missing:
    """A person whose answer is missing. ``note`` says what keeps them from answering."""

    face: Face
    note: str
    too_long: bool
    blocks: bool
    nudge: Nudge


@dataclass(frozen=True)
class PersonPart:
    """A person and the first questions waiting for them; ``rest`` are those not listed.
    ``obstacle`` is why they can't sign in here; empty if they can.
    """

    face: Face
    words: str
    obstacle: str
    lines: tuple[tuple[BlockedQuestion, Nudge], ...]
    rest: Sequence[Interaction]
    href: str


@dataclass(frozen=True)
class GroupItem:
    """A group's question and who is missing; ``parts`` and ``progress_label`` are for its progress
    bar.
    """

    question: BlockedQuestion
    sentence: str
    parts: tuple[str, ...]
    progress_label: str
    missing: tuple[Missing, ...]


@dataclass(frozen=True)
class GroupPart:
    """A group and the first questions waiting for it; ``rest`` are those not listed."""

    name: str
    words: str
    items: tuple[GroupItem, ...]
    rest: Sequence[Interaction]
    href: str


def is_overdue(item: Interaction, now: datetime) -> bool:
    """Whether it is overdue and not expired: Mobius may not have closed an expired question yet."""
    expired = item.expires_at is not None and item.expires_at <= now
    return item.due_at is not None and item.due_at <= now and not expired


def overdue_first(items: Sequence[Interaction], now: datetime) -> list[Interaction]:
    """The overdue questions, soonest due first, then the others in their order."""
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
        progress=progress_text(counts),
        claimed=_("claimed %(since)s") % {"since": since_words(item, now)} if claimed else "",
        too_long=claimed and claimed_too_long(item, now),
        waited=span((now - item.created_at).total_seconds()),
        deadline=deadline(item, now),
    )


def by_person(items: Sequence[Interaction], page_context: PageContext) -> tuple[PersonPart, ...]:
    """The people, in the order of their oldest question; ``items`` come oldest first."""
    items_by_id: dict[str, list[Interaction]] = {}
    for item in items:
        for id_ in who_can_answer(item):
            if page_context.filters.cleaned_data["person"] in ("", id_):
                items_by_id.setdefault(id_, []).append(item)
    return tuple(_person(id_, waiting, page_context) for id_, waiting in items_by_id.items())


def _person(id_: str, items: Sequence[Interaction], page_context: PageContext) -> PersonPart:
    most = None if page_context.filters.cleaned_data["person"] else MOST_PER_PERSON
    ordered = overdue_first(items, page_context.now)
    shown = ordered[:most]
    return PersonPart(
        face=page_context.people.face(id_),
        words=_count_words(items, page_context.now),
        obstacle=obstacle(
            account=id_ in page_context.accounts.names,
            off=id_ not in page_context.accounts.active,
            left=False,
        ),
        lines=tuple(
            (
                blocked_question(item, page_context),
                nudge_of(page_context.viewer, item, id_, page_context.accounts, page_context.now),
            )
            for item in shown
        ),
        rest=ordered[len(shown) :],
        href=page_context.filters.href(person=id_),
    )


def by_group(items: Iterable[Interaction], page_context: PageContext) -> tuple[GroupPart, ...]:
    """The groups, in the order of their oldest question."""
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
            GroupPart(
                name=page_context.groups.names.get(id_, id_),
                words=_count_words(waiting, page_context.now),
                items=tuple(_group_item(item, page_context) for item in shown),
                rest=ordered[len(shown) :],
                href=page_context.filters.href(group=id_),
            )
        )
    return tuple(parts)


def _group_item(item: Interaction, page_context: PageContext) -> GroupItem:
    question, ids, people = (
        blocked_question(item, page_context),
        who_can_answer(item),
        page_context.people,
    )
    counts = progress(item)
    names = people.objects(ids)
    if counts is not None:
        sentence = _("Waiting for %(names)s.") % {"names": listed(names, most=len(names))}
        parts = tuple("on" if n < counts[0] else "" for n in range(counts[1]))
        missing = tuple(missing_of(item, id_, page_context) for id_ in ids)
        facts = {"count": counts[0], "total": counts[1]}
        answered = _("%(count)d of %(total)d answered") % facts
        return GroupItem(question, sentence, parts, answered, missing)
    if question.claimed:
        return GroupItem(
            question, "", (), "", tuple(missing_of(item, id_, page_context) for id_ in ids)
        )
    if item.members is None:
        return GroupItem(question, _("Mobius doesn't say who this is for."), (), "", ())
    sentence = _("No one has claimed it, and it isn't assigned to anyone.")
    if names:
        assigned = _("No one has claimed it. It's assigned to %(names)s.")
        sentence = assigned % {"names": listed(names, most=MOST_NAMES)}
    return GroupItem(question, sentence, (), "", ())


def missing_of(item: Interaction, id_: str, page_context: PageContext) -> Missing:
    accounts = page_context.accounts
    now_in = page_context.groups.members.get(item.group_id or "")
    needed = item.policy_kind == "all"
    note = obstacle(
        account=id_ in accounts.names,
        off=id_ not in accounts.active,
        left=now_in is not None and id_ not in now_in,
        needed=needed,
    )
    blocks = bool(note) and needed
    old = claimed_too_long(item, page_context.now) and item.claimed_by == id_
    if not note and item.claimed_by == id_ and access.can_be_claimed(item):
        note = _("Claimed %(since)s") % {"since": since_words(item, page_context.now)}
    last = accounts.nudges.get((item.mobius_id, id_))
    if not note and last is not None:
        note = _("Nudge read") if last.read_at else _("Nudge not read yet")
    nudge = nudge_of(page_context.viewer, item, id_, accounts, page_context.now)
    return Missing(page_context.people.face(id_), note, old, blocks, nudge)


def _count_words(items: Sequence[Interaction], now: datetime) -> str:
    """``6 questions, oldest 1 d 3 h``; ``1 question, 31 min``. ``items`` come oldest first."""
    lasted = span((now - items[0].created_at).total_seconds())
    words = ngettext(
        "%(count)d question, %(duration)s", "%(count)d questions, oldest %(duration)s", len(items)
    )
    return words % {"count": len(items), "duration": lasted}
