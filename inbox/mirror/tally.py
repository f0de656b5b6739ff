"""Counting by day what happens to interactions.

A row's ``counted`` holds what it has added to the tallies. So whatever order its readings come in,
a change takes away what the row had added and adds what it adds now, and the tallies are at every
commit the sum over the rows, and over those that have been pruned since.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.timezone import get_default_timezone, localdate

from inbox.mirror.durations import bucket
from inbox.mirror.upsert import upsert
from inbox.mobius.types import PolicyKind
from inbox.models import Interaction, Tally, Upstream

APPROVAL = "approval"
_COUNTS = ("asked", "answered", "expired", "cancelled", "bypassed", "approved", "rejected")
_UNANSWERED = ("expired", "cancelled", "bypassed")
"""States of a question that closed without its answer; each has a count of the same name."""
_TIMES = ("claim_times", "answer_times")
_KEY = ("person", "day", "workflow", "type", "group_id")


class Key(NamedTuple):
    """Which tally."""

    person: str
    day: str
    workflow: str
    type: str
    group_id: str


class Addition(NamedTuple):
    """What is added to a tally: one to a count, or one duration to a bucket of a histogram."""

    key: Key
    field: str
    bucket: str = ""


def facts(row: Interaction, before: dict[str, Any] | None) -> dict[str, Any]:
    """The row's days and durations in the form of ``Interaction.counted``.

    ``ended`` and ``claimed`` are [day, seconds since it was asked]; a person's answer is
    [day, seconds, outcome of the approval or null]. ``people`` are those who were asked or have
    answered; left out where people are not to be counted. ``before`` is what was counted of the row
    so far: its first claim counts also after a release, of which the row itself knows nothing more.
    """
    told: dict[str, Any] = {"asked": _day(row.created_at)}
    claimed_at, claimer = _first_claim(row, before or {})
    if claimed_at is not None:
        told["claimed"] = _since(row, claimed_at)
    if row.closed_at is not None:
        told["ended"] = _since(row, row.closed_at)
        told["how"] = row.state
        if row.state == "completed":
            told["outcome"] = _outcome(row)
    if settings.INSIGHTS_BY_PERSON:
        told["people"] = _people(row)
        if claimer is not None:
            told["claimer"] = claimer
    return told


def _first_claim(row: Interaction, before: dict[str, Any]) -> tuple[datetime | None, str | None]:
    """When the question was first claimed, and by whom."""
    if "claimed" in before:
        _, seconds = before["claimed"]
        return row.created_at + timedelta(seconds=seconds), before.get("claimer")
    if row.claimed_by is None or row.claimed_at is None:
        return None, None
    return row.claimed_at, row.claimed_by


def additions(row: Interaction) -> Iterator[Addition]:
    """What the row adds to the tallies, by its ``counted``; the same for the same row, always."""
    told = row.counted
    if told is None:
        return

    def key(day: str, person: str = "") -> Key:
        return Key(person, day, row.workflow, row.type, row.group_id or "")

    yield Addition(key(told["asked"]), "asked")
    if "claimed" in told:
        yield from _claimed(key(told["claimed"][0]), told["claimed"][1])
    if told.get("how") == "completed":
        yield from _answered(key(told["ended"][0]), told["ended"][1], told["outcome"])
    elif told.get("how") in _UNANSWERED:
        yield Addition(key(told["ended"][0]), told["how"])
    for person, answer in told.get("people", {}).items():
        yield Addition(key(told["asked"], person), "asked")
        if answer is not None:
            yield from _answered(key(answer[0], person), answer[1], answer[2])
        elif told.get("how") in _UNANSWERED:
            yield Addition(key(told["ended"][0], person), told["how"])
    if "claimer" in told:
        yield from _claimed(key(told["claimed"][0], told["claimer"]), told["claimed"][1])


class Tallies:
    """The changes of one transaction, which holds the upstream's row."""

    def __init__(self) -> None:
        self._changes: Counter[Addition] = Counter()

    def take(self, row: Interaction) -> None:
        """The row, as it is in the database, counts no longer."""
        self._changes.subtract(additions(row))

    def give(self, row: Interaction) -> None:
        """The row, as it is being written, counts."""
        self._changes.update(additions(row))

    def write(self, upstream: Upstream) -> None:
        """Change the tallies."""
        changes = {addition: by for addition, by in self._changes.items() if by}
        if not changes:
            return
        tallies = _held(upstream, {addition.key for addition in changes})
        for addition, by in changes.items():
            _add(tallies[addition.key], addition, by)
        empty = [tally.pk for tally in tallies.values() if not _holds_anything(tally)]
        written = [tally for tally in tallies.values() if _holds_anything(tally)]
        upsert(written, ("upstream_id", *_KEY))
        Tally.objects.filter(pk__in=[pk for pk in empty if pk is not None]).delete()


def _held(upstream: Upstream, keys: set[Key]) -> dict[Key, Tally]:
    """The tally of each key, new where there is none."""
    wanted = {f"{name}__in": {getattr(key, name) for key in keys} for name in _KEY}
    found = {}
    for tally in Tally.objects.filter(upstream=upstream, **wanted):
        key = Key(*(str(getattr(tally, name)) for name in _KEY))
        if key in keys:
            found[key] = tally
    for key in keys - found.keys():
        fields = key._asdict() | {"day": date.fromisoformat(key.day)}
        found[key] = Tally(upstream=upstream, **fields)
    return found


def _add(tally: Tally, addition: Addition, by: int) -> None:
    if not addition.bucket:
        setattr(tally, addition.field, getattr(tally, addition.field) + by)
        return
    times: dict[str, int] = getattr(tally, addition.field)
    times[addition.bucket] = times.get(addition.bucket, 0) + by
    if not times[addition.bucket]:
        del times[addition.bucket]


def _holds_anything(tally: Tally) -> bool:
    return any(getattr(tally, name) for name in (*_COUNTS, *_TIMES))


def _claimed(key: Key, seconds: float) -> Iterator[Addition]:
    yield Addition(key, "claim_times", bucket(seconds))


def _answered(key: Key, seconds: float, outcome: bool | None) -> Iterator[Addition]:
    yield Addition(key, "answered")
    yield Addition(key, "answer_times", bucket(seconds))
    if outcome is not None:
        yield Addition(key, "approved" if outcome else "rejected")


def _people(row: Interaction) -> dict[str, Any]:
    asked = [row.target_id] if row.target_type == "user" else row.members or []
    people: dict[str, Any] = dict.fromkeys(asked)
    for answer in row.responses:
        told = answer.get("at")
        at = datetime.fromisoformat(told) if told else row.completed_at or row.updated_at
        if answer.get("user_id"):
            people[answer["user_id"]] = [*_since(row, at), _verdict(row, answer.get("value"))]
    return people


def _outcome(row: Interaction) -> bool | None:
    """How an approval ended: one that all must give is given when all have given it."""
    if row.policy_kind != PolicyKind.ALL:
        return _verdict(row, row.value)
    verdicts = [_verdict(row, answer.get("value")) for answer in row.responses]
    return None if not verdicts or None in verdicts else all(verdicts)


def _verdict(row: Interaction, value: object) -> bool | None:
    return value if row.type == APPROVAL and isinstance(value, bool) else None


def _since(row: Interaction, at: datetime) -> list[Any]:
    return [_day(at), max(0.0, (at - row.created_at).total_seconds())]


def _day(at: datetime) -> str:
    """The installation's day, whatever zone a thread has made its own."""
    return localdate(at, get_default_timezone()).isoformat()
