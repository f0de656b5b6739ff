"""The questions that one person was asked, read from the mirror."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_datetime

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.web.ui.frame import rail_counts
from inbox.web.ui.scopes import CLAIMED, COUNTED, OPEN, Filters, counted_words, rows_of
from inbox.web.ui.when import band

_COLUMNS = (
    "user_id",
    "via_group",
    "open",
    "holds",
    "waits",
    "due_at",
    "answered_at",
    "closed_at",
    "value",
    *(
        f"interaction__{name}"
        for name in (
            "mobius_id",
            "run_id",
            "type",
            "mode",
            "status",
            "state",
            "title",
            "questions",
            "policy",
            "responses",
            "target_type",
            "target_id",
            "group_id",
            "members",
            "claimed_by",
            "claimed_at",
            "due_at",
            "soft",
            "expires_at",
            "completed_at",
            "created_at",
            "updated_at",
            "workflow",
            "asked_by",
            "gone",
        )
    ),
)


NO_LIMIT: tuple[datetime | None, int] = (None, 0)


@dataclass(frozen=True)
class Sample:
    """The first ``COUNTED`` of what waits, as far as counts need it.

    ``groups``: how many each group was asked, by its id. ``claimed``: what the viewer holds.
    ``rail``: the other numbers of the rail. ``holders``: who has claimed each, in their order, with
    one more where not all was counted.
    """

    bands: tuple[str, ...]
    direct: int
    groups: Mapping[str, int]
    total: int
    whole: bool
    claimed: int
    rail: Mapping[str, str]
    holders: Mapping[str, str | None]

    @property
    def counts(self) -> dict[str, str]:
        """The numbers in the rail, by name; empty for nothing."""
        grouped = self.total - self.direct
        return {
            **self.rail,
            "inbox": self.words(self.total) if self.total else "",
            "claimed": counted_words(self.claimed),
            "groups": self.words(grouped) if grouped else "",
        }

    def words(self, count: int) -> str:
        """A count, with a plus sign where not all was counted."""
        return str(count) if self.whole else f"{count}+"


def narrowed(rows: QuerySet[Recipient], filters: Filters) -> QuerySet[Recipient]:
    """The rows that the filters leave."""
    if filters.type:
        rows = rows.filter(interaction__type=filters.type)
    if filters.target == "mine":
        rows = rows.filter(via_group=False)
    elif filters.target == "groups":
        rows = rows.filter(via_group=True)
    elif filters.target:
        rows = rows.filter(via_group=True, interaction__group_id=filters.target)
    for word in filters.q.lower().split():
        rows = rows.filter(interaction__search__contains=word)
    return rows


def in_order(rows: QuerySet[Recipient], limit: int, cursor: str = "") -> QuerySet[Recipient]:
    """The next ``limit`` open rows after the cursor: soonest due first, without a deadline last."""
    at, after = _read(cursor)
    if at is not None:
        same = Q(due_at=at, id__gt=after)
        rows = rows.filter(Q(due_at__gt=at) | same | Q(due_at__isnull=True))
    elif after:
        rows = rows.filter(due_at__isnull=True, id__gt=after)
    return rows.order_by(F("due_at").asc(nulls_last=True), "id")[:limit]


def done_in_order(rows: QuerySet[Recipient], limit: int, cursor: str) -> QuerySet[Recipient]:
    """The next ``limit`` closed rows, newest first: what the person answered, and what closed
    unanswered.
    """
    at, before = _read(cursor)
    if at is not None:
        rows = rows.filter(closed_at__lte=at).filter(Q(closed_at__lt=at) | Q(id__lt=before))
    return rows.order_by("-closed_at", "-id")[:limit]


def done(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    """Those of closed rows that *Done* lists."""
    rows = rows.filter(closed_at__isnull=False)
    return rows.filter(Q(answered_at__isnull=False) | Q(interaction__status="expired"))


def stands_between(
    at: datetime | None, pk: int, after: str, until: str, *, newest_first: bool
) -> bool:
    """The place of a row in its list is behind the cursor ``after``, and not behind ``until``.

    A cursor that is empty or cannot be read is no limit.
    """

    def place(at: datetime | None, id_: int) -> tuple[bool, float, int]:
        seconds = 0.0 if at is None else at.timestamp()
        return (False, -seconds, -id_) if newest_first else (at is None, seconds, id_)

    here = place(at, pk)
    first, last = _read(after), _read(until)
    behind = first == NO_LIMIT or place(*first) < here
    return behind and (last == NO_LIMIT or here <= place(*last))


def _read(cursor: str) -> tuple[datetime | None, int]:
    """A cursor that cannot be read is the first page."""
    text, _, number = cursor.rpartition("_")
    try:
        at = parse_datetime(text) if text else None
        after = int(number) if number else 0
    except ValueError:
        return NO_LIMIT
    return NO_LIMIT if at is not None and at.tzinfo is None else (at, after)


def cursor_at(at: datetime | None, id_: int) -> str:
    """Where the next page begins: after the row of this time and id."""
    return f"{at.isoformat() if at else ''}_{id_}"


def with_columns(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    """The rows with what a list shows of their interactions."""
    return rows.select_related("interaction").only(*_COLUMNS)


def sample(viewer: Viewer, upstream: Upstream, now: datetime) -> Sample:
    """Count what waits, unfiltered, with the other numbers of the rail.

    Two queries. What is claimed waits too, so it needs a third only where not all was counted.
    """
    many = COUNTED + 1
    opened = in_order(rows_of(OPEN, viewer, upstream), many).values_list(
        "due_at",
        "via_group",
        "holds",
        "interaction__group_id",
        "interaction__mobius_id",
        "interaction__claimed_by",
    )
    waiting = list(opened)
    counted, whole = waiting[:COUNTED], len(waiting) <= COUNTED
    claimed = sum(holds for _, _, holds, *_ in counted)
    if not whole:
        claimed = rows_of(CLAIMED, viewer, upstream)[:many].count()
    return Sample(
        bands=tuple(band(due_at, now).key for due_at, *_ in counted),
        direct=sum(not via_group for _, via_group, *_ in counted),
        groups=Counter(
            group_id for _, via_group, _, group_id, *_ in counted if via_group and group_id
        ),
        total=len(counted),
        whole=whole,
        claimed=claimed,
        rail=rail_counts(viewer, upstream),
        holders={id_: claimed_by for *_, id_, claimed_by in waiting},
    )
