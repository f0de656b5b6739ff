"""What stands around the monitor's table, read at once: counts, names, the viewer's saved views."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    Expression,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast

from inbox.access import Viewer
from inbox.models import Group, Recipient, Reviewer, Run, SavedView, Upstream
from inbox.presenters.run_selection import midnight
from inbox.presenters.scopes import CLAIMED, COUNTED, OPEN, OTHERS, rows_of

LONG = timedelta(hours=4)
"""From here on a suspended run is said to be held up."""


@dataclass(frozen=True)
class Surroundings:
    """``figures`` by kind and status; names of ``people`` and ``groups`` by what calls them."""

    figures: Mapping[tuple[str, str], int]
    people: Mapping[str, str]
    groups: Mapping[str, str]
    views: tuple[SavedView, ...]

    def count(self, kind: str, status: str) -> int:
        """How many runs: ``status``: now; ``today``: ended so today; ``long``: over four hours."""
        return self.figures.get((kind, status), 0)

    @property
    def rail(self) -> dict[str, str]:
        """The numbers beside the names in the rail; empty for nothing."""
        direct, grouped = self.count("waits", "0"), self.count("waits", "1")
        claimed, others = (
            self.count(kind, "0") + self.count(kind, "1") for kind in ("claimed", "others")
        )
        return {
            "inbox": _words(direct + grouped),
            "groups": _words(grouped),
            "claimed": _words(claimed),
            "others": _words(others),
        }

    @property
    def running(self) -> int:
        """Neither queued nor suspended and not over."""
        return self.count("status", "running") + self.count("status", "active")


def surroundings(
    viewer: Viewer, upstream: Upstream, now: datetime, *, people: set[str], groups: set[str]
) -> Surroundings:
    """All of it for ``viewer``, with names for these ids. One query."""
    runs = Run.objects.filter(upstream=upstream, gone=False)
    known = Group.objects.filter(upstream=upstream).filter(
        Q(mobius_id__in=groups) | Q(handle__in=groups)
    )
    parts = [
        _figures("status", runs.filter(status__in=("suspended", "running", "active", "queued"))),
        _figures("status", runs.filter(status="failed")),
        _figures(
            "today",
            runs.filter(status__in=("completed", "failed"), status_since__gte=midnight(now)),
        ),
        _figures("long", runs.filter(status="suspended", status_since__lte=now - LONG)),
        *_rail(viewer, upstream),
        _texts("person", Reviewer.objects.filter(mobius_id__in=people), "mobius_id", *NAME),
        _texts("group", known, "mobius_id", F("name"), F("handle")),
        _texts("view", SavedView.objects.filter(owner_id=viewer.user_id), "pk", "name", "query"),
    ]
    return _sorted(parts[0].union(*parts[1:], all=True))


def _rail(viewer: Viewer, upstream: Upstream) -> list[QuerySet[Any, Any]]:
    """The numbers in the rail, each counted as far as the rail counts."""
    scopes = {"waits": OPEN, "claimed": CLAIMED, "others": OTHERS}
    parts = []
    for kind, scope in scopes.items():
        first = rows_of(scope, viewer, upstream).values("id")[: COUNTED + 1]
        counted = Recipient.objects.filter(id__in=first).order_by().values("via_group")
        whose = Cast("via_group", IntegerField())
        parts.append(_counted(kind, counted.annotate(n=Count("pk")), whose))
    return parts


NAME = (F("user__first_name"), F("user__username"))


def _figures(kind: str, runs: QuerySet[Run]) -> QuerySet[Any, Any]:
    counted = runs.order_by().values("status").annotate(n=Count("pk"))
    return _counted(kind, counted, F("status"))


def _counted(kind: str, rows: QuerySet[Any, Any], key: Expression | F) -> QuerySet[Any, Any]:
    return rows.values_list(
        _text(Value(kind)), _text(key), _text(Value("")), _text(Value("")), _number(F("n"))
    )


def _texts(
    kind: str, rows: QuerySet[Any], key: str, first: str | F, second: str | F
) -> QuerySet[Any, Any]:
    def named(one: str | F) -> F:
        return F(one) if isinstance(one, str) else one

    return rows.order_by().values_list(
        _text(Value(kind)),
        _text(F(key)),
        _text(named(first)),
        _text(named(second)),
        _number(Value(0)),
    )


def _text(one: Expression | F) -> Func:
    return Cast(one, TextField())


def _number(one: Expression | F) -> Func:
    return Cast(one, BigIntegerField())


def _sorted(rows: QuerySet[Any, Any]) -> Surroundings:
    figures: dict[tuple[str, str], int] = {}
    people: dict[str, str] = {}
    groups: dict[str, str] = {}
    views: list[SavedView] = []
    for kind, key, first, second, number in rows:
        match kind:
            case "person":
                people[key] = first or second
            case "group":
                groups[key] = groups[second] = first
            case "view":
                views.append(SavedView(pk=int(key), name=first, query=second))
            case _:
                figures[kind, key] = number
    return Surroundings(figures, people, groups, tuple(sorted(views, key=_by_name)))


def _words(count: int) -> str:
    if count > COUNTED:
        return f"{COUNTED}+"
    return str(count) if count else ""


def _by_name(view: SavedView) -> tuple[str, int]:
    return view.name.casefold(), view.pk
