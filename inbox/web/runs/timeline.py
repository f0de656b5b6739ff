"""What happened in a run, in sentences, newest first, in parts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inbox.access.redaction import HIDDEN
from inbox.mirror.states import RUN_CANCELLED, run_state
from inbox.mobius.types import EventKind
from inbox.models import Event, Interaction, Run, Upstream
from inbox.web.ui.answers import question_of, value_words
from inbox.web.ui.endings import CLAIMED, RELEASED, Ending
from inbox.web.ui.lists import ListForm, Number
from inbox.web.ui.people import People
from inbox.web.ui.when import exact_moment, exact_span
from inbox.web.ui.words import label, run_status

PART = 100
MOST = 400
"""The newest part grows while the page is open; past this it begins anew."""

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
    """``show`` is a key of ``KINDS``; ``before``: events older than this seq; ``from``: those from
    this seq on, which an open page shows already.
    """

    place = ("before", "from")

    show = forms.ChoiceField(choices=[(key, key) for key in KINDS], required=False)
    before = Number()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # ``from`` can't be the name of an attribute.
        self.fields["from"] = Number()


@dataclass(frozen=True)
class LogPart:
    """``events`` come oldest first; ``total`` is None where it was not counted. ``earlier`` is when
    the one before them was, if any is, and ``until`` when the last one was, where newer ones
    follow.
    """

    events: Sequence[Event]
    total: int | None
    older: bool
    earlier: datetime | None
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """What happened then belongs into this part."""
        after = self.earlier is None or at > self.earlier
        return after and (self.until is None or at <= self.until)

    @property
    def first(self) -> int | None:
        """The seq that it begins with."""
        return self.events[0].seq if self.events else None


def log_part(upstream: Upstream, run: Run, filters: LogFilters, *, counted: bool) -> LogPart:
    """The part that is asked for. One query, two on an open page; one more if ``counted``."""
    events = Event.objects.filter(upstream=upstream, run_id=run.mobius_id)
    asked = filters.cleaned_data
    events = events.filter(KINDS[asked["show"]][1])
    total = events.count() if counted else None
    newest = events.order_by("-seq")
    if asked["before"]:
        part = _part(newest.filter(seq__lt=int(asked["before"])), total)
        return replace(part, until=part.events[-1].at if part.events else None)
    if asked["from"]:
        since = int(asked["from"])
        shown = list(newest.filter(seq__gte=since)[: MOST + 1])
        if len(shown) <= MOST:
            before = newest.filter(seq__lt=since).first()
            return _made(shown, total, before)
    return _part(newest, total)


def _part(newest: QuerySet[Event], total: int | None) -> LogPart:
    found = list(newest[: PART + 1])
    return _made(found[:PART], total, found[PART] if len(found) > PART else None)


def _made(newest_first: list[Event], total: int | None, before: Event | None) -> LogPart:
    earlier = before.at if before is not None else None
    return LogPart(newest_first[::-1], total, before is not None, earlier)


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
_NONE: Mapping[str, Ending] = MappingProxyType({})
_LINK = '<a class="link" href="{}">{}</a>'


@dataclass(frozen=True)
class Happened:
    """One line. ``html`` is its ``text`` with a step in bold and a link to a question or decision,
    empty where there is neither.

    ``gap`` says how long after the line before it, where that is a second or more. ``seq`` is that
    of its event, 0 where no event tells of it.
    """

    icon: str
    text: str
    at: datetime | None
    seq: int
    tone: str = ""
    when: str = ""
    said: str = ""
    mono: bool = False
    html: str = ""
    gap: str = ""


def timeline(
    events: Iterable[Event],
    *,
    people: People,
    items: Mapping[str, Interaction],
    groups: Mapping[str, str],
    now: datetime,
    started_by: str = "",
    asking: Collection[str] = (),
    only: Collection[str] | None = None,
    earlier: datetime | None = None,
    ending: Ending | None = None,
    bypassed: Mapping[str, Ending] = _NONE,
    signals: Iterable[tuple[Ending, datetime]] = (),
) -> tuple[Happened, ...]:
    """The lines of events that come oldest first.

    ``items`` are the run's questions by id; ``groups`` names by group id or handle. ``asking`` are
    the names of steps that ask a person. ``only`` are
    the ids of the questions that the reader may see: with it, what belongs to no step or status
    is left out as well. ``earlier`` is when the event before the first of them was. ``ending`` says
    who cancelled the run, ``bypassed`` who bypassed a question, by its id; ``signals`` are those
    that were sent from here, and no event tells of.
    """
    found = list(events)
    teller = _Teller(
        people,
        items=items,
        groups=groups,
        started_by=started_by,
        only=only,
        ending=ending,
        bypassed=bypassed,
    )
    teller.steps_that_ask = asking_step_of(found)
    shown = without_starts(found, asking)
    lines = [line for event in shown if (line := teller.tell(event)) is not None]
    for signal, at in signals:
        later = (n for n, line in enumerate(lines) if line.at is not None and line.at > at)
        lines.insert(next(later, len(lines)), _linked("go", signal, at, 0, ""))
    return tuple(reversed(_timed(lines, now, earlier)))


def _timed(lines: list[Happened], now: datetime, earlier: datetime | None) -> list[Happened]:
    told = []
    for line in lines:
        if line.at is None:
            told.append(line)
            continue
        seconds = (line.at - earlier).total_seconds() if earlier is not None else 0.0
        gap = exact_span(seconds) if seconds >= 1 else ""
        told.append(replace(line, when=exact_moment(line.at, now), gap=gap))
        earlier = line.at
    return told


def asking_step_of(events: Iterable[Event]) -> dict[int, str]:
    """The step at work, by the seq of each event that asks a question."""
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
    """Leave out that a step started where it is said how it ended, or what it asked."""
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


class _Teller:
    def __init__(
        self,
        people: People,
        *,
        items: Mapping[str, Interaction],
        groups: Mapping[str, str],
        started_by: str,
        only: Collection[str] | None,
        ending: Ending | None,
        bypassed: Mapping[str, Ending],
    ) -> None:
        self.people, self.items, self.groups = people, items, groups
        self.started_by, self.only = started_by, only
        self.ending, self.bypassed = ending, bypassed
        self.status = ""
        self.steps: dict[str, str] = {}
        self.holders: dict[str, str] = {}
        self.steps_that_ask: dict[int, str] = {}

    def tell(self, event: Event) -> Happened | None:
        match event.kind:
            case EventKind.RUN:
                return self._run(event)
            case EventKind.STEP:
                return self._step(event)
            case EventKind.INTERACTION:
                return self._interaction(event)
            case EventKind.ACTION if self.only is None:
                line = _worded("lines", _("{step} wrote"), event, step=_step_name(event.data))
                return replace(line, said=str(event.data.get("line", "")), mono=True)
            case _ if self.only is None:
                return Happened("dashed", label(event.type), event.at, event.seq)
            case _:
                return None

    def _run(self, event: Event) -> Happened | None:
        error_type = str(event.data.get("error_type") or "")
        status = run_state(str(event.data.get("status", "")), error_type)
        if status == self.status:
            return None
        first, self.status = not self.status, status
        if status == Run.CANCELLED and self.ending is not None:
            return _linked("cancelled", self.ending, event.at, event.seq, "warn")
        shown = run_status(status)
        icon, text, tone = shown.icon, shown.label, shown.tone
        if first and status == "queued" and self.started_by:
            you, other = _("You started the run"), _("%(name)s started the run")
            icon, text = "play", self.people.sentence(self.started_by, you, other)
        error = str(event.data.get("error_message") or "")
        said = error if self.only is None and status != Run.CANCELLED else ""
        return Happened(icon, text, event.at, event.seq, tone, said=said)

    def _step(self, event: Event) -> Happened | None:
        status = str(event.data.get("status", ""))
        key = f"{event.data.get('step')}/{event.data.get('attempt')}"
        if status not in _STEP or self.steps.get(key) == status:
            return None
        self.steps[key] = status
        icon, text, tone = _STEP[status]
        said = str(event.data.get("error_message") or "") if self.only is None else ""
        return _worded(icon, _(text), event, tone, step=_step_name(event.data), said=said)

    def _interaction(self, event: Event) -> Happened | None:
        id_ = str(event.data.get("interaction", ""))
        if self.only is not None and id_ not in self.only:
            return None
        if event.type == "interaction_expired" and id_ in self.bypassed:
            return _linked("go", self.bypassed[id_], event.at, event.seq, "warn")
        if event.type == "interaction_created":
            return self._asked(event, id_)
        icon, text, tone = self._interaction_words(event, id_)
        if not text:
            return None
        comment = str(event.data.get("comment") or "") if icon in ("check", "x", "done") else ""
        said = _("“%(comment)s”") % {"comment": comment} if comment else ""
        return Happened(icon, text, event.at, event.seq, tone, said=said)

    def _asked(self, event: Event, id_: str) -> Happened:
        step = label(self.steps_that_ask.get(event.seq, ""))
        return _worded(
            "pause",
            _("{step} asked {name}: {question}") if step else _("Asked {name}: {question}"),
            event,
            "warn",
            step=step,
            name=self._whom(event.data),
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
            self.holders[id_] = str(event.data.get("claimed_by") or "")
            you, other = _("You claimed the question"), _("%(name)s claimed the question")
            return "claimed", self.people.sentence(self.holders[id_], you, other), ""
        if event.type == RELEASED:
            holder = self.holders.pop(id_, "")
            you, other = _("You released the question"), _("%(name)s released the question")
            return "undo", self.people.sentence(holder, you, other), ""
        return "", "", ""

    def _answer(self, data: Mapping[str, Any], id_: str) -> tuple[str, str, str]:
        item, by = self.items.get(id_), data.get("by")
        if data.get(HIDDEN):
            answered = self.people.sentence(by, _("You answered"), _("%(name)s answered"))
            return "done", answered, "ok"
        words = value_words(question_of(item) if item is not None else {}, data.get("value"))
        tone = "bad" if words.tone == "no" else "ok"
        did = words.done_by(self.people.full(by), reader=self.people.is_reader(by))
        return words.icon, did, tone

    def _whom(self, data: Mapping[str, Any]) -> str:
        target = str(data.get("target") or "")
        if data.get("target_type") == "group":
            return self.groups.get(target, target)
        return self.people.object(target)


def _linked(icon: str, ending: Ending, at: datetime | None, seq: int, tone: str) -> Happened:
    """Who did it; all of it is the link where there is one."""
    html = format_html(_LINK, ending.href, ending.text) if ending.href else ""
    return Happened(icon, ending.text, at, seq, tone, html=html)


def _worded(
    icon: str,
    sentence: str,
    event: Event,
    tone: str = "",
    *,
    said: str = "",
    step: str = "",
    question: str = "",
    href: str = "",
    **facts: str,
) -> Happened:
    """A ``sentence`` with placeholders for a step, a question and other ``facts``."""
    return Happened(
        icon,
        sentence.format(step=step, question=question, **facts),
        event.at,
        event.seq,
        tone,
        said=said,
        html=format_html(
            sentence,
            step=format_html("<strong>{}</strong>", step),
            question=format_html(_LINK, href, question),
            **facts,
        ),
    )


def _step_name(data: Mapping[str, Any]) -> str:
    return label(str(data.get("step") or _("A step")))
