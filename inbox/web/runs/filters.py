"""What the run monitor can be filtered by: everything that there is to choose."""

from collections.abc import Iterable
from dataclasses import dataclass

from inbox import access
from inbox.access import Viewer
from inbox.models import Group, Membership, Recipient, Upstream
from inbox.people.names import names_of
from inbox.web.runs.queries import AGES, OPEN, RunQuery
from inbox.web.ui.words import RUN_STATUSES, run_status

MOST = 200
"""Choices in one field."""


@dataclass(frozen=True)
class Option:
    """One choice; ``on`` is the one that holds now."""

    value: str
    words: str
    on: bool


@dataclass(frozen=True)
class Choice:
    """One field: its name in the address, its label, what can be chosen."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class RunFilterForm:
    """What ``runs/_filters.html`` shows. ``kept`` go along as they are."""

    choices: tuple[Choice, ...]
    kept: tuple[tuple[str, str], ...]
    back: str


def run_filters(viewer: Viewer, upstream: Upstream, query: RunQuery) -> RunFilterForm:
    """Everything to choose from, and what is chosen. Six queries."""
    statuses = [(OPEN, "Not finished"), *((one, run_status(one).label) for one in RUN_STATUSES)]
    groups = Group.objects.filter(upstream=upstream, gone=False).order_by("name")
    made = (
        ("status", "Status", "Any status", statuses),
        ("workflow", "Workflow", "Any workflow", _said(viewer, upstream, "workflow")),
        ("queue", "Queue", "Any queue", _said(viewer, upstream, "queue")),
        ("age", "Time in status", "Any time", AGES.items()),
        (
            "group",
            "Waiting on group",
            "Any group",
            groups.values_list("mobius_id", "name")[:MOST],
        ),
        ("person", "Waiting on person", "Anyone", _people(upstream)),
    )
    choices = tuple(
        _choice(name, label, nothing, known, getattr(query, name))
        for name, label, nothing, known in made
    )
    kept = (("q", query.q), ("sort", query.sort))
    return RunFilterForm(choices, tuple(pair for pair in kept if pair[1]), query.href())


def _choice(
    name: str, label: str, nothing: str, known: Iterable[tuple[str, str]], now: str
) -> Choice:
    options = [("", nothing), *known]
    if now not in {value for value, _ in options}:
        options.append((now, now))
    return Choice(name, label, tuple(Option(value, said, value == now) for value, said in options))


def _said(viewer: Viewer, upstream: Upstream, column: str) -> list[tuple[str, str]]:
    rows = access.runs(viewer, upstream).filter(gone__in=(False,)).order_by(column)
    return [(one, one) for one in rows.values_list(column, flat=True).distinct()[:MOST] if one]


def _people(upstream: Upstream) -> list[tuple[str, str]]:
    """Who is in a group or is asked something now."""
    members = Membership.objects.filter(group__upstream=upstream, group__gone=False)
    asked = Recipient.objects.filter(upstream=upstream, open__in=(True,)).order_by()
    ids = set(members.values_list("user_id", flat=True).distinct()[:MOST])
    ids |= set(asked.values_list("user_id", flat=True).distinct()[:MOST])
    return sorted(names_of(ids).items(), key=lambda pair: pair[1].casefold())
