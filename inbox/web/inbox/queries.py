"""The questions that one person was asked, read from the mirror."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.web.ui.frame import rail_counts
from inbox.web.ui.lists import Keyset
from inbox.web.ui.scopes import CLAIMED, COUNTED, OPEN, Filters, counted_words, rows_of
from inbox.web.ui.when import band

_COLUMNS = (
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
            "claimable",
            "claimed_by",
            "claimed_at",
            "due_at",
            "soft",
            "expires_at",
            "completed_at",
            "workflow",
            "asked_by",
            "gone",
        )
    ),
)


SOONEST_DUE = Keyset("due_at", ascending=True, nulls_last=True)
NEWEST_CLOSED = Keyset("closed_at")


def order_of(filters: Filters) -> Keyset:
    """The order of a part of the list."""
    return NEWEST_CLOSED if filters.done else SOONEST_DUE


@dataclass(frozen=True)
class Sample:
    """The first ``COUNTED`` open questions, as far as counts need them.

    ``groups``: how many each group was asked, by its id. ``claimed``: how many the viewer has
    claimed. ``rail``: the other numbers of the rail. ``holders``: who has claimed each, in their
    order, with one more where not all were counted.
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
    """The rows that match the filters."""
    cleaned = filters.cleaned_data
    if cleaned["type"]:
        rows = rows.filter(interaction__type=cleaned["type"])
    if cleaned["target"] == "mine":
        rows = rows.filter(via_group=False)
    elif cleaned["target"] == "groups":
        rows = rows.filter(via_group=True)
    elif cleaned["target"]:
        rows = rows.filter(via_group=True, interaction__group_id=cleaned["target"])
    for word in cleaned["q"].lower().split():
        rows = rows.filter(interaction__search__contains=word)
    return rows


def done(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    """Those of closed rows that *Done* lists."""
    rows = rows.filter(closed_at__isnull=False)
    return rows.filter(Q(answered_at__isnull=False) | Q(interaction__status="expired"))


def with_columns(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    """The rows with what a list shows of their interactions."""
    return rows.select_related("interaction").only(*_COLUMNS)


def sample(viewer: Viewer, upstream: Upstream, now: datetime, *, notices: bool = True) -> Sample:
    """Count the open questions, unfiltered, with the other numbers of the rail (and ``notices``).

    Two queries. Claimed questions are open too: a third only where not all were counted.
    """
    many = COUNTED + 1
    opened = SOONEST_DUE.sorted(rows_of(OPEN, viewer, upstream)).values_list(
        "due_at",
        "via_group",
        "holds",
        "interaction__group_id",
        "interaction__mobius_id",
        "interaction__claimed_by",
    )
    waiting = list(opened[:many])
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
        rail=rail_counts(viewer, upstream, notices=notices),
        holders={id_: claimed_by for *_, id_, claimed_by in waiting},
    )
