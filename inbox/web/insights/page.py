"""*Insights*: which charts there are, and what can be chosen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils.timezone import get_default_timezone, localdate

from inbox.models import Group, Reviewer, Upstream
from inbox.web.insights import charts, queries
from inbox.web.insights.chart import Chart, long_day
from inbox.web.insights.queries import SPANS, Query
from inbox.web.ui import words

KEYS = ("flow", "endings", "time-to-answer", "time-to-claim", "open", "forecast")


@dataclass(frozen=True)
class Option:
    """One choice."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """A filter; without a choice it is ``everything``."""

    name: str
    label: str
    everything: str
    options: Sequence[Option]


@dataclass(frozen=True)
class Insights:
    """The page. ``zones``: sentences about days that follow another time zone."""

    query: Query
    today: date
    spans: Sequence[tuple[str, str, bool]]
    choices: Sequence[Choice]
    charts: Sequence[Chart]
    zones: Sequence[str]

    @property
    def days(self) -> str:
        """``27 Oct to 24 Nov 2026``."""
        return f"{long_day(self.query.first)} to {long_day(self.query.last)}"


def insights(upstream: Upstream, told: Mapping[str, str], now: datetime) -> Insights:
    """All of it, for the query string ``told``. Nine queries at most."""
    today = localdate(now, get_default_timezone())
    query = Query.read(told, today, by_person=settings.INSIGHTS_BY_PERSON)
    return Insights(
        query=query,
        today=today,
        spans=[
            (query.spanning(key).text(), label, key == query.span) for key, label in SPANS.items()
        ],
        choices=_choices(upstream, query),
        charts=list(_charts(upstream, query, today, now)),
        zones=_zones(upstream, query),
    )


def one_chart(
    upstream: Upstream, told: Mapping[str, str], now: datetime, key: str
) -> tuple[Chart, Query] | None:
    """A chart by its key, and what it is of; None where there is none of that key."""
    if key not in KEYS:
        return None
    today = localdate(now, get_default_timezone())
    query = Query.read(told, today, by_person=settings.INSIGHTS_BY_PERSON)
    return next(each for each in _charts(upstream, query, today, now) if each.key == key), query


def _charts(upstream: Upstream, query: Query, today: date, now: datetime) -> Iterable[Chart]:
    total, days = queries.read(upstream, query)
    waiting = queries.waiting(upstream, query)
    yield charts.flow(total, days, today)
    yield charts.endings(total)
    yield charts.answer_time(total, days)
    yield charts.claim_time(total, days)
    oldest = waiting.only("mobius_id", "title", "created_at").order_by("created_at").first()
    yield charts.open_now(queries.aged(waiting, charts.ages(now)), oldest, now)
    yield charts.forecast(
        queries.expiring(waiting, now, charts.ahead(now)), queries.usual(upstream, query, today)
    )


def _zones(upstream: Upstream, query: Query) -> list[str]:
    """Which of the days are not those of ``TIME_ZONE``."""
    said = []
    if not upstream.tally_zone:
        said.append("Figures are being recounted after an update.")
    elif upstream.tally_zone != settings.TIME_ZONE:
        said.append(
            f"The time zone is now {settings.TIME_ZONE}. Figures are being recounted; "
            f"until that is done, some days still use {upstream.tally_zone}."
        )
    for zone, last in upstream.former_zones:
        day = date.fromisoformat(last)
        if zone != settings.TIME_ZONE and query.first <= day:
            said.append(
                f"Days up to {long_day(day)} use the previous time zone, {zone}: "
                "their questions are no longer stored."
            )
    return said


def _choices(upstream: Upstream, query: Query) -> list[Choice]:
    known = queries.known(upstream)
    groups = Group.objects.filter(upstream=upstream)
    rows = list(groups.values_list("mobius_id", "name", "memberships__user_id"))
    names = {id_: name for id_, name, _ in rows}

    def choice(
        name: str, label: str, everything: str, values: Iterable[str], say: Callable[[str], str]
    ) -> Choice:
        chosen = getattr(query, name)
        offered = {value for value in values if value} | ({chosen} if chosen else set())
        options = [Option(value, say(value), value == chosen) for value in offered]
        return Choice(name, label, everything, sorted(options, key=lambda one: one.label.lower()))

    made = [
        choice("workflow", "Workflow", "All workflows", (one[0] for one in known), str),
        choice(
            "type", "Type", "All types", (one[1] for one in known), lambda t: words.kind(t).label
        ),
        choice(
            "group", "Group", "All groups", (one[2] for one in known), lambda g: names.get(g, g)
        ),
    ]
    if settings.INSIGHTS_BY_PERSON:
        people = _people({user_id for *_, user_id in rows if user_id})
        made.append(choice("person", "Person", "Everyone", people, lambda id: people.get(id, id)))
    return made


def _people(members: Iterable[str]) -> dict[str, str]:
    """Who can be asked: ``members`` of groups, and who has an account. One query."""
    accounts = Reviewer.objects.exclude(mobius_id=None).select_related("user")
    return {id: id for id in members} | {
        str(reviewer.mobius_id): reviewer.name for reviewer in accounts
    }
