"""One run in the monitor's table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from inbox.models import Interaction, Run
from inbox.presenters.effect import progress
from inbox.presenters.endings import Ending
from inbox.presenters.people import Face, People
from inbox.presenters.when import Deadline, deadline, moment, span
from inbox.presenters.words import UNNAMED, short_id

FACES = 3


@dataclass(frozen=True)
class WaitsOn:
    """Whom or what a run waits for. ``faces`` are those who could move it on, at most three.

    ``href`` leads to the question and is empty where it waits for no person. ``progress`` is
    ``2 of 5`` where several must answer.
    """

    whom: str
    href: str = ""
    title: str = ""
    faces: tuple[Face, ...] = ()
    progress: str = ""
    icon: str = ""
    deadline: Deadline | None = None


@dataclass(frozen=True)
class MonitorRow:
    """A row. Where nobody is waited for, ``said`` is why a run failed, ``ending`` who cancelled
    it.
    """

    pk: int
    id: str
    href: str
    workflow: str
    number: str
    outside: str
    status: str
    state: str
    since: datetime
    since_words: str
    started_by: Face | None
    attempt: int
    waits: tuple[WaitsOn, ...]
    said: str
    ending: Ending | None

    @property
    def deadline(self) -> Deadline | None:
        """The soonest of what the run waits for."""
        limits = [one.deadline for one in self.waits if one.deadline is not None]
        return min(limits, key=lambda limit: limit.at, default=None)


def monitor_row(
    run: Run,
    items: Sequence[Interaction],
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    ending: Ending | None,
) -> MonitorRow:
    """The row of a run and the questions that are open in it. No query."""
    asked = tuple(_asked(item, people, groups, now) for item in items)
    return MonitorRow(
        pk=run.pk,
        id=run.mobius_id,
        href=run.get_absolute_url(),
        workflow=run.workflow,
        number=short_id(run.mobius_id),
        outside=run.external_id or "",
        status=run.status,
        state=run.state,
        since=run.status_since,
        since_words=span((now - run.status_since).total_seconds()),
        started_by=people.face(run.started_by) if run.started_by else None,
        attempt=run.attempt,
        waits=asked or _machine(run, now),
        said=failure_words(run) if run.state == "failed" else "",
        ending=ending,
    )


def failure_words(run: Run) -> str:
    """Why a run failed, in a few words."""
    match run.error_type:
        case "run_timeout":
            return "Took too long"
        case _:
            return run.error_message or "Failed"


def _asked(item: Interaction, people: People, groups: Mapping[str, str], now: datetime) -> WaitsOn:
    counts = progress(item)
    if item.target_type == "user":
        whom, asked = people.name(item.target_id), [item.target_id]
    elif item.claimed_by:
        whom, asked = f"{people.name(item.claimed_by)} has claimed it", [item.claimed_by]
    else:
        whom = groups.get(item.target_id, item.target_id) or UNNAMED
        asked = item.missing if counts else []
    return WaitsOn(
        whom=whom,
        href=item.get_absolute_url(),
        title=item.display_title,
        faces=tuple(people.face(id_) for id_ in asked[:FACES]),
        progress=f"{counts[0]} of {counts[1]}" if counts else "",
        icon="" if asked else "groups",
        deadline=deadline(item.due_at, item.expires_at, now, soft=item.soft),
    )


def _machine(run: Run, now: datetime) -> tuple[WaitsOn, ...]:
    """A suspended run that waits for no person: for a signal, or for its time."""
    if run.status != "suspended" or not isinstance(run.wait, dict):
        return ()
    signals = [str(name) for name in run.wait.get("signals") or ()]
    outside = [name for name in signals if not name.startswith("interaction:")]
    if outside:
        return (WaitsOn(f"Signal {outside[0]}", icon="live"),)
    wakes = run.wait.get("wakes_at")
    at = parse_datetime(wakes) if isinstance(wakes, str) else None
    if at is not None and at.tzinfo is not None:
        return (WaitsOn(f"Sleeps until {moment(at, now)}", icon="clock"),)
    return ()
