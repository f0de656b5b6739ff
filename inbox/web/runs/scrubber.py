"""Replay: one run as it was after any event of its log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.mirror.states import run_state
from inbox.mobius.types import EventKind, RunStatus
from inbox.models import Event, Interaction, Run, Step, Upstream
from inbox.people.names import names_of
from inbox.web.runs.timeline import timeline
from inbox.web.ui.groups import group_names
from inbox.web.ui.lists import ListForm, Number
from inbox.web.ui.live_run import LiveRun, track
from inbox.web.ui.people import People
from inbox.web.ui.when import at as at_words
from inbox.web.ui.when import exact_moment
from inbox.web.ui.words import item_status, label

RUN, STEP, INTERACTION = (
    kind.value for kind in (EventKind.RUN, EventKind.STEP, EventKind.INTERACTION)
)
ENDED = ("completed", "failed", "cancelled")


class Logged(Protocol):
    """What is read of an event's row."""

    @property
    def kind(self) -> str:
        """An ``EventKind``."""

    @property
    def seq(self) -> int:
        """Its number."""

    @property
    def at(self) -> datetime | None:
        """When it was."""

    @property
    def data(self) -> dict[str, Any]:
        """What it tells."""


@dataclass(frozen=True)
class StepThen:
    """A step's newest attempt."""

    name: str
    kind: str
    status: str
    attempt: int
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class QuestionThen:
    """A question. ``by_step`` is the step that was at work when it was asked."""

    id: str
    title: str
    status: str
    target_type: str
    target: str
    claimed_by: str
    answers: int
    by_step: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True)
class Moment:
    """``status`` is empty before the first event that tells it."""

    seq: int = 0
    at: datetime | None = None
    status: str = ""
    since: datetime | None = None
    error_type: str = ""
    error_message: str = ""
    steps: dict[str, StepThen] = field(default_factory=dict)
    questions: dict[str, QuestionThen] = field(default_factory=dict)

    @property
    def open(self) -> tuple[QuestionThen, ...]:
        """What could be answered then."""
        return tuple(one for one in self.questions.values() if one.status == "pending")


def fold(events: Iterable[Logged]) -> Moment:
    """The state after the last of ``events``, which come oldest first."""
    told: Logged | None = None
    last: Logged | None = None
    since: datetime | None = None
    steps: dict[str, tuple[Logged, datetime | None]] = {}
    questions: dict[str, QuestionThen] = {}
    for event in events:
        last = event
        if event.kind == RUN:
            if told is None or told.data.get("status") != event.data.get("status"):
                since = event.at
            told = event
        elif event.kind == STEP:
            _step(steps, event)
        elif event.kind == INTERACTION:
            _question(questions, steps, event)
    said = told.data if told is not None else {}
    return Moment(
        seq=last.seq if last is not None else 0,
        at=last.at if last is not None else None,
        status=str(said.get("status") or ""),
        since=since,
        error_type=str(said.get("error_type") or ""),
        error_message=str(said.get("error_message") or ""),
        steps={name: _step_then(name, *known) for name, known in steps.items()},
        questions=questions,
    )


def _step(steps: dict[str, tuple[Logged, datetime | None]], event: Logged) -> None:
    """Keep the newest event of a step, and when its attempt began."""
    name = str(event.data.get("step") or "")
    had, started = steps.pop(name, (None, None))
    if had is None or had.data.get("attempt") != event.data.get("attempt"):
        started = None
    if started is None and event.data.get("status") != "pending":
        started = event.at
    steps[name] = (event, started)


def _step_then(name: str, event: Logged, started: datetime | None) -> StepThen:
    said = event.data
    status = str(said.get("status") or "")
    return StepThen(
        name=name,
        kind=str(said.get("kind") or ""),
        status=status,
        attempt=int(said.get("attempt") or 0),
        started_at=started,
        ended_at=event.at if status in ENDED else None,
    )


def _question(
    questions: dict[str, QuestionThen],
    steps: dict[str, tuple[Logged, datetime | None]],
    event: Logged,
) -> None:
    said = event.data
    id_ = str(said.get("interaction") or "")
    had = questions.get(id_)
    questions[id_] = QuestionThen(
        id=id_,
        title=str(said.get("title") or ""),
        status=str(said.get("status") or ""),
        target_type=str(said.get("target_type") or ""),
        target=str(said.get("target") or ""),
        claimed_by=str(said.get("claimed_by") or ""),
        answers=int(said.get("answers") or 0),
        by_step=had.by_step if had is not None else _at_work(steps),
        asked_at=had.asked_at if had is not None else event.at,
    )


def _at_work(steps: dict[str, tuple[Logged, datetime | None]]) -> str:
    running = [
        name for name, (event, _started) in steps.items() if event.data.get("status") == "running"
    ]
    return running[-1] if running else ""


class ReplayFilters(ListForm):
    """Up to which event: ``at`` is its ``seq``, ``nth`` its 1-based position; neither is now."""

    at = Number()
    nth = Number()


@dataclass(frozen=True)
class Asked:
    """A question as it stood then."""

    href: str
    title: str
    words: str


@dataclass(frozen=True)
class Scrubber:
    """What ``runs/_scrubber.html`` shows. ``nth`` of ``count`` events; at the last it is now.

    ``said`` is what happened at that event, ``live`` the head of the run as it was.
    """

    run_id: str
    nth: int
    count: int
    here: str
    when: str
    said: str
    error: str
    live: LiveRun | None
    questions: tuple[Asked, ...]
    first_href: str
    previous_href: str
    next_href: str
    now_href: str

    @property
    def now(self) -> bool:
        """Nothing lies ahead: the page itself shows the run."""
        return self.live is None

    @property
    def words(self) -> str:
        """What a screen reader says of the place: ``7 of 14, 09:12:40: Sam approved``."""
        if self.now:
            return _("%(count)d of %(count)d: now") % {"count": self.count}
        facts = {"number": self.nth, "count": self.count, "time": self.when, "event": self.said}
        return _("%(number)d of %(count)d, %(time)s: %(event)s") % facts


def scrubber(
    viewer: Viewer,
    upstream: Upstream,
    run: Run,
    now: datetime,
    filters: ReplayFilters,
    *,
    count: int | None = None,
) -> Scrubber:
    """The run as ``filters`` ask for it. ``count`` is how many events it has, where known."""
    events = Event.objects.filter(upstream=upstream, run_id=run.mobius_id).order_by("seq")
    if count is None:
        count = events.count()
    nth = _nth(events, count, filters.cleaned_data)
    if nth >= count:
        return _now(run, events, count)
    page_context = list(events.values_list("seq", flat=True)[max(0, nth - 2) : nth + 1])
    here = page_context[1] if nth > 1 else page_context[0]
    told = events.filter(seq__lte=here).exclude(kind=EventKind.ACTION.value)
    state = fold(told.values_list("kind", "seq", "at", "data", named=True))
    event = events.get(seq=here)
    people, groups = _names(viewer, upstream, state, event, run)
    expired = _expired(upstream, run, state)
    page = run.get_absolute_url()
    instant = event.at or run.created_at
    head = _head(run, state, instant)
    return Scrubber(
        run_id=run.mobius_id,
        nth=nth,
        count=count,
        here=f"{page}?at={here}",
        when=exact_moment(instant, now),
        said=_said(event, people, groups, run, now, expired=expired),
        error=state.error_message if head.state != Run.CANCELLED else "",
        live=head,
        questions=tuple(
            _shown_question(one, people, groups, now, expired=expired)
            for one in state.questions.values()
        ),
        first_href=f"{page}?nth=1" if nth > 1 else "",
        previous_href=f"{page}?at={page_context[0]}" if nth > 1 else "",
        next_href=f"{page}?at={page_context[-1]}",
        now_href=page,
    )


def _nth(events: QuerySet[Event], count: int, asked: Mapping[str, str]) -> int:
    if asked["at"]:
        return max(1, events.filter(seq__lte=int(asked["at"])).count())
    return max(1, int(asked["nth"])) if asked["nth"] else count


def _now(run: Run, events: QuerySet[Event], count: int) -> Scrubber:
    page = run.get_absolute_url()
    return Scrubber(
        run_id=run.mobius_id,
        nth=count,
        count=count,
        here=page,
        when="",
        said="",
        error="",
        live=None,
        questions=(),
        first_href=f"{page}?nth=1" if count > 1 else "",
        previous_href=f"{page}?nth={count - 1}" if count > 1 else "",
        next_href="",
        now_href=page,
    )


def _names(
    viewer: Viewer, upstream: Upstream, state: Moment, event: Event, run: Run
) -> tuple[People, dict[str, str]]:
    ids: set[str | None] = {run.started_by, event.data.get("by"), event.data.get("claimed_by")}
    groups: set[str] = set()
    for one in state.questions.values():
        ids.add(one.claimed_by)
        (groups if one.target_type == "group" else ids).add(one.target)
    return People(names_of(ids), viewer.mobius_id), group_names(upstream, groups)


def _expired(upstream: Upstream, run: Run, state: Moment) -> dict[str, Interaction]:
    """The questions that were closed unanswered by then. One query, none where there are none."""
    if all(one.status != "expired" for one in state.questions.values()):
        return {}
    rows = Interaction.objects.filter(upstream=upstream, run_id=run.mobius_id, status="expired")
    return {row.mobius_id: row for row in rows.only("mobius_id", "state", "questions")}


def _head(run: Run, state: Moment, instant: datetime) -> LiveRun:
    """As the live head, of rows that are made for it and never saved."""
    finished = state.status in (RunStatus.COMPLETED, RunStatus.FAILED)
    then = Run(status=state.status, finished=finished, plan=run.plan)
    steps = [
        Step(
            name=step.name,
            kind=step.kind,
            status=step.status,
            started_at=step.started_at,
            completed_at=step.ended_at,
            created_at=step.started_at or instant,
        )
        for step in state.steps.values()
    ]
    shown = run_state(state.status, state.error_type)
    return LiveRun(run.mobius_id, state.status, shown, track(then, steps, instant))


def _said(
    event: Event,
    people: People,
    groups: Mapping[str, str],
    run: Run,
    now: datetime,
    *,
    expired: Mapping[str, Interaction],
) -> str:
    first = event.data.get("status") == "queued"
    lines = timeline(
        [event],
        people=people,
        items=expired,
        groups=groups,
        now=now,
        started_by=run.started_by if first else "",
    )
    return lines[0].text if lines else label(event.type)


def _shown_question(
    one: QuestionThen,
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    expired: Mapping[str, Interaction],
) -> Asked:
    grouped = one.target_type == "group"
    whom = groups.get(one.target, one.target) if grouped else people.object(one.target)
    facts = {"name": whom, "when": at_words(one.asked_at, now) if one.asked_at else ""}
    asked = _("Asked %(when)s") % facts if one.asked_at else ""
    match one.status:
        case "pending" if one.claimed_by:
            state = people.sentence(
                one.claimed_by,
                _("You claimed it for %(group)s"),
                _("%(name)s claimed it for %(group)s"),
                group=whom,
            )
        case "pending":
            state = _("Waiting on %(name)s") % facts
        case "completed":
            state = _("Answered by %(name)s") % facts
        case "expired":
            how = expired[one.id].state if one.id in expired else one.status
            state = item_status(how).label
            asked = (_("Asked %(name)s %(when)s") if one.asked_at else _("Asked %(name)s")) % facts
        case other:
            state = label(other)
    answered = ""
    if one.status == "pending" and one.answers:
        answers = ngettext("%(count)d answer", "%(count)d answers", one.answers)
        answered = answers % {"count": one.answers}
    shown = (label(one.by_step), state, answered, asked)
    return Asked(
        reverse("interaction", args=[one.id]),
        one.title or _("Untitled question"),
        " · ".join(part for part in shown if part),
    )
