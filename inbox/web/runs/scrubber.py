"""Replay: a run as it was after any event of its log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.mirror.states import run_state
from inbox.mobius.types import EventKind, RunStatus
from inbox.models import Event, Interaction, Run, Step, Upstream
from inbox.people.names import names_of
from inbox.web.runs.timeline import ENDS, timeline
from inbox.web.ui.groups import group_names
from inbox.web.ui.labels import item_status, label
from inbox.web.ui.lists import ListForm, Number
from inbox.web.ui.live_run import LiveRun, track
from inbox.web.ui.people import People
from inbox.web.ui.when import at as at_words
from inbox.web.ui.when import exact_moment


class LoggedEvent(NamedTuple):
    """The columns of an event that the replay reads."""

    kind: str
    at: datetime | None
    data: dict[str, Any]


@dataclass(frozen=True)
class ReplayStep:
    """A step's newest attempt."""

    name: str
    kind: str
    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class ReplayQuestion:
    """A question. ``by_step`` is the step that was running when it was asked."""

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
class ReplayState:
    """A run after one of its events. ``status`` is empty before the first event that has one."""

    status: str = ""
    error_type: str = ""
    error_message: str = ""
    steps: dict[str, ReplayStep] = field(default_factory=dict)
    questions: dict[str, ReplayQuestion] = field(default_factory=dict)


def fold(events: Iterable[LoggedEvent]) -> ReplayState:
    """The state after the last of ``events``, which come oldest first."""
    run: Mapping[str, Any] = {}
    steps: dict[str, tuple[LoggedEvent, datetime | None]] = {}
    questions: dict[str, ReplayQuestion] = {}
    for event in events:
        if event.kind == EventKind.RUN:
            run = event.data
        elif event.kind == EventKind.STEP:
            _step(steps, event)
        elif event.kind == EventKind.INTERACTION:
            _question(questions, steps, event)
    return ReplayState(
        status=str(run.get("status") or ""),
        error_type=str(run.get("error_type") or ""),
        error_message=str(run.get("error_message") or ""),
        steps={name: _step_then(name, *latest) for name, latest in steps.items()},
        questions=questions,
    )


def _step(steps: dict[str, tuple[LoggedEvent, datetime | None]], event: LoggedEvent) -> None:
    """Keep a step's newest event, and when its attempt began."""
    name = str(event.data.get("step") or "")
    previous, started = steps.pop(name, (None, None))
    if previous is None or previous.data.get("attempt") != event.data.get("attempt"):
        started = None
    if started is None and event.data.get("status") != "pending":
        started = event.at
    steps[name] = (event, started)


def _step_then(name: str, event: LoggedEvent, started: datetime | None) -> ReplayStep:
    data = event.data
    status = str(data.get("status") or "")
    return ReplayStep(
        name=name,
        kind=str(data.get("kind") or ""),
        status=status,
        started_at=started,
        ended_at=event.at if status in ENDS else None,
    )


def _question(
    questions: dict[str, ReplayQuestion],
    steps: dict[str, tuple[LoggedEvent, datetime | None]],
    event: LoggedEvent,
) -> None:
    data = event.data
    id_ = str(data.get("interaction") or "")
    previous = questions.get(id_)
    questions[id_] = ReplayQuestion(
        id=id_,
        title=str(data.get("title") or ""),
        status=str(data.get("status") or ""),
        target_type=str(data.get("target_type") or ""),
        target=str(data.get("target") or ""),
        claimed_by=str(data.get("claimed_by") or ""),
        answers=int(data.get("answers") or 0),
        by_step=previous.by_step if previous is not None else _at_work(steps),
        asked_at=previous.asked_at if previous is not None else event.at,
    )


def _at_work(steps: dict[str, tuple[LoggedEvent, datetime | None]]) -> str:
    running = [
        name for name, (event, _started) in steps.items() if event.data.get("status") == "running"
    ]
    return running[-1] if running else ""


class ReplayFilters(ListForm):
    """The last event of the replay: ``at`` is its ``seq``, ``nth`` its 1-based position; without
    either it is the newest.
    """

    at = Number()
    nth = Number()


@dataclass(frozen=True)
class QuestionLine:
    href: str
    title: str
    words: str


@dataclass(frozen=True)
class Scrubber:
    """What ``runs/_scrubber.html`` shows.

    ``nth`` of ``count`` events; the last one is now, which the page itself shows. ``event_text``
    describes an earlier event, ``live`` is the head of the run at that time.
    """

    nth: int
    count: int
    here: str
    now_href: str
    first_href: str = ""
    previous_href: str = ""
    next_href: str = ""
    when: str = ""
    at: datetime | None = None
    event_text: str = ""
    error: str = ""
    live: LiveRun | None = None
    questions: tuple[QuestionLine, ...] = ()

    @property
    def now(self) -> bool:
        """Whether it is at the last event, so the page itself shows the run."""
        return self.live is None

    @property
    def words(self) -> str:
        """What a screen reader announces: ``Event 7 of 14, 09:12:40: Sam answered``."""
        if self.now:
            return _("Event %(count)d of %(count)d: now") % {"count": self.count}
        facts = {
            "number": self.nth,
            "count": self.count,
            "time": self.when,
            "event": self.event_text,
        }
        return _("Event %(number)d of %(count)d, %(time)s: %(event)s") % facts


def scrubber(
    viewer: Viewer,
    upstream: Upstream,
    run: Run,
    now: datetime,
    filters: ReplayFilters,
) -> Scrubber:
    """The run after the event that ``filters`` select."""
    events = Event.objects.filter(upstream=upstream, run_id=run.mobius_id).order_by("seq")
    count = events.count()
    nth = _nth(events, count, filters.cleaned_data)
    if nth >= count:
        return _now(run, count)
    neighbours = list(events.values_list("seq", flat=True)[max(0, nth - 2) : nth + 1])
    here = neighbours[1] if nth > 1 else neighbours[0]
    replayed = events.filter(seq__lte=here).exclude(kind=EventKind.ACTION.value)
    state = fold(LoggedEvent(*row) for row in replayed.values_list(*LoggedEvent._fields))
    event = events.get(seq=here)
    people, groups = _names(viewer, upstream, state, event, run)
    expired = _expired(upstream, run, state)
    page = run.get_absolute_url()
    instant = event.at or run.created_at
    head = _head(run, state, instant)
    return Scrubber(
        nth=nth,
        count=count,
        here=f"{page}?at={here}",
        when=exact_moment(instant, now),
        at=instant,
        event_text=_event_text(
            event,
            people,
            groups,
            now,
            expired=expired,
            started_by=run.started_by if nth == 1 else "",
        ),
        error=state.error_message if head.state != Run.CANCELLED else "",
        live=head,
        questions=tuple(
            _shown_question(question, people, groups, now, expired=expired)
            for question in state.questions.values()
        ),
        first_href=f"{page}?nth=1" if nth > 1 else "",
        previous_href=f"{page}?at={neighbours[0]}" if nth > 1 else "",
        next_href=f"{page}?at={neighbours[-1]}",
        now_href=page,
    )


def _nth(events: QuerySet[Event], count: int, cleaned: Mapping[str, str]) -> int:
    if cleaned["at"]:
        return max(1, events.filter(seq__lte=int(cleaned["at"])).count())
    return max(1, int(cleaned["nth"])) if cleaned["nth"] else count


def _now(run: Run, count: int) -> Scrubber:
    page = run.get_absolute_url()
    return Scrubber(
        nth=count,
        count=count,
        here=page,
        now_href=page,
        first_href=f"{page}?nth=1" if count > 1 else "",
        previous_href=f"{page}?nth={count - 1}" if count > 1 else "",
    )


def _names(
    viewer: Viewer, upstream: Upstream, state: ReplayState, event: Event, run: Run
) -> tuple[People, dict[str, str]]:
    ids: set[str | None] = {run.started_by, event.data.get("by"), event.data.get("claimed_by")}
    groups: set[str] = set()
    for question in state.questions.values():
        ids.add(question.claimed_by)
        (groups if question.target_type == "group" else ids).add(question.target)
    return People(names_of(ids), viewer.mobius_id), group_names(upstream, groups)


def _expired(upstream: Upstream, run: Run, state: ReplayState) -> dict[str, Interaction]:
    """The questions that had closed unanswered by then. One query, none without questions."""
    if all(question.status != "expired" for question in state.questions.values()):
        return {}
    rows = Interaction.objects.filter(upstream=upstream, run_id=run.mobius_id, status="expired")
    return {row.mobius_id: row for row in rows.only("mobius_id", "state", "questions")}


def _head(run: Run, state: ReplayState, instant: datetime) -> LiveRun:
    """The live head, made from unsaved rows."""
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
    return LiveRun(run.mobius_id, state.status, shown, track(then, steps))


def _event_text(
    event: Event,
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    expired: Mapping[str, Interaction],
    started_by: str,
) -> str:
    lines = timeline(
        [event], people=people, items=expired, groups=groups, now=now, started_by=started_by
    )
    return lines[0].text if lines else label(event.type)


def _shown_question(
    question: ReplayQuestion,
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    expired: Mapping[str, Interaction],
) -> QuestionLine:
    grouped = question.target_type == "group"
    assignee = (
        groups.get(question.target, question.target) if grouped else people.object(question.target)
    )
    facts = {
        "name": assignee,
        "when": at_words(question.asked_at, now) if question.asked_at else "",
    }
    asked_text = _("Asked %(when)s") % facts if question.asked_at else ""
    match question.status:
        case "pending" if question.claimed_by:
            state = people.sentence(
                question.claimed_by,
                _("You claimed it for %(group)s"),
                _("%(name)s claimed it for %(group)s"),
                group=assignee,
            )
        case "pending":
            state = _("Waiting for %(name)s") % facts
        case "completed":
            state = _("Answered by %(name)s") % facts
        case "expired":
            how = expired[question.id].state if question.id in expired else question.status
            state = item_status(how).label
            asked_text = (
                _("Asked %(name)s %(when)s") if question.asked_at else _("Asked %(name)s")
            ) % facts
        case other:
            state = label(other)
    answered = ""
    if question.status == "pending" and question.answers:
        answers = ngettext("%(count)d answer", "%(count)d answers", question.answers)
        answered = answers % {"count": question.answers}
    shown = (label(question.by_step), state, answered, asked_text)
    return QuestionLine(
        reverse("interaction", args=[question.id]),
        question.title or _("Untitled question"),
        " · ".join(part for part in shown if part),
    )
