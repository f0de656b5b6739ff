from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.access.search import matching
from inbox.answering.draft import with_text
from inbox.mobius.types import PolicyKind
from inbox.models import Attempt, BatchItem, Interaction, Recipient, Run, Upstream
from inbox.web.questions.order import RETURNED, usual_order
from inbox.web.ui.frame import count_open, rail_counts
from inbox.web.ui.held import on_their_way
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import (
    CLAIMED,
    COUNTED,
    OPEN,
    SNOOZED,
    Filters,
    by_snooze,
    rows_of,
    unseen,
)
from inbox.web.ui.when import AGE_HOURS, BANDS, HOUR, band, midnight, next_midnight, since

_COLUMNS = (
    "checks",
    "via_group",
    "open",
    "claimed",
    "waits_for_others",
    "due_at",
    "answered_at",
    "closed_at",
    "created_at",
    "workflow",
    "value",
    "seen",
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
            "signal_name",
            "policy",
            "responses",
            "target_type",
            "target_id",
            "group_id",
            "members",
            "claimable",
            "claimed_by",
            "claimed_at",
            "updated_at",
            "due_at",
            "soft",
            "expires_at",
            "completed_at",
            "workflow",
            "asked_by",
            "deleted",
        )
    ),
)
_SEARCHED_COLUMNS = (
    *_COLUMNS,
    *(
        f"interaction__{name}"
        for name in ("message", "context", "details", "responder_id", "value", "comment")
    ),
)

FEW_FOUND = 500
"""If a search finds fewer questions, the list starts from them instead of walking its index."""

_UNCLAIMED = Q(interaction__claimed_by=None) | Q(interaction__claimed_by="")


@dataclass(frozen=True)
class Sample:
    """``claimed_by`` is in list order, with one more if not all were counted."""

    bands: tuple[str, ...]
    direct: int
    groups: Mapping[str, int]
    total: int
    whole: bool
    rail: Mapping[str, str]
    claimed_by: Mapping[str, str | None]
    to_review: int

    def words(self, count: int) -> str:
        """With a plus sign if not all were counted."""
        return str(count) if self.whole else f"{count}+"

    def band_counts(self, waiting: Iterable[str]) -> dict[str, str]:
        """``waiting`` are the bands of the new ones that a page does not show yet."""
        behind = Counter(waiting)
        found = {key: self.bands.count(key) - behind[key] for key in (RETURNED.key, *BANDS)}
        last = "" if self.whole else self.bands[-1]
        return {key: f"{count}+" if key == last else str(count) for key, count in found.items()}


def list_rows(
    own: OwnData, filters: Filters, *, even_seen: bool = False, few: int = FEW_FOUND
) -> QuerySet[Recipient]:
    unread = bool(filters.cleaned_data["unread"]) and not even_seen
    snoozed = own.snoozed if filters.rows in (OPEN, SNOOZED) else ()
    rows = rows_of(filters.rows, own.viewer, own.upstream, snoozed=snoozed, unread=unread)
    rows = narrowed(rows, own, filters, even_seen=even_seen, few=few)
    return done(rows) if filters.done else rows


def narrowed(
    rows: QuerySet[Recipient],
    own: OwnData,
    filters: Filters,
    *,
    even_seen: bool = False,
    few: int = FEW_FOUND,
) -> QuerySet[Recipient]:
    """``even_seen``: the filter *Unread* is ignored."""
    viewer, upstream, cleaned = own.viewer, own.upstream, filters.cleaned_data
    if cleaned["target"] == "mine":
        rows = rows.filter(via_group=False)
    elif cleaned["target"] == "groups":
        rows = rows.filter(via_group=True)
    elif cleaned["target"]:
        rows = rows.filter(group_id=cleaned["target"])
    exact = {
        "type": cleaned["type"],
        "workflow": cleaned["workflow"],
        "asked_by": cleaned["requester"],
        "run_id": cleaned["run"],
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    rows = _due(_asked(rows, cleaned["age"]), cleaned["due"])
    rows = _claimed(rows, upstream, cleaned["claimed"])
    rows = _answered(rows, cleaned["answer"])
    if cleaned["review"]:
        rows = rows.filter(open=True, checks=True)
    if cleaned["closed"]:
        rows = rows.filter(closed_at__gte=since(cleaned["closed"], timezone.now()))
    if cleaned["failed"]:
        rows = rows.filter(_run_failed_after_answer())
    if cleaned["unread"] and not even_seen:
        rows = unseen(rows)
    if cleaned["drafts"]:
        drafted = with_text(viewer, upstream).values("interaction_id")
        items = Interaction.objects.filter(upstream=upstream, mobius_id__in=drafted)
        rows = rows.filter(interaction__in=items.values("pk"))
    if not cleaned["q"]:
        return rows
    return rows.filter(
        matching(viewer, upstream, cleaned["q"], of="interaction", names=own.names, few=few)
    )


def available(own: OwnData, filters: Filters) -> QuerySet[Recipient]:
    """Not claimed by others, nor snoozed, nor answered by the viewer."""
    viewer, upstream = own.viewer, own.upstream
    rows = rows_of(filters.rows, viewer, upstream, snoozed=own.snoozed)
    rows = narrowed(rows, own, filters)
    if filters.rows == CLAIMED:
        rows = by_snooze(CLAIMED, rows, viewer, snoozed=own.snoozed)
    rows = rows.exclude(on_their_way(viewer.user_id, upstream))
    return rows.filter(_UNCLAIMED | Q(interaction__claimed_by=viewer.mobius_id))


def _asked(rows: QuerySet[Recipient], age: str) -> QuerySet[Recipient]:
    now = timezone.now()
    if age == "today":
        return rows.filter(created_at__gte=midnight(now))
    return rows.filter(created_at__lte=now - timedelta(hours=AGE_HOURS[age])) if age else rows


def _due(rows: QuerySet[Recipient], due: str) -> QuerySet[Recipient]:
    now = timezone.now()
    match due:
        case "":
            return rows
        case "none":
            return rows.filter(due_at__isnull=True)
        case "late":
            return rows.filter(due_at__lte=now)
        case "hour":
            return rows.filter(due_at__gt=now, due_at__lte=now + timedelta(seconds=HOUR))
        case "today":
            return rows.filter(due_at__gt=now, due_at__lt=next_midnight(now))
        case _:
            return rows.filter(due_at__gt=now, due_at__lte=now + timedelta(days=7))


def _claimed(rows: QuerySet[Recipient], upstream: Upstream, claimed: str) -> QuerySet[Recipient]:
    """A claim counts only if one answer is enough."""
    several = [PolicyKind.ALL.value, PolicyKind.QUORUM.value]
    together = Q(interaction__policy__kind__in=several)
    match claimed:
        case "":
            return rows
        case "me":
            return rows.filter(claimed=True)
        case "others":
            taken = Interaction.objects.filter(upstream=upstream, claimed_by__isnull=False)
            rows = rows.filter(interaction__in=taken.filter(status="pending").values("pk"))
            rows = rows.exclude(_UNCLAIMED).exclude(interaction__claimed_by=F("user_id"))
            return rows.exclude(together)
        case _:
            return rows.filter(_UNCLAIMED | together)


def _answered(rows: QuerySet[Recipient], answer: str) -> QuerySet[Recipient]:
    verdict = Q(interaction__mode="confirm") & (Q(value=True) | Q(value=False))
    match answer:
        case "":
            return rows
        case "none":
            return rows.filter(answered_at__isnull=True)
        case "other":
            return rows.filter(~verdict, answered_at__isnull=False)
        case _:
            return rows.filter(interaction__mode="confirm", value=answer == "approved")


def _run_failed_after_answer() -> Exists:
    """Upstream's times may be whole seconds."""
    run = Run.objects.filter(
        upstream_id=OuterRef("upstream_id"),
        mobius_id=OuterRef("interaction__run_id"),
        state="failed",
    )
    failed = run.alias(failed_at=Coalesce("completed_at", "updated_at"))
    return Exists(failed.filter(failed_at__gte=OuterRef("answered_at")))


def done(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    rows = rows.filter(closed_at__isnull=False)
    unanswered = Q(interaction__status__in=Interaction.UNANSWERED)
    return rows.filter(Q(answered_at__isnull=False) | unanswered)


def closed_meanwhile(
    viewer: Viewer, filters: Filters, rows: QuerySet[Recipient], answered_here: Collection[str]
) -> QuerySet[Recipient]:
    """Rows closed elsewhere since the page was rendered."""
    if filters.shown.key not in (OPEN, CLAIMED):
        return rows.none()
    over = Q(closed_at__isnull=False) | Q(answered_at__isnull=False)
    left = rows.filter(over, open__in=(False,))
    if not answered_here:
        return left
    sent_later = Attempt.objects.filter(
        reviewer__user_id=viewer.user_id,
        upstream_id=OuterRef("interaction__upstream_id"),
        interaction_id=OuterRef("interaction__mobius_id"),
        state=Attempt.State.ANSWERED,
        send_at__isnull=False,
    )
    in_batch = BatchItem.objects.filter(
        batch__reviewer__user_id=viewer.user_id,
        batch__upstream_id=OuterRef("interaction__upstream_id"),
        interaction_id=OuterRef("interaction__mobius_id"),
        state=BatchItem.State.DONE,
    )
    elsewhere = Q(answered_at__isnull=True) | ~Q(interaction__mobius_id__in=answered_here)
    return left.filter(elsewhere | Exists(sent_later) | Exists(in_batch))


def runs_of(
    viewer: Viewer, upstream: Upstream, filters: Filters, page: Iterable[Recipient], *more: str
) -> dict[str, Run]:
    ids = {row.interaction.run_id for row in page if row.interaction.run_id}
    if not filters.done or not ids:
        return {}
    runs = access.runs(viewer, upstream).filter(mobius_id__in=ids)
    found = runs.only("mobius_id", "status", "state", *more)
    return {run.mobius_id: run for run in found}


def with_columns(rows: QuerySet[Recipient], filters: Filters, *more: str) -> QuerySet[Recipient]:
    columns = _SEARCHED_COLUMNS if filters.cleaned_data["q"] else _COLUMNS
    return rows.select_related("interaction").only(*columns, *more)


_COUNTED_COLUMNS = (
    "due_at",
    "via_group",
    "claimed",
    "seen",
    "checks",
    "interaction__group_id",
    "interaction__mobius_id",
    "interaction__claimed_by",
    "interaction_id",
)


def sample(
    own: OwnData,
    now: datetime,
    *,
    listed: Sequence[Recipient] | None = None,
    notices: bool = True,
) -> Sample:
    """``listed``: all open questions, in order, if the page has read them."""
    order = usual_order(own.returns)
    if listed is None:
        opened = rows_of(OPEN, own.viewer, own.upstream, snoozed=own.snoozed)
        rows = order.first(opened, "", COUNTED + 1)
        waiting = list(rows.values_list(*_COUNTED_COLUMNS))
    else:
        waiting = [_counted_columns(row) for row in listed]
    counted = waiting[:COUNTED]
    counts = count_open([columns[1:4] for columns in waiting], own.snoozed)
    tomorrow = next_midnight(now)
    return Sample(
        bands=tuple(
            RETURNED.key if number in order.returned else band(due_at, now, tomorrow).key
            for due_at, *_, number in counted
        ),
        direct=sum(not via_group for _, via_group, *_ in counted),
        groups=Counter(
            group_id for _, via_group, _, _, _, group_id, *_ in counted if via_group and group_id
        ),
        total=len(counted),
        whole=counts.whole,
        rail=rail_counts(own, counts, notices=notices),
        claimed_by={id_: claimed_by for *_, id_, claimed_by, _number in waiting},
        to_review=sum(checks for _, _, _, _, checks, *_ in counted),
    )


def _counted_columns(row: Recipient) -> tuple[Any, ...]:
    item = row.interaction
    about_item = (item.group_id, item.mobius_id, item.claimed_by)
    about_row = (row.due_at, row.via_group, row.claimed, row.seen, row.checks)
    return *about_row, *about_item, item.pk


def answered_today(viewer: Viewer, upstream: Upstream, now: datetime) -> int:
    """In the viewer's time zone."""
    today = midnight(now)
    own = Recipient.objects.filter(upstream=upstream, user_id=viewer.mobius_id or "")
    # An answered question is closed or waits for others.
    return own.filter(
        Q(open=False, closed_at__gte=today) | Q(waits_for_others=True),
        answered_at__gte=today,
        checks=False,
    ).count()


def answered_words(count: int) -> str:
    words = ngettext(
        "You've answered %(count)d question today.",
        "You've answered %(count)d questions today.",
        count,
    )
    return words % {"count": count} if count else ""
