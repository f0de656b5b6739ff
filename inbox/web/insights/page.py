from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.forms import BoundField
from django.utils.translation import gettext as _

from inbox.models import Group, Reviewer, Upstream
from inbox.web.insights import charts, queries
from inbox.web.insights.chart import Chart, long_day
from inbox.web.insights.queries import SPANS, InsightsFilters
from inbox.web.ui import labels
from inbox.web.ui.lists import Choice, by_label


def insights(upstream: Upstream, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """``zones`` are sentences about days in another time zone."""
    filters = InsightsFilters.read(query)
    days = {"first": long_day(filters.first), "last": long_day(filters.last)}
    other_days = {"from": "", "to": ""}
    return {
        "filters": filters,
        "everything_href": filters.href(workflow="", type="", group="", person=""),
        "days": _("%(first)s to %(last)s") % days,
        "spans": [
            Choice(
                _(label), filters.href(**other_days, span=key), key == filters.cleaned_data["span"]
            )
            for key, label in SPANS.items()
        ],
        "selects": _selects(upstream, filters),
        "charts": list(_charts(upstream, filters, now)),
        "zones": _zones(upstream, filters),
    }


def one_chart(
    upstream: Upstream, query: Mapping[str, str], now: datetime, key: str
) -> tuple[Chart, InsightsFilters] | None:
    """None for an unknown key."""
    filters = InsightsFilters.read(query)
    shown = (chart for chart in _charts(upstream, filters, now) if chart.key == key)
    chart = next(shown, None)
    return None if chart is None else (chart, filters)


def _charts(upstream: Upstream, filters: InsightsFilters, now: datetime) -> Iterable[Chart]:
    total, days = queries.read(upstream, filters)
    waiting = queries.waiting(upstream, filters)
    yield charts.flow(total, days, filters.today)
    yield charts.endings(total, days)
    yield charts.answer_time(total, days)
    if upstream.has_groups:
        yield charts.claim_time(total, days)
    oldest = waiting.only("mobius_id", "title", "created_at").order_by("created_at").first()
    yield charts.open_now(queries.count_by_age(waiting, charts.ages(now)), oldest, now)
    yield charts.forecast(
        queries.expiring(waiting, now, charts.ahead(now)),
        queries.answered_shares(upstream, filters),
    )


def _zones(upstream: Upstream, filters: InsightsFilters) -> list[str]:
    sentences = []
    if not upstream.tally_zone:
        sentences.append(_("Figures are being recalculated after an update."))
    elif upstream.tally_zone != settings.TIME_ZONE:
        recounted = _(
            "The time zone is now %(zone)s. Figures are being recalculated. Until then, some "
            "days still use %(before)s."
        )
        sentences.append(recounted % {"zone": settings.TIME_ZONE, "before": upstream.tally_zone})
    for zone, last in upstream.former_zones:
        day = date.fromisoformat(last)
        if zone != settings.TIME_ZONE and filters.first <= day:
            former = _(
                "Days up to %(day)s still use the previous time zone, %(zone)s, because their "
                "questions are no longer stored."
            )
            sentences.append(former % {"day": long_day(day), "zone": zone})
    return sentences


def _selects(upstream: Upstream, filters: InsightsFilters) -> list[BoundField]:
    combinations = queries.combinations(upstream)
    groups = Group.objects.filter(upstream=upstream)
    rows = list(groups.values_list("mobius_id", "name", "memberships__user_id"))
    names = {id_: name for id_, name, _user in rows}

    def select(
        name: str, everything: str, values: Iterable[str], label_of: Callable[[str], str]
    ) -> BoundField:
        offered = filter(None, (*values, filters.cleaned_data[name]))
        return filters.select(name, everything, by_label({id: label_of(id) for id in offered}))

    workflows, types, asked = ([row[place] for row in combinations] for place in range(3))
    selects = [
        select("workflow", _("All workflows"), workflows, str),
        select("type", _("All types"), types, lambda type_: labels.kind(type_).label),
    ]
    if upstream.has_groups:
        selects.append(select("group", _("All groups"), asked, lambda id: names.get(id, id)))
    if settings.INSIGHTS_BY_PERSON:
        people = _people({user_id for *_group, user_id in rows if user_id})
        selects.append(select("person", _("Everyone"), people, lambda id: people.get(id, id)))
    return selects


def _people(members: Iterable[str]) -> dict[str, str]:
    """People who can be asked: ``members`` of groups, and people with an account."""
    accounts = Reviewer.objects.exclude(mobius_id=None).select_related("user")
    return {id: id for id in members} | {
        str(reviewer.mobius_id): reviewer.name for reviewer in accounts
    }
