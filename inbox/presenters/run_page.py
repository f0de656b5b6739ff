"""One run as a page: all of it for a team lead, the own part of it for a reviewer."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox import access
from inbox.access import Viewer
from inbox.models import Event, Interaction, Run, Upstream
from inbox.presenters import context as evidence
from inbox.presenters import veil
from inbox.presenters.answers import Member, closing_sentence, members
from inbox.presenters.asked_by import asking_steps
from inbox.presenters.circle import left_behind
from inbox.presenters.effect import progress
from inbox.presenters.filters import Filters, item_href
from inbox.presenters.hold import Hold, hold_of
from inbox.presenters.monitor_row import cancelled
from inbox.presenters.nudging import Nudge, nudges_on
from inbox.presenters.people import People
from inbox.presenters.run_duration import where_the_time_went
from inbox.presenters.run_list import group_names, run_href
from inbox.presenters.run_log import KINDS, LogPart, LogQuery, log_part
from inbox.presenters.runs import LiveRun, live_head
from inbox.presenters.timeline import Happened, timeline
from inbox.presenters.when import Deadline, at, deadline, exact_moment, span
from inbox.presenters.words import Kind, kind, short_id
from inbox.reviewers.names import accounts_of, switched_off


@dataclass(frozen=True)
class RunItem:
    """A question of the run. ``open`` ones are what it waits for; ``mine`` can be answered now.

    ``step`` is the label of the step that asked it, empty where that is not known.
    """

    id: str
    href: str
    title: str
    kind: Kind
    whom: str
    open: bool
    mine: bool
    deadline: Deadline | None
    rule: str
    sentence: str
    members: tuple[Member, ...]
    parts: tuple[str, ...]
    have: int
    of: int
    hold: Hold | None
    step: str
    nudges: tuple[Nudge, ...]

    @property
    def progress_label(self) -> str:
        """Said of the bar of answers."""
        return f"{self.have} of {self.of} answered"


@dataclass(frozen=True)
class Show:
    """A part of the log to choose."""

    words: str
    href: str
    on: bool


@dataclass(frozen=True)
class RunLog:
    """The log as the page shows it. ``total`` is how many events there are, None for who may not
    see all; ``first`` the seq that the shown part begins with; ``here`` reads this part again.
    """

    happened: tuple[Happened, ...]
    shows: tuple[Show, ...]
    total: int | None
    first: int | None
    here: str
    older_href: str
    newest_href: str


@dataclass(frozen=True)
class RunPage:
    """What ``runs/run.html`` shows. ``about``, ``inputs``, ``metadata`` and ``time`` are for leads
    alone, and so is ``powers``: what else the lead may do with the run now.
    """

    run: Run
    number: str
    live: LiveRun
    started: tuple[str, ...]
    lasted: str
    error: str
    items: tuple[RunItem, ...]
    log: RunLog
    whole: bool
    powers: frozenset[str]
    inputs: tuple[evidence.Card, ...]
    metadata: tuple[evidence.Card, ...]
    about: tuple[tuple[str, str], ...]
    time: tuple[tuple[str, str], ...]

    @property
    def here(self) -> str:
        """This page."""
        return run_href(self.run.mobius_id)

    @property
    def failure(self) -> str:
        """How it ended where it did not complete, for leads; else empty."""
        if not self.whole or self.run.status != "failed":
            return ""
        return "The run was cancelled" if cancelled(self.run) else "The run failed"

    @property
    def waits(self) -> tuple[RunItem, ...]:
        """The questions that are open."""
        return tuple(item for item in self.items if item.open)


def find(viewer: Viewer, upstream: Upstream, id_: str) -> Run | None:
    """The run where the viewer may open it, else None. One query."""
    return access.runs(viewer, upstream).filter(mobius_id=id_).first()


def run_page(
    viewer: Viewer, upstream: Upstream, run: Run, now: datetime, *, query: LogQuery
) -> RunPage:
    """All that the viewer may see of a run, and the part of its log that ``query`` asks for."""
    whole = access.sees_whole_run(viewer)
    found = access.interactions(viewer, upstream).filter(run_id=run.mobius_id)
    found = found.defer("raw", "context", "search").order_by("created_at", "id")
    items = [veil.seen_by(viewer, item) for item in found]
    part = log_part(upstream, run, query)
    people = People(accounts_of(_ids(run, items, part.events)), viewer.mobius_id)
    groups = group_names(upstream, {i.target_id for i in items if i.target_type == "group"})
    pending = [item for item in items if item.pending]
    left = left_behind(upstream, pending)
    off = switched_off(user_id for item in pending for user_id in item.members or ())
    head = live_head(run, now)
    asked = asking_steps(head["steps"], items)
    nudges = nudges_on(viewer, upstream, items, now)
    return RunPage(
        run=run,
        number=short_id(run.mobius_id),
        live=head["live"],
        started=_started(run, people, now),
        lasted=span(((run.completed_at or now) - run.created_at).total_seconds()),
        error=run.error_message if whole and not cancelled(run) else "",
        items=tuple(
            _item(
                viewer,
                item,
                left.get(item.mobius_id, ()),
                off,
                people=people,
                groups=groups,
                now=now,
                step=asked.get(item.mobius_id, ""),
                nudges=nudges.get(item.mobius_id, ()),
            )
            for item in items
        ),
        log=_log(viewer, run, part, query, items, people=people, groups=groups, now=now),
        whole=whole,
        powers=access.powers(viewer) if whole and not run.finished else frozenset(),
        inputs=evidence.cards(run.inputs) if whole else (),
        metadata=evidence.cards(run.metadata) if whole else (),
        about=_about(run, people, now) if whole else (),
        time=where_the_time_went(run, items, now) if whole else (),
    )


def _log(
    viewer: Viewer,
    run: Run,
    part: LogPart,
    query: LogQuery,
    items: list[Interaction],
    *,
    people: People,
    groups: dict[str, str],
    now: datetime,
) -> RunLog:
    whole, page = access.sees_whole_run(viewer), run_href(run.mobius_id)
    by_id = {item.mobius_id: item for item in items}
    place = {"before": query.before} if query.before is not None else {"from": part.first}
    return RunLog(
        happened=timeline(
            veil.events_seen_by(viewer, list(part.events), by_id),
            people=people,
            items=by_id,
            groups=groups,
            now=now,
            started_by=run.started_by,
            asking=[str(s.get("name")) for s in run.plan or () if s.get("kind") == "interaction"],
            only=None if whole else by_id,
            earlier=part.earlier,
        ),
        shows=tuple(
            Show(words, LogQuery(show).href(page), show == query.show)
            for show, (words, _) in KINDS.items()
        ),
        total=part.total if whole else None,
        first=part.first,
        here=query.href(page, **place),
        older_href=query.href(page, before=part.first) if part.older else "",
        newest_href=query.href(page) if query.before is not None else "",
    )


def _ids(run: Run, items: list[Interaction], events: Sequence[Event]) -> Iterable[str | None]:
    ids: list[str | None] = [run.started_by]
    for item in items:
        ids += [item.target_id, item.responder_id, item.claimed_by, *(item.members or ())]
        ids += [response.get("user_id") for response in item.responses or ()]
    for event in events:
        ids += [event.data.get("by"), event.data.get("claimed_by")]
        ids.append(event.data.get("target") if event.data.get("target_type") == "user" else None)
    return ids


def _started(run: Run, people: People, now: datetime) -> tuple[str, ...]:
    who = f"{people.name(run.started_by)} started it" if run.started_by else "Started"
    attempt = "" if run.attempt <= 1 else f"attempt {run.attempt}"
    return tuple(part for part in (f"{who} {at(run.created_at, now)}", attempt) if part)


def _item(
    viewer: Viewer,
    item: Interaction,
    left: Collection[str],
    off: Collection[str],
    *,
    people: People,
    groups: dict[str, str],
    now: datetime,
    step: str,
    nudges: tuple[Nudge, ...],
) -> RunItem:
    counts = progress(item) or (0, 0)
    line = members(item, people, left=left, off=off, lead=viewer.lead)
    direct = item.target_type == "user"
    group = groups.get(item.target_id, item.target_id)
    return RunItem(
        id=item.mobius_id,
        href=item_href(item.mobius_id, Filters()),
        title=item.title or "A question",
        kind=kind(item.type),
        whom=people.object(item.target_id) if direct else group,
        open=item.pending,
        mine=access.why_not_answer(viewer, item) is None,
        deadline=deadline(item.due_at, item.expires_at, now, soft=item.soft),
        rule=_rule(item, counts[1], now),
        sentence=closing_sentence(item, people, now),
        members=line,
        parts=tuple("on" if m.state == "answered" else "" for m in line),
        have=counts[0],
        of=counts[1],
        hold=hold_of(viewer, item, people, now) if item.pending else None,
        step=step,
        nudges=nudges,
    )


def _rule(item: Interaction, needed: int, now: datetime) -> str:
    if needed > 1:
        rule = (
            f"All {needed} must answer."
            if needed == len(item.members or ())
            else (f"{needed} answers are needed.")
        )
    elif len(item.members or ()) > 1:
        rule = "One answer is enough."
    else:
        rule = ""
    if item.expires_at is not None and item.expires_at > now:
        rule = f"{rule} It expires {at(item.expires_at, now)}.".strip()
    return rule


def _about(run: Run, people: People, now: datetime) -> tuple[tuple[str, str], ...]:
    pairs = [
        ("Queue", run.queue),
        ("Attempt", str(run.attempt)),
        ("Started by", people.full(run.started_by) if run.started_by else ""),
        ("External id", run.external_id or ""),
        ("Run id", run.mobius_id),
        ("Created", exact_moment(run.created_at, now)),
        ("Ended", exact_moment(run.completed_at, now) if run.completed_at else ""),
        ("Error", run.error_type),
    ]
    return tuple((name, value) for name, value in pairs if value)
