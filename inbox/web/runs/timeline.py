from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inbox.access.redaction import HIDDEN
from inbox.mirror.states import RUN_CANCELLED, run_state
from inbox.mobius.types import EventKind
from inbox.models import Event, Interaction, Run, Upstream
from inbox.web.questions.endings import CLAIMED, RELEASED, Ending
from inbox.web.ui.answers import value_words
from inbox.web.ui.labels import label, quoted, run_status
from inbox.web.ui.lists import ListForm, Number, OneOf
from inbox.web.ui.people import People
from inbox.web.ui.when import exact_moment, exact_span

PART = 100
MOST = 400
"""How many events the newest part may grow to while the page is open, before it starts over."""

KINDS = {
    "": (gettext_noop("Everything"), Q()),
    "people": (
        gettext_noop("People only"),
        Q(kind=EventKind.INTERACTION) | Q(data__error_type=RUN_CANCELLED),
    ),
    "steps": (gettext_noop("Steps"), Q(kind__in=(EventKind.STEP, EventKind.ACTION))),
    "status": (gettext_noop("Status"), Q(kind=EventKind.RUN)),
}


class LogFilters(ListForm):
    """``show`` is a key of ``KINDS``; ``before``, ``from`` and ``until`` are seqs of events."""

    place = ("before", "from", "until")

    show = OneOf(KINDS)
    before = Number()
    until = Number()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # ``from`` can't be the name of an attribute.
        self.fields["from"] = Number()


@dataclass(frozen=True)
class LogPart:
    """Oldest first. ``newer`` events wait on an open page; ``earlier`` and ``until`` are times."""

    events: Sequence[Event]
    older: bool
    earlier: datetime | None
    until: datetime | None = None
    newer: Sequence[Event] = ()

    def covers(self, at: datetime) -> bool:
        after = self.earlier is None or at > self.earlier
        return after and (self.until is None or at <= self.until)

    @property
    def first(self) -> int | None:
        return self.events[0].seq if self.events else None

    @property
    def last(self) -> int | None:
        return self.events[-1].seq if self.events else None


def log_part(upstream: Upstream, run: Run, filters: LogFilters) -> LogPart:
    events = Event.objects.filter(upstream=upstream, run_id=run.mobius_id)
    cleaned = filters.cleaned_data
    events = events.filter(KINDS[cleaned["show"]][1])
    newest = events.order_by("-seq")
    if cleaned["before"]:
        part = _newest_part(newest.filter(seq__lt=int(cleaned["before"])))
        return replace(part, until=part.events[-1].at if part.events else None)
    if cleaned["from"]:
        since, until = int(cleaned["from"]), cleaned["until"]
        upto = newest.filter(seq__lte=int(until)) if until else newest
        shown = list(upto.filter(seq__gte=since)[: MOST + 1])
        if shown and len(shown) <= MOST:
            before = newest.filter(seq__lt=since).first()
            part = _part_of(shown, before)
            newer = list(newest.filter(seq__gt=int(until))[:PART])[::-1] if until else []
            return replace(part, newer=newer, until=shown[0].at) if newer else part
    return _newest_part(newest)


def _newest_part(newest: QuerySet[Event]) -> LogPart:
    found = list(newest[: PART + 1])
    return _part_of(found[:PART], found[PART] if len(found) > PART else None)


def _part_of(newest_first: list[Event], before: Event | None) -> LogPart:
    earlier = before.at if before is not None else None
    return LogPart(newest_first[::-1], before is not None, earlier)


_UNANSWERED = {
    "cancelled": ("cancelled", gettext_noop("The question was cancelled"), "warn"),
    "bypassed": ("go", gettext_noop("The question was bypassed by a signal"), "warn"),
}
_STEP = {
    "running": ("play", gettext_noop("{step} started"), ""),
    "completed": ("done", gettext_noop("{step} finished"), "ok"),
    "failed": ("failed", gettext_noop("{step} failed"), "bad"),
    "cancelled": ("cancelled", gettext_noop("{step} was cancelled"), ""),
}


ENDS = ("completed", "failed", "cancelled")
_LINK = '<a class="link" href="{}">{}</a>'


@dataclass(frozen=True)
class LogLine:
    """``gap`` is the time since the previous line, if a second or more; ``seq`` is 0 without an
    event.
    """

    icon: str
    text: str
    at: datetime | None
    seq: int
    tone: str = ""
    when: str = ""
    detail: str = ""
    mono: bool = False
    html: str = ""
    gap: str = ""


def _timed(lines: list[LogLine], now: datetime, earlier: datetime | None) -> list[LogLine]:
    timed = []
    for line in lines:
        if line.at is None:
            timed.append(line)
            continue
        seconds = (line.at - earlier).total_seconds() if earlier is not None else 0.0
        gap = exact_span(seconds) if seconds >= 1 else ""
        timed.append(replace(line, when=exact_moment(line.at, now), gap=gap))
        earlier = line.at
    return timed


def asking_step_of(events: Iterable[Event]) -> dict[int, str]:
    """By the seq of the event."""
    at_work, found = "", {}
    for event in events:
        if event.kind == EventKind.STEP:
            name, status = str(event.data.get("step") or ""), event.data.get("status")
            if status == "running":
                at_work = name
            elif at_work == name:
                at_work = ""
        elif event.type == "interaction_created" and at_work:
            found[event.seq] = at_work
    return found


def without_starts(events: list[Event], asking: Collection[str]) -> list[Event]:
    """Leave out the start of a step if its end or its question has a line."""
    steps = [event for event in events if event.kind == EventKind.STEP]
    ended = {_attempt(event) for event in steps if event.data.get("status") in ENDS}
    return [
        event
        for event in events
        if event.kind != EventKind.STEP
        or event.data.get("status") in ENDS
        or not (_attempt(event) in ended or event.data.get("step") in asking)
    ]


def _attempt(event: Event) -> tuple[object, object]:
    return event.data.get("step"), event.data.get("attempt")


@dataclass
class Timeline:
    """Unless the viewer sees the ``whole`` run, events that belong to none of ``items``, and to no
    step or status, are left out. ``asking``: names of steps that ask a person. ``status``,
    ``steps``, ``steps_that_ask`` and ``claimed_by`` are what the events so far have said.
    """

    people: People
    items: Mapping[str, Interaction]
    groups: Mapping[str, str]
    now: datetime
    whole: bool
    started_by: str
    asking: Collection[str]
    ending: Ending | None
    bypassed: Mapping[str, Ending]
    signals: Iterable[tuple[Ending, datetime]]
    status: str = ""
    steps: dict[str, str] = field(default_factory=dict)
    steps_that_ask: Mapping[int, str] = field(default_factory=dict)
    claimed_by: dict[str, str] = field(default_factory=dict)

    def lines(self, events: list[Event], earlier: datetime | None) -> tuple[LogLine, ...]:
        """Newest first, from events that come oldest first."""
        self.steps_that_ask = asking_step_of(events)
        # A plan that is not known yet changes nothing about the lines of questions that were asked.
        shown = without_starts(events, {*self.asking, *self.steps_that_ask.values()})
        lines = [line for event in shown if (line := self.line_of(event)) is not None]
        for signal, at in self.signals:
            later = (n for n, line in enumerate(lines) if line.at is not None and line.at > at)
            lines.insert(next(later, len(lines)), _ending_line("go", signal, at, 0, ""))
        return tuple(reversed(_timed(lines, self.now, earlier)))

    def line_of(self, event: Event) -> LogLine | None:
        match event.kind:
            case EventKind.RUN:
                return self._run(event)
            case EventKind.STEP:
                return self._step(event)
            case EventKind.INTERACTION:
                return self._interaction(event)
            case EventKind.ACTION if self.whole:
                line = _event_line("lines", _("{step} logged"), event, step=_step_name(event.data))
                return replace(line, detail=str(event.data.get("line", "")), mono=True)
            case _ if self.whole:
                return LogLine("dashed", label(event.type.replace(".", "_")), event.at, event.seq)
            case _:
                return None

    def _run(self, event: Event) -> LogLine | None:
        error_type = str(event.data.get("error_type") or "")
        status = run_state(str(event.data.get("status", "")), error_type)
        if status == self.status:
            return None
        first, self.status = not self.status, status
        if status == Run.CANCELLED and self.ending is not None:
            return _ending_line("cancelled", self.ending, event.at, event.seq, "warn")
        shown = run_status(status)
        icon, text, tone = shown.icon, shown.label, shown.tone
        if first and status == "queued" and self.started_by:
            you, other = _("You started the run"), _("%(name)s started the run")
            icon, text = "play", self.people.sentence(self.started_by, you, other)
        error = str(event.data.get("error_message") or "")
        detail = error if self.whole and status != Run.CANCELLED else ""
        return LogLine(icon, text, event.at, event.seq, tone, detail=detail)

    def _step(self, event: Event) -> LogLine | None:
        status = str(event.data.get("status", ""))
        key = f"{event.data.get('step')}/{event.data.get('attempt')}"
        if status not in _STEP or self.steps.get(key) == status:
            return None
        self.steps[key] = status
        icon, text, tone = _STEP[status]
        detail = str(event.data.get("error_message") or "") if self.whole else ""
        return _event_line(icon, _(text), event, tone, step=_step_name(event.data), detail=detail)

    def _interaction(self, event: Event) -> LogLine | None:
        id_ = str(event.data.get("interaction", ""))
        if not self.whole and id_ not in self.items:
            return None
        if event.type == "interaction_expired" and id_ in self.bypassed:
            return _ending_line("go", self.bypassed[id_], event.at, event.seq, "warn")
        if event.type == "interaction_created":
            return self._question_asked(event, id_)
        icon, text, tone = self._interaction_words(event, id_)
        if not text:
            return None
        comment = str(event.data.get("comment") or "") if icon in ("check", "x", "done") else ""
        detail = quoted(comment) if comment else ""
        return LogLine(icon, text, event.at, event.seq, tone, detail=detail)

    def _question_asked(self, event: Event, id_: str) -> LogLine:
        step = label(self.steps_that_ask.get(event.seq, ""))
        return _event_line(
            "pause",
            _("{step} asked {name}: {question}") if step else _("Asked {name}: {question}"),
            event,
            "warn",
            step=step,
            name=self._assignee_name(event.data),
            question=str(event.data.get("title") or _("the question")),
            href=reverse("interaction", args=[id_]),
        )

    def _interaction_words(self, event: Event, id_: str) -> tuple[str, str, str]:
        data = event.data
        match event.type:
            case "interaction_expired":
                item = self.items.get(id_)
                if item is None or item.state not in _UNANSWERED:
                    return "failed", _("The question expired unanswered"), "bad"
                icon, text, tone = _UNANSWERED[item.state]
                return icon, _(text), tone
            case "interaction_completed" | "interaction_updated" if data.get("by"):
                return self._answer(data, id_)
            case "interaction_completed":
                return "done", _("The question was answered"), "ok"
            case _:
                return self._claim(event, id_)

    def _claim(self, event: Event, id_: str) -> tuple[str, str, str]:
        if event.type == CLAIMED:
            self.claimed_by[id_] = str(event.data.get("claimed_by") or "")
            you, other = _("You claimed the question"), _("%(name)s claimed the question")
            return "claimed", self.people.sentence(self.claimed_by[id_], you, other), ""
        if event.type == RELEASED:
            claimed_by = self.claimed_by.pop(id_, "")
            you, other = _("You released the question"), _("%(name)s released the question")
            return "undo", self.people.sentence(claimed_by, you, other), ""
        return "", "", ""

    def _answer(self, data: Mapping[str, Any], id_: str) -> tuple[str, str, str]:
        item, by = self.items.get(id_), data.get("by")
        if data.get(HIDDEN):
            answered = self.people.sentence(by, _("You answered"), _("%(name)s answered"))
            return "done", answered, "ok"
        words = value_words(item.only_question if item is not None else {}, data.get("value"))
        tone = "bad" if words.tone == "no" else "ok"
        did = words.done_by(self.people.full(by), viewer=self.people.is_viewer(by))
        return words.icon, did, tone

    def _assignee_name(self, data: Mapping[str, Any]) -> str:
        target = str(data.get("target") or "")
        if data.get("target_type") == "group":
            return self.groups.get(target, target)
        return self.people.object(target)


def _ending_line(icon: str, ending: Ending, at: datetime | None, seq: int, tone: str) -> LogLine:
    html = format_html(_LINK, ending.href, ending.text) if ending.href else ""
    return LogLine(icon, ending.text, at, seq, tone, html=html)


def _event_line(
    icon: str,
    sentence: str,
    event: Event,
    tone: str = "",
    *,
    detail: str = "",
    step: str = "",
    question: str = "",
    href: str = "",
    **facts: str,
) -> LogLine:
    """``sentence`` has placeholders for a step, a question and other ``facts``."""
    return LogLine(
        icon,
        sentence.format(step=step, question=question, **facts),
        event.at,
        event.seq,
        tone,
        detail=detail,
        html=format_html(
            sentence,
            step=format_html("<strong>{}</strong>", step),
            question=format_html(_LINK, href, question),
            **facts,
        ),
    )


def _step_name(data: Mapping[str, Any]) -> str:
    return label(str(data.get("step") or _("A step")))
