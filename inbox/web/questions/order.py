from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from django.db.models import (
    Case,
    CharField,
    Expression,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.models import Machine, Recipient, Reviewer
from inbox.people.names import NO_NAMES, Names
from inbox.web.ui.lists import Keyset
from inbox.web.ui.scopes import OPEN, Filters
from inbox.web.ui.when import BANDS, HOUR, Band, band, next_midnight

SOONEST_DUE = Keyset("due_at", ascending=True, nulls_last=True)
NEWEST_CLOSED = Keyset("closed_at")
RETURNED = Band("returned", gettext_lazy("Back from snooze"), "snooze")
CLOSED = Band("done", gettext_lazy("Answered and closed"), "done")


@dataclass(frozen=True)
class Order:
    """``index`` is the condition of the partial index with this order. ``returned`` interactions
    come first: they are back from a snooze.
    """

    keyset: Keyset
    by: str
    index: Q = field(default_factory=Q)
    returned: frozenset[int] = frozenset()

    def annotated(self, rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
        """Adds the texts that the rows are sorted by."""
        now = timezone.now()
        texts = {name: self._text(name, now) for name in self.keyset.texts}
        return rows.annotate(**texts)

    def first(self, rows: QuerySet[Recipient], cursor: str, count: int) -> QuerySet[Recipient]:
        found = self.keyset.after(self.annotated(rows.filter(self.index)), cursor)
        if not self.keyset.texts:
            return found[:count]
        # No index has this order, so narrow rows are sorted, and full rows are read for one page
        # only.
        chosen = Recipient.objects.filter(pk__in=found.values("pk")[:count])
        return self.keyset.sorted(self.annotated(chosen))

    def heading(
        self,
        row: Recipient,
        now: datetime,
        tomorrow: datetime | None = None,
        names: Names = NO_NAMES,
    ) -> Band:
        """``names`` of requesters, for the label."""
        if row.interaction_id in self.returned:
            return RETURNED
        match self.by:
            case "asked":
                return _asked(row.created_at, now)
            case "workflow":
                name = row.workflow
                return Band(f"workflow-{quote(name, '')}", name or _("No workflow"), "runs")
            case "requester":
                key = getattr(row, "by_requester", None) or ""
                label = names.of(row.interaction.asked_by) if key else _("No requester")
                return Band(f"requester-{quote(key, '')}", label, "user")
            case "closed":
                return CLOSED
            case _:
                return band(row.due_at, now, tomorrow)

    def _text(self, name: str, now: datetime) -> Expression:
        if name == "by_return":
            first = When(interaction__in=self.returned, then=Value("0"))
            return Case(first, default=Value("1"), output_field=CharField())
        return _text(name, now)


def order_of(filters: Filters, returns: Mapping[int, datetime]) -> Order:
    """Open questions that are back from a snooze come first."""
    order = _order_of(filters)
    return _returned_first(order, returns) if filters.rows == OPEN else order


def usual_order(returns: Mapping[int, datetime]) -> Order:
    return _returned_first(Order(SOONEST_DUE, "due"), returns)


def _returned_first(order: Order, returns: Mapping[int, datetime]) -> Order:
    now = timezone.now()
    returned = frozenset(number for number, at in returns.items() if at <= now)
    if not returned:
        return order
    keyset = replace(order.keyset, texts=("by_return", *order.keyset.texts))
    return replace(order, keyset=keyset, returned=returned, index=Q())


def _order_of(filters: Filters) -> Order:
    sort, group_by = filters.cleaned_data["sort"], filters.cleaned_data["group_by"]
    if filters.done:
        return Order(Keyset("closed_at", ascending=True) if sort else NEWEST_CLOSED, "closed")
    by_age = sort in ("newest", "oldest")
    by = group_by or ("asked" if by_age else sort or "due")
    texts = [f"by_{name}" for name in (group_by, "" if by_age else sort) if name]
    if texts == ["by_due"] and not by_age:
        # Rows that are sorted by due time are in the order of the bands already.
        texts = []
    texts = list(dict.fromkeys(texts))
    if not by_age:
        return Order(replace(SOONEST_DUE, texts=tuple(texts)), by)
    keyset = Keyset("created_at", ascending=sort == "oldest", texts=tuple(texts))
    return Order(keyset, by, Q(open=True) if filters.shown.key == OPEN and not texts else Q())


def _text(name: str, now: datetime) -> Expression:
    match name:
        case "by_workflow":
            return NullIf("workflow", Value(""))
        case "by_requester":
            people = Reviewer.objects.filter(mobius_id=OuterRef("asked_by")).values("name")
            machines = Machine.objects.filter(mobius_id=OuterRef("asked_by")).values("name")
            names = Subquery(people[:1]), Subquery(machines[:1])
            return Coalesce(*names, NullIf("asked_by", Value("")))
        case _:
            return _band_number(now)


def _band_number(now: datetime) -> Expression:
    in_an_hour = now + timedelta(seconds=HOUR)
    ends = (Q(due_at__lte=now), Q(due_at__lte=in_an_hour), Q(due_at__lt=next_midnight(now)))
    return Case(
        When(due_at__isnull=True, then=Value(str(len(BANDS) - 1))),
        *(When(end, then=Value(str(place))) for place, end in enumerate(ends)),
        default=Value(str(len(ends))),
        output_field=CharField(),
    )


def _asked(at: datetime, now: datetime) -> Band:
    days = (localtime(now).date() - localtime(at).date()).days
    if days <= 0:
        return Band("asked-today", _("Asked today"), "cal")
    if days == 1:
        return Band("asked-yesterday", _("Asked yesterday"), "cal")
    if days < 7:
        return Band("asked-week", _("Asked in the last 7 days"), "cal")
    return Band("asked-earlier", _("Asked earlier"), "cal")
