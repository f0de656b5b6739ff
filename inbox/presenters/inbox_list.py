"""One person's list as a page: bands, counts, filters, the next page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists

from inbox import access
from inbox.access import Viewer
from inbox.models import Credential, Recipient, Upstream
from inbox.presenters.asks import (
    Sample,
    cursor_at,
    done_in_order,
    in_order,
    narrowed,
    sample,
    with_columns,
)
from inbox.presenters.filters import Filters, inbox_href, item_href
from inbox.presenters.people import People
from inbox.presenters.rows import Row, row
from inbox.presenters.scopes import CLAIMED, OTHERS, SCOPES, rows_of
from inbox.presenters.when import BANDS, Band, band
from inbox.reviewers.names import names_of

PAGE = 50


@dataclass(frozen=True)
class Choice:
    """One filter that can be switched on: its words, its address, whether it is on."""

    label: str
    count: str
    href: str
    on: bool


@dataclass(frozen=True)
class Stretch:
    """A band with its rows. ``count`` is a number, with a plus sign where more may follow."""

    band: Band
    count: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class InboxList:
    """The list as ``inbox/_list.html`` shows it."""

    filters: Filters
    stretches: tuple[Stretch, ...]
    choices: tuple[Choice, ...]
    open: str
    counts: Mapping[str, str]
    next_href: str
    first_href: str

    @property
    def here(self) -> str:
        """This page of the list."""
        return inbox_href(self.filters)

    @property
    def scopes(self) -> tuple[Choice, ...]:
        """The parts of the list that a phone has no other way to."""
        return tuple(
            Choice(
                SCOPES[key].title,
                self.counts[name],
                inbox_href(Filters(scope=key)),
                self.filters.scope == key,
            )
            for key, name in ((CLAIMED, "claimed"), (OTHERS, "others"))
        )

    @property
    def query(self) -> str:
        """What a button in the list carries, so that the same list comes back."""
        return self.filters.query(cursor=self.filters.cursor).removeprefix("?")

    @property
    def all_href(self) -> str:
        """The same list without filters."""
        return inbox_href(Filters(scope=self.filters.scope))

    @property
    def kept_fields(self) -> tuple[tuple[str, str], ...]:
        """What a search keeps of the filters, as form fields."""
        fields = (
            ("scope", self.filters.scope),
            ("type", self.filters.type),
            ("target", self.filters.target),
        )
        return tuple((name, value) for name, value in fields if value)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the page, in order."""
        return tuple(row for stretch in self.stretches for row in stretch.rows)


def inbox_list(
    viewer: Viewer, upstream: Upstream, filters: Filters, now: datetime, *, current: str = ""
) -> InboxList:
    """Read one page of the list, with its counts. Three queries; ``current`` is the open item."""
    rows = narrowed(rows_of(filters.scope, viewer, upstream), filters)
    order = done_in_order if filters.done else in_order
    read = with_columns(order(rows, PAGE + 1, filters.cursor))
    found = list(read.annotate(has_token=_has_token(viewer, upstream)))
    counts = sample(viewer, upstream, now)
    page, more = found[:PAGE], len(found) > PAGE
    people = People(names_of(_ids(page)), viewer.mobius_id)
    shown = [
        row(
            recipient,
            people=people,
            group=getattr(recipient, "group_name", None) or recipient.interaction.target_id,
            href=item_href(recipient.interaction.mobius_id, filters),
            now=now,
            current=recipient.interaction.mobius_id == current,
            can=_can(viewer, recipient, now),
        )
        for recipient in page
    ]
    stretches = _stretches(filters, shown, page, counts, more=more, now=now)
    next_href = ""
    if more:
        last = page[-1]
        cursor = cursor_at(last.closed_at if filters.done else last.due_at, last.pk)
        next_href = inbox_href(replace(filters, cursor=cursor))
    return InboxList(
        filters=filters,
        stretches=stretches,
        choices=_choices(filters, counts),
        open=counts.words(counts.total),
        counts=counts.counts,
        next_href=next_href,
        first_href=inbox_href(filters.but()) if filters.cursor else "",
    )


def _ids(page: Iterable[Recipient]) -> set[str]:
    ids: set[str | None] = set()
    for recipient in page:
        item = recipient.interaction
        ids |= {item.asked_by, item.claimed_by}
        if item.policy.get("kind", "any") != "any":
            ids |= set(item.members or ())
    return {id_ for id_ in ids if id_}


def _has_token(viewer: Viewer, upstream: Upstream) -> Exists:
    """The viewer can claim, as far as the rows' own query can tell."""
    return Exists(Credential.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream))


def _can(viewer: Viewer, recipient: Recipient, now: datetime) -> Collection[access.Action]:
    item = recipient.interaction
    over = item.expires_at is not None and item.expires_at <= now
    idle = over or not getattr(recipient, "has_token", False)
    return () if idle else access.actions(viewer, item)


def _stretches(
    filters: Filters,
    shown: list[Row],
    page: Sequence[Recipient],
    counts: Sample,
    *,
    more: bool,
    now: datetime,
) -> tuple[Stretch, ...]:
    if filters.done:
        label = Band("done", "Answered and expired", "done")
        return (Stretch(label, "", tuple(shown)),) if shown else ()
    rows: dict[str, list[Row]] = {}
    for recipient, line in zip(page, shown, strict=True):
        rows.setdefault(band(recipient.due_at, now).key, []).append(line)
    exact = not filters.narrowed and filters.counted
    last = next(reversed(rows), "")
    stretches = []
    for key, lines in rows.items():
        if exact:
            count = counts.bands.count(key)
            words = str(count) if counts.whole or key != counts.bands[-1] else f"{count}+"
        else:
            words = f"{len(lines)}+" if more and key == last else str(len(lines))
        stretches.append(Stretch(BANDS[key], words, tuple(lines)))
    return tuple(stretches)


def _choices(filters: Filters, counts: Sample) -> tuple[Choice, ...]:
    """The filters above the list. Those of a person's groups stand by themselves, two or more."""

    def choice(label: str, count: int | None, **changes: str) -> Choice:
        after = filters.but(**changes)
        on = all(getattr(filters, name) == value for name, value in changes.items())
        words = "" if count is None or not filters.counted else counts.words(count)
        return Choice(label, words, inbox_href(after), on)

    via_group = counts.total - counts.direct
    all_of_it = choice("All", counts.total, target="", type="")
    found = [
        all_of_it,
        choice("Yours", counts.direct, target="mine"),
        choice("Groups", via_group, target="groups"),
    ]
    if len(counts.groups) > 1 or filters.target in counts.groups:
        by_name = sorted(counts.groups.items(), key=lambda entry: entry[1][0].lower())
        found += [choice(name, count, target=id_) for id_, (name, count) in by_name]
    found += [
        choice(label, None, type=type_)
        for type_, label in (("approval", "Approvals"), ("review", "Reviews"), ("input", "Inputs"))
    ]
    return tuple(found)
