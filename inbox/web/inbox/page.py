"""The page of a person's list: bands, counts, filters, the next page, and new questions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Credential, Recipient, Upstream
from inbox.people.names import names_of
from inbox.web.inbox.place import Place, place_among, place_of
from inbox.web.inbox.queries import (
    Sample,
    done,
    narrowed,
    order_of,
    sample,
    with_columns,
)
from inbox.web.inbox.rows import IN_A_ROW, Row, row
from inbox.web.ui.groups import group_names
from inbox.web.ui.lists import MOST, PAGE, Choice, Page, Shown, numbers
from inbox.web.ui.people import People
from inbox.web.ui.scopes import (
    CLAIMED,
    OTHERS,
    SCOPES,
    Filters,
    item_href,
    rows_of,
    shows,
)
from inbox.web.ui.when import BANDS, Band, band


@dataclass(frozen=True)
class Section:
    """A band with its rows. ``count`` is a number, with a plus sign where more may follow."""

    band: Band
    count: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Arrivals:
    """The ids of new questions that a page does not show until the viewer asks for them."""

    ids: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """``1 new``, ``50 or more new``."""
        count = len(self.ids)
        if count >= PAGE:
            return _("%(count)d or more new") % {"count": PAGE}
        return ngettext("%(count)d new", "%(count)d new", count) % {"count": count}


@dataclass(frozen=True)
class InboxList:
    """The list as ``inbox/_list.html`` shows it.

    ``shown`` are the numbers of its rows, ``until`` the place of its last row, where another page
    follows. ``exact``: its bands are counted whole, and not by the rows that are shown.
    ``place`` is that of the open question, None where it is in a filtered list.
    """

    filters: Filters
    sections: tuple[Section, ...]
    choices: tuple[Choice, ...]
    open: str
    counts: Mapping[str, str]
    arrivals: Arrivals
    shown: str
    until: str
    exact: bool
    first_href: str
    place: Place | None

    @property
    def here(self) -> str:
        """This page of the list."""
        return self.filters.href()

    @property
    def again(self) -> str:
        """The address that brings these rows up to date."""
        return self.filters.href(shown=self.shown)

    @property
    def changes_href(self) -> str:
        """Where a page asks for the changes of some questions; it adds their ids."""
        return reverse("inbox-changes") + self.filters.querystring(until=self.until)

    @property
    def next_href(self) -> str:
        """The next page; empty if there is none."""
        return self.filters.href(cursor=self.until) if self.until else ""

    @cached_property
    def scopes(self) -> tuple[Choice, ...]:
        """The scopes that a phone shows as filters."""
        return tuple(
            Choice(
                str(SCOPES[key].title),
                Filters.link(scope=key),
                on=self.filters.shown.key == key,
                key=key,
                count=self.counts.get(name, ""),
            )
            for key, name in ((CLAIMED, "claimed"), (OTHERS, "others"))
        )

    @property
    def by_chip(self) -> bool:
        """A phone shows this scope as a filter, and *All* leads out of it."""
        return any(choice.on for choice in self.scopes)

    @property
    def query(self) -> str:
        """The query that a button in the list carries, so that the same list comes back."""
        return self.filters.querystring().removeprefix("?")

    @property
    def all_href(self) -> str:
        """The same list without filters."""
        return Filters.link(scope=self.filters.shown.key)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the page, in order."""
        return tuple(row for section in self.sections for row in section.rows)


@dataclass(frozen=True)
class InboxChanges:
    """What became of some questions of a page, as ``inbox/_changes.html`` says it.

    ``rows`` are those that the page shows and may go on showing, ``left`` the ids of those that it
    may not. ``bands`` are the counts by band, empty where the page counts its rows itself.
    ``place`` is that of the open question.
    """

    filters: Filters
    rows: tuple[Row, ...]
    left: tuple[str, ...]
    arrivals: Arrivals
    bands: Mapping[str, str]
    choices: tuple[Choice, ...]
    open: str
    counts: Mapping[str, str]
    place: Place

    @property
    def here(self) -> str:
        """The page of the list."""
        return self.filters.href()


def inbox_list(
    viewer: Viewer,
    upstream: Upstream,
    filters: Filters,
    now: datetime,
    *,
    current: str = "",
    shown: Shown | None = None,
) -> InboxList:
    """Read one page of the list, with its counts; ``current`` is the open item.

    With ``shown`` those rows stay, brought up to date, and others wait. A page that would be empty
    then is filled.
    """
    rows = _listed(viewer, upstream, filters)
    order, kept = order_of(filters), list[Recipient]()
    fresh = with_columns(order.after(rows, filters.cleaned_data["cursor"]))[: PAGE + 1]
    if shown is not None and shown.ids:
        kept = list(with_columns(order.sorted(rows.filter(pk__in=shown.ids)))[:MOST])
    page = order.page(list(fresh), kept)
    counts = sample(viewer, upstream, now)
    groups = group_names(upstream, {*counts.groups, *_group_ids(page.rows)})
    lines = _rows(
        page.rows,
        viewer=viewer,
        upstream=upstream,
        groups=groups,
        filters=filters,
        now=now,
        current=current,
    )
    return InboxList(
        filters=filters,
        sections=_sections(filters, lines, page, counts, now),
        choices=_choices(filters, counts, groups),
        open=counts.words(counts.total),
        counts=counts.counts,
        arrivals=Arrivals(tuple(row.interaction.mobius_id for row in page.new)),
        shown=numbers(page.rows),
        until=page.cursor,
        exact=_exact(filters),
        first_href=filters.href(cursor="") if filters.cleaned_data["cursor"] else "",
        place=_place_in(viewer, counts, filters, current),
    )


def inbox_changes(
    viewer: Viewer,
    upstream: Upstream,
    filters: Filters,
    now: datetime,
    *,
    changed: Collection[str],
    shown: Collection[str],
    until: str = "",
    current: str = "",
) -> InboxChanges:
    """What became of the questions ``changed``, of which a page shows those in ``shown``.

    ``until`` is the page's own. A fixed number of queries, however long the list is: new questions
    are only counted, and nothing more of them is read.
    """
    # Not by the recipient's own upstream: SQLite would walk all of the viewer's rows then.
    recipients = Recipient.objects.filter(
        user_id=viewer.mobius_id or "",
        interaction__upstream=upstream,
        interaction__mobius_id__in=changed,
    )
    rows = {
        row.interaction.mobius_id: row
        for row in with_columns(narrowed(recipients, filters))
        if shows(filters.shown.key, row)
    }
    new = tuple(
        id_
        for id_, row in rows.items()
        if id_ not in shown and order_of(filters).holds(row, filters.cleaned_data["cursor"], until)
    )
    kept = [row for id_, row in rows.items() if id_ in shown]
    counts = sample(viewer, upstream, now, notices=False)
    groups = group_names(upstream, _group_ids(kept))
    lines = _rows(
        kept,
        viewer=viewer,
        upstream=upstream,
        groups=groups,
        filters=filters,
        now=now,
        current=current,
    )
    return InboxChanges(
        filters=filters,
        rows=tuple(lines),
        left=tuple(id_ for id_ in shown if id_ not in rows),
        arrivals=Arrivals(new),
        bands=_band_counts(counts) if _exact(filters) else {},
        choices=_choices(filters, counts, groups),
        open=counts.words(counts.total),
        counts=counts.counts,
        place=_place_in(viewer, counts, filters, current)
        or place_of(viewer, upstream, filters, current),
    )


def _listed(viewer: Viewer, upstream: Upstream, filters: Filters) -> QuerySet[Recipient]:
    rows = narrowed(rows_of(filters.shown.key, viewer, upstream), filters)
    return done(rows) if filters.done else rows


def _rows(
    page: Sequence[Recipient],
    *,
    viewer: Viewer,
    upstream: Upstream,
    groups: Mapping[str, str],
    filters: Filters,
    now: datetime,
    current: str,
) -> list[Row]:
    people = People(names_of(_ids(page)), viewer.mobius_id)
    can = [_can(viewer, recipient, now) for recipient in page]
    if any(can) and not _has_token(viewer, upstream):
        can = [frozenset()] * len(page)
    return [
        row(
            recipient,
            people=people,
            group=groups.get(recipient.interaction.group_id or "")
            or recipient.interaction.target_id,
            href=item_href(recipient.interaction.mobius_id, filters),
            now=now,
            current=recipient.interaction.mobius_id == current,
            can=actions,
        )
        for recipient, actions in zip(page, can, strict=True)
    ]


def _place_in(viewer: Viewer, counts: Sample, filters: Filters, current: str) -> Place | None:
    """The place of the open question, if it is among those counted."""
    if not current:
        return Place()
    return place_among(counts.holders, viewer, filters, current) if _exact(filters) else None


def _exact(filters: Filters) -> bool:
    return filters.counted and not filters.narrowed


def _ids(page: Iterable[Recipient]) -> set[str]:
    ids: set[str | None] = set()
    for recipient in page:
        item = recipient.interaction
        ids |= {item.asked_by, item.claimed_by}
        if item.shared:
            ids |= set(item.members or ())
    return {id_ for id_ in ids if id_}


def _group_ids(page: Iterable[Recipient]) -> set[str]:
    return {row.interaction.group_id for row in page if row.interaction.group_id}


def _has_token(viewer: Viewer, upstream: Upstream) -> bool:
    """The viewer can claim, as far as one query can tell."""
    kept = Credential.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream)
    return kept.exists()


def _can(viewer: Viewer, recipient: Recipient, now: datetime) -> frozenset[access.Action]:
    """The actions that the row has a button for."""
    item = recipient.interaction
    over = item.expires_at is not None and item.expires_at <= now
    return frozenset() if over else access.actions(viewer, item) & IN_A_ROW


def _sections(
    filters: Filters,
    shown: list[Row],
    page: Page[Recipient],
    counts: Sample,
    now: datetime,
) -> tuple[Section, ...]:
    if filters.done:
        label = Band("done", _("Answered and closed"), "done")
        return (Section(label, "", tuple(shown)),) if shown else ()
    rows: dict[str, list[Row]] = {}
    for recipient, line in zip(page.rows, shown, strict=True):
        rows.setdefault(band(recipient.due_at, now).key, []).append(line)
    last = next(reversed(rows), "")
    words = {
        key: f"{len(lines)}+" if page.cursor and key == last else str(len(lines))
        for key, lines in rows.items()
    }
    if _exact(filters):
        words |= _band_counts(counts)
    return tuple(Section(BANDS[key], words[key], tuple(lines)) for key, lines in rows.items())


def _band_counts(counts: Sample) -> dict[str, str]:
    """How many wait in each band, with a plus sign where more may follow."""
    found = {key: counts.bands.count(key) for key in BANDS}
    last = "" if counts.whole else counts.bands[-1]
    return {key: f"{count}+" if key == last else str(count) for key, count in found.items()}


def _choices(filters: Filters, counts: Sample, names: Mapping[str, str]) -> tuple[Choice, ...]:
    """The filters above the list. Those of a person's groups stand by themselves, two or more."""

    def choice(key: str, label: str, count: int | None, **changes: str) -> Choice:
        on = all(filters.cleaned_data[name] == value for name, value in changes.items())
        words = "" if count is None or not filters.counted else counts.words(count)
        return Choice(label, filters.href(**changes), on, key, words)

    via_group = counts.total - counts.direct
    all_of_it = choice("all", _("All"), counts.total, target="", type="")
    found = [
        all_of_it,
        choice("mine", _("Yours"), counts.direct, target="mine"),
        choice("groups", _("Groups"), via_group, target="groups"),
    ]
    if len(counts.groups) > 1 or filters.cleaned_data["target"] in counts.groups:
        named = [(names.get(id_) or id_, id_) for id_ in counts.groups]
        found += [
            choice(f"group-{id_}", name, counts.groups[id_], target=id_)
            for name, id_ in sorted(named, key=lambda entry: entry[0].lower())
        ]
    found += [
        choice(type_, label, None, type=type_)
        for type_, label in (
            ("approval", _("Approvals")),
            ("review", _("Reviews")),
            ("input", _("Inputs")),
        )
    ]
    return tuple(found)
