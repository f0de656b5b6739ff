"""Daily counts of what happens to interactions.

A row's ``counted`` holds what it has added to the tallies. A change subtracts that and adds what
the row counts for now. So after every commit the tallies are the sum over all rows, including those
pruned since, whatever order payloads arrive in.
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
from inbox.models.answers import value_of

APPROVAL = "approval"
_COUNTS = ("asked", "answered", "expired", "cancelled", "bypassed", "approved", "rejected")
_UNANSWERED = ("expired", "cancelled", "bypassed")
"""States of a question that closed without an answer; each has a count of the same name."""
_TIMES = ("claim_times", "answer_times")
_KEY = ("person", "day", "workflow", "type", "group_id")


class Key(NamedTuple):
    person: str
    day: str
    workflow: str
    type: str
    group_id: str


class Addition(NamedTuple):
    key: Key
    field: str
    bucket: str = ""


def facts(row: Interaction, before: dict[str, Any] | None) -> dict[str, Any]:
    """The row's days and durations in the form of ``Interaction.counted``.

    ``ended`` and ``claimed`` are [day, seconds since it was asked]; a person's answer is [day,
    seconds since its round began, outcome of the approval or null]. ``people`` were asked or have
    answered. ``before`` is what was counted of the row so far: its first claim still counts after a
    release.
    """
    counted: dict[str, Any] = {"asked": _day(row.created_at)}
    claimed_at, claimer = _first_claim(row, before or {})
    if claimed_at is not None:
        counted["claimed"] = _since(row.created_at, claimed_at)
    if row.closed_at is not None:
        counted["ended"] = _since(row.created_at, row.closed_at)
        counted["how"] = row.state
        if row.state == "completed":
            counted["outcome"] = _outcome(row)
    if settings.INSIGHTS_BY_PERSON:
        counted["people"] = _people(row)
        if claimer is not None:
            counted["claimer"] = claimer
    return counted


def _first_claim(row: Interaction, before: dict[str, Any]) -> tuple[datetime | None, str | None]:
    if "claimed" in before:
        _, seconds = before["claimed"]
        return row.created_at + timedelta(seconds=seconds), before.get("claimer")
    if row.claimed_by is None or row.claimed_at is None:
        return None, None
    return row.claimed_at, row.claimed_by


def additions(row: Interaction) -> Iterator[Addition]:
    """Depends only on the row, with its ``counted``."""
    counted = row.counted
    if counted is None:
        return

    def key(day: str, person: str = "") -> Key:
        return Key(person, day, row.workflow, row.type, row.group_id or "")

    yield Addition(key(counted["asked"]), "asked")
    if "claimed" in counted:
        yield from _claimed(key(counted["claimed"][0]), counted["claimed"][1])
    if counted.get("how") == "completed":
        yield from _answered(key(counted["ended"][0]), counted["ended"][1], counted["outcome"])
    elif counted.get("how") in _UNANSWERED:
        yield Addition(key(counted["ended"][0]), counted["how"])
    for person, answer in counted.get("people", {}).items():
        yield Addition(key(counted["asked"], person), "asked")
        if answer is not None:
            yield from _answered(key(answer[0], person), answer[1], answer[2])
        elif counted.get("how") in _UNANSWERED:
            yield Addition(key(counted["ended"][0], person), counted["how"])
    if "claimer" in counted:
        yield from _claimed(key(counted["claimed"][0], counted["claimer"]), counted["claimed"][1])


class Tallies:
    """The caller's transaction has locked the upstream's row."""

    def __init__(self) -> None:
        self._changes: Counter[Addition] = Counter()

    def subtract(self, row: Interaction) -> None:
        """Subtract what the row, as it is in the database, has added."""
        self._changes.subtract(additions(row))

    def add(self, row: Interaction) -> None:
        self._changes.update(additions(row))

    def write(self, upstream: Upstream) -> None:
        changes = {addition: count for addition, count in self._changes.items() if count}
        if not changes:
            return
        tallies = _tallies_of(upstream, {addition.key for addition in changes})
        for addition, count in changes.items():
            _add(tallies[addition.key], addition, count)
        empty = [tally.pk for tally in tallies.values() if not _has_counts(tally)]
        written = [tally for tally in tallies.values() if _has_counts(tally)]
        upsert(written, ("upstream_id", *_KEY))
        Tally.objects.filter(pk__in=[pk for pk in empty if pk is not None]).delete()


def _tallies_of(upstream: Upstream, keys: set[Key]) -> dict[Key, Tally]:
    """New, unsaved tallies where there are none."""
    filters = {f"{name}__in": {getattr(key, name) for key in keys} for name in _KEY}
    tallies = {}
    for tally in Tally.objects.filter(upstream=upstream, **filters):
        key = Key(*(str(getattr(tally, name)) for name in _KEY))
        if key in keys:
            tallies[key] = tally
    for key in keys - tallies.keys():
        fields = key._asdict() | {"day": date.fromisoformat(key.day)}
        tallies[key] = Tally(upstream=upstream, **fields)
    return tallies


def _add(tally: Tally, addition: Addition, count: int) -> None:
    if not addition.bucket:
        setattr(tally, addition.field, getattr(tally, addition.field) + count)
        return
    times: dict[str, int] = getattr(tally, addition.field)
    times[addition.bucket] = times.get(addition.bucket, 0) + count
    if not times[addition.bucket]:
        del times[addition.bucket]


def _has_counts(tally: Tally) -> bool:
    return any(getattr(tally, name) for name in (*_COUNTS, *_TIMES))


def _claimed(key: Key, seconds: float) -> Iterator[Addition]:
    yield Addition(key, "claim_times", bucket(seconds))


def _answered(key: Key, seconds: float, outcome: bool | None) -> Iterator[Addition]:
    yield Addition(key, "answered")
    yield Addition(key, "answer_times", bucket(seconds))
    if outcome is not None:
        yield Addition(key, "approved" if outcome else "rejected")


def _people(row: Interaction) -> dict[str, Any]:
    people: dict[str, Any] = dict.fromkeys(row.people_asked)
    for answer in row.responses:
        if answer.get("user_id"):
            verdict = _verdict(row, value_of(answer["answers"]))
            began = row.round_began(answer["round"])
            people[answer["user_id"]] = [*_since(began, row.time_of(answer)), verdict]
    return people


def _outcome(row: Interaction) -> bool | None:
    """Where all must answer, it is approved if all approved."""
    if row.policy_kind != PolicyKind.ALL:
        return _verdict(row, row.value)
    verdicts = [_verdict(row, value_of(one["answers"])) for one in row.current_responses]
    return None if not verdicts or None in verdicts else all(verdicts)


def _verdict(row: Interaction, value: object) -> bool | None:
    return value if row.type == APPROVAL and isinstance(value, bool) else None


def _since(began: datetime, at: datetime) -> list[Any]:
    return [_day(at), max(0.0, (at - began).total_seconds())]


def _day(at: datetime) -> str:
    """In the installation's time zone, not in that active in the thread."""
    return localdate(at, get_default_timezone()).isoformat()
