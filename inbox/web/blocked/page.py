"""*Blocked*: what waits, for how long, on which person and which group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.models import Interaction, SavedView, Upstream
from inbox.web.blocked.parts import (
    Asked,
    GroupPart,
    Missing,
    PageContext,
    PersonPart,
    asked_of,
    by_group,
    by_person,
    missing_of,
)
from inbox.web.blocked.queries import MOST, OVER, BlockedFilters, groups_by_id, read
from inbox.web.ui.answers import progress
from inbox.web.ui.claims import stale
from inbox.web.ui.lists import Choice, chips
from inbox.web.ui.nudging import Nudged, known, waits_for
from inbox.web.ui.people import People
from inbox.web.ui.when import clock, midnight, span
from inbox.web.ui.words import listed

PRESSING = 6
"""What expires today and what is held for too long: so many are listed beside."""
CHOICES = 30


@dataclass(frozen=True)
class Counter:
    """A figure that is also a filter."""

    key: str
    label: str
    icon: str
    tone: str
    figure: str
    small: str
    href: str
    on: bool


@dataclass(frozen=True)
class Menu:
    """What can be filtered by: a name and its choices."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Expiring:
    """A question that closes today, when, and who is missing."""

    asked: Asked
    at: datetime | None
    words: str


@dataclass(frozen=True)
class Panel:
    """The first of what is pressing. ``count`` is of all, ``more`` of those that are not listed;
    empty for none.
    """

    rows: tuple[Any, ...]
    count: str
    more: str
    href: str


@dataclass(frozen=True)
class Told:
    """A nudge of today."""

    words: str
    title: str
    when: str


@dataclass(frozen=True)
class BlockedPage:
    """What ``blocked/_blocked.html`` shows. ``whole``: nothing that waits was left unread."""

    filters: BlockedFilters
    count: str
    counters: tuple[Counter, ...]
    chips: tuple[Choice, ...]
    menus: tuple[Menu, ...]
    people: tuple[PersonPart, ...]
    groups: tuple[GroupPart, ...]
    expiring: Panel
    held: Panel
    told: tuple[Told, ...]
    views: tuple[SavedView, ...]
    whole: bool

    @property
    def most(self) -> int:
        """How many of the oldest were read."""
        return MOST


def blocked_page(
    viewer: Viewer, upstream: Upstream, filters: BlockedFilters, now: datetime
) -> BlockedPage:
    """All of the page. Three queries."""
    asked = filters.cleaned_data
    items, whole = read(viewer, upstream, filters, now)
    ids = {id_ for item in items for id_ in waits_for(item)}
    about = known(upstream, ids | {asked["person"], viewer.mobius_id or ""}, now)
    groups, views = groups_by_id(
        viewer, upstream, {item.group_id or "" for item in items} | {asked["group"]}
    )
    page_context = PageContext(
        viewer=viewer,
        filters=filters,
        people=People(about.names, viewer.mobius_id),
        known=about,
        groups_by_id=groups,
        now=now,
    )
    kinds = {name: [item for item in items if is_(item, now)] for name, is_ in _IS.items()}
    expiring = sorted(kinds["today"], key=lambda item: item.expires_at or now)
    shown = kinds[asked["show"]] if asked["show"] else items
    return BlockedPage(
        filters=filters,
        count=_figure(len(items), whole=whole),
        counters=_counters(items, kinds, filters, now, whole=whole),
        chips=_chips(page_context),
        menus=_menus(items, page_context),
        people=by_person(shown, page_context),
        groups=by_group(shown, page_context),
        expiring=_panel("today", expiring, _expiring, page_context),
        held=_panel("stale", kinds["stale"], _held, page_context),
        told=_told(items, page_context),
        views=tuple(views),
        whole=whole,
    )


def _late(item: Interaction, now: datetime) -> bool:
    """Only while it can be answered: an expired one is closed, though nobody may have said so."""
    over = item.expires_at is not None and item.expires_at <= now
    return item.due_at is not None and item.due_at <= now and not over


def _today(item: Interaction, now: datetime) -> bool:
    tonight = midnight(now) + timedelta(days=1)
    return item.expires_at is not None and now < item.expires_at < tonight


def _everybody(item: Interaction, _now: datetime) -> bool:
    return item.shared and item.policy_kind == "all"


_IS: Mapping[str, Callable[[Interaction, datetime], bool]] = {
    "late": _late,
    "today": _today,
    "stale": stale,
    "all": _everybody,
}


def _counters(
    items: Sequence[Interaction],
    kinds: Mapping[str, Sequence[Interaction]],
    filters: BlockedFilters,
    now: datetime,
    *,
    whole: bool,
) -> tuple[Counter, ...]:
    show = filters.cleaned_data["show"]
    oldest = soonest = answers = ""
    if items:
        oldest = _("oldest %(duration)s") % {"duration": _lasted(items[0].created_at, now)}
    ends = [item.expires_at for item in kinds["today"] if item.expires_at is not None]
    if ends:
        soonest = _("next in %(duration)s") % {"duration": _lasted(now, min(ends))}
    limit = _lasted(now - settings.CLAIM_STALE_AFTER, now)
    missing = sum(of - have for have, of in filter(None, map(progress, kinds["all"])))
    if missing:
        words = ngettext("%(count)d answer missing", "%(count)d answers missing", missing)
        answers = words % {"count": missing}
    over = _("over %(duration)s") % {"duration": limit}
    made = (
        ("", _("Waiting"), "hourglass", "", items, oldest),
        ("late", _("Overdue"), "alert", "bad", kinds["late"], _("still open")),
        ("today", _("Expiring today"), "clock", "warn", kinds["today"], soonest),
        ("stale", _("Claimed too long"), "claimed", "warn", kinds["stale"], over),
        ("all", _("Everyone must answer"), "groups", "", kinds["all"], answers),
    )
    return tuple(
        Counter(
            key=key or "waiting",
            label=label,
            icon=icon,
            tone=tone if found else "",
            figure=_figure(len(found), whole=whole or key in ("late", "today", "stale")),
            small=small if found else "",
            href=filters.href(show="" if key == show else key),
            on=key == show,
        )
        for key, label, icon, tone, found, small in made
    )


def _figure(count: int, *, whole: bool) -> str:
    """A count; of what was not read to its end it says that there are more."""
    return f"{count}+" if not whole or count > MOST else str(count)


def _lasted(since: datetime, until: datetime) -> str:
    return span((until - since).total_seconds())


def _chips(page_context: PageContext) -> tuple[Choice, ...]:
    asked = page_context.filters.cleaned_data
    group_members = page_context.groups_by_id.get(asked["group"])
    labels = {
        "over": _("Waiting over %(hours)d h") % {"hours": OVER.get(asked["over"], 0)},
        "workflow": asked["workflow"],
        "group": group_members.name if group_members else asked["group"],
        "person": page_context.people.name(asked["person"]),
        "q": _("“%(text)s”") % {"text": asked["q"]},
    }
    return chips(page_context.filters, labels)


def _menus(items: Sequence[Interaction], page_context: PageContext) -> tuple[Menu, ...]:
    """What there is to filter by among what was read."""
    people, filters = page_context.people, page_context.filters
    ids = {id_ for item in items for id_ in waits_for(item)}
    known_groups = {
        id_: group_members.name for id_, group_members in page_context.groups_by_id.items() if id_
    }
    over = {key: _("Over %(hours)d h") % {"hours": hours} for key, hours in OVER.items()}
    made = (
        (
            "workflow",
            _("Workflow"),
            {item.workflow: item.workflow for item in items if item.workflow},
        ),
        ("group", _("Group"), known_groups),
        ("person", _("Person"), {id_: people.name(id_) for id_ in ids}),
        ("over", _("Waiting over"), over),
    )
    menus = []
    for name, label, options in made:
        if filters.cleaned_data[name] or not options:
            continue
        pairs = options.items() if name == "over" else sorted(options.items(), key=_by_words)
        choices = [Choice(words, filters.href(**{name: value})) for value, words in pairs]
        menus.append(Menu(name, label, tuple(choices[:CHOICES])))
    return tuple(menus)


def _by_words(pair: tuple[str, str]) -> str:
    return pair[1].casefold()


def _panel(
    show: str,
    items: Sequence[Interaction],
    row_of: Callable[[Interaction, PageContext], Any],
    page_context: PageContext,
) -> Panel:
    # On the page that the panel leads to, nothing is left out.
    shown = items if page_context.filters.cleaned_data["show"] == show else items[:PRESSING]
    more = len(items) - len(shown)
    return Panel(
        rows=tuple(row_of(item, page_context) for item in shown),
        count=_figure(len(items), whole=True),
        more=_figure(more, whole=len(items) <= MOST) if more > 0 else "",
        href=page_context.filters.href(show=show),
    )


def _held(item: Interaction, page_context: PageContext) -> tuple[Asked, Missing]:
    return asked_of(item, page_context), missing_of(item, item.claimed_by or "", page_context)


def _expiring(item: Interaction, page_context: PageContext) -> Expiring:
    asked = asked_of(item, page_context)
    if asked.held:
        you, other = _("You: %(claimed)s."), _("%(name)s: %(claimed)s.")
        held = page_context.people.sentence(item.claimed_by, you, other, claimed=asked.held)
        return Expiring(asked, item.expires_at, held)
    names = page_context.people.objects(waits_for(item))
    words = _("Mobius doesn't say who this is for.")
    if names:
        words = _("Waiting on %(names)s.") % {"names": listed(names)}
    return Expiring(asked, item.expires_at, words)


def _told(items: Sequence[Interaction], page_context: PageContext) -> tuple[Told, ...]:
    """Today's nudges on what still waits, the newest first."""
    titles = {item.mobius_id: item.title for item in items}
    today = midnight(page_context.now)
    nudges = [
        one for one in page_context.known.nudges.values() if one.at >= today and one.item in titles
    ]
    nudges.sort(key=lambda one: one.at, reverse=True)
    return tuple(_said(one, titles[one.item], page_context) for one in nudges[:PRESSING])


def _said(one: Nudged, title: str, page_context: PageContext) -> Told:
    people = page_context.people
    names = {"name": one.sender_name, "user": people.object(one.user)}
    by_reader = people.is_reader(one.sender)
    words = (_("You nudged %(user)s") if by_reader else _("%(name)s nudged %(user)s")) % names
    read = _("Not read yet")
    if one.read_at:
        read = _("Read at %(time)s") % {"time": clock(one.read_at)}
    return Told(words, f"{title or _('A question')} · {read}", clock(one.at))
