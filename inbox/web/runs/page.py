"""The page of a run: the whole run for a team lead, their own part for a reviewer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer, redaction
from inbox.mirror import capabilities, run_reads
from inbox.mobius.types import Offer
from inbox.models import Decision, Event, Interaction, Run, Step, Upstream
from inbox.people.names import accounts_and_deactivated
from inbox.services.answer_state import accepted_answers
from inbox.services.seen import digest_of
from inbox.web.runs.timeline import KINDS, PART, LogFilters, LogLine, LogPart, log_part, timeline
from inbox.web.ui import context as evidence
from inbox.web.ui.answers import Member, closing_sentence, members, progress
from inbox.web.ui.claims import Claim, claim_of
from inbox.web.ui.endings import (
    SIGNALLED,
    Ending,
    decision_href,
    done_by,
    entries_of,
    question_ending,
    run_ending,
    signal_name,
)
from inbox.web.ui.groups import Groups, groups_of
from inbox.web.ui.labels import UNNAMED, Kind, kind, label
from inbox.web.ui.lists import Choice
from inbox.web.ui.live_run import LiveRun, live_head
from inbox.web.ui.masks import Masks, masks_in
from inbox.web.ui.messages import sentences
from inbox.web.ui.nudging import Nudge, nudges_on
from inbox.web.ui.people import People
from inbox.web.ui.when import Deadline, at, deadline, exact_moment, exact_span, span


def asking_steps(steps: Iterable[Step], items: Iterable[Interaction]) -> dict[str, str]:
    """The label of the step that asked each question, by the question's ID. A question that no step
    asked has none.
    """
    steps = list(steps)
    asked = {item.mobius_id: Step.that_asked(item, steps) for item in items}
    return {id_: label(step.name) for id_, step in asked.items() if step is not None}


def where_the_time_went(
    run: Run, items: Iterable[Interaction], now: datetime
) -> tuple[tuple[str, str], ...]:
    """How long the run waited for people, and what the rest of its time was spent on.

    Neither is known before the run has been read.
    """
    if run.known_only_from_questions:
        return ((_("Waiting for people"), "–"), (_("Everything else"), "–"))
    end = run.ended_at or now
    waits = sorted(
        (item.created_at, min(item.closed_at or end, end))
        for item in items
        if item.created_at < end
    )
    waited = 0.0
    reached: datetime | None = None
    for begin, over in waits:
        start = begin if reached is None else max(begin, reached)
        if over > start:
            waited += (over - start).total_seconds()
            reached = over
    whole = (end - run.created_at).total_seconds()
    return (
        (_("Waiting for people"), exact_span(waited) if waited else "–"),
        (_("Everything else"), exact_span(max(0.0, whole - waited))),
    )


@dataclass(frozen=True)
class RunItem:
    """A question of the run.

    ``asks_viewer``: the viewer can answer it now. ``step`` is the label of the step that asked it,
    empty if that is not known.
    """

    question: Interaction
    kind: Kind
    assignee: str
    asks_viewer: bool
    deadline: Deadline | None
    rule: str
    sentence: str
    members: tuple[Member, ...]
    parts: tuple[str, ...]
    have: int
    of: int
    claim: Claim | None
    step: str
    nudges: tuple[Nudge, ...]
    ending: Ending | None

    @property
    def progress_label(self) -> str:
        counts = {"count": self.have, "total": self.of}
        return _("%(count)d of %(total)d answered") % counts


@dataclass(frozen=True)
class RunLog:
    """The log as the page shows it.

    ``first`` is the seq of the first event shown; ``here`` is the address that reloads this part.
    ``new`` lines wait until the viewer asks for them, at ``all_href``.
    """

    lines: tuple[LogLine, ...]
    new: int
    all_href: str
    shows: tuple[Choice, ...]
    first: int | None
    here: str
    older_href: str
    newest_href: str

    @property
    def narrowed(self) -> bool:
        """Whether only events of one kind are shown."""
        return not self.shows[0].on

    @property
    def shown_words(self) -> str:
        """``87 lines``, if all are shown and there are any.

        The replay counts events. One that changes nothing has no line, and neither has the start
        of a step that has ended.
        """
        if self.older_href or not self.lines:
            return ""
        count = len(self.lines)
        return ngettext("%(count)d line", "%(count)d lines", count) % {"count": count}

    @property
    def new_words(self) -> str:
        """``1 new event``, ``100 or more new events``."""
        if self.new >= PART:
            return _("%(count)d or more new events") % {"count": PART}
        events = ngettext("%(count)d new event", "%(count)d new events", self.new)
        return events % {"count": self.new}


@dataclass(frozen=True)
class RunPage:
    """What ``runs/run.html`` shows.

    ``about``, ``inputs``, ``metadata`` and ``time`` are for leads only, as are ``signals``, those
    sent from this app, and ``powers``, what the lead may do with the run now. ``ending`` says who
    cancelled it. ``data`` is a digest of the inputs and metadata as they are shown. ``started`` and
    ``time`` are empty while the run is only known from its questions.
    """

    run: Run
    live: LiveRun
    started: tuple[str, ...]
    lasted: str
    error: str
    items: tuple[RunItem, ...]
    log: RunLog
    whole: bool
    ending: Ending | None
    signals: tuple[tuple[Ending, datetime], ...]
    powers: frozenset[str]
    inputs: tuple[evidence.Card, ...]
    metadata: tuple[evidence.Card, ...]
    masked: Masks
    data: str
    about: tuple[tuple[str, str], ...]
    time: tuple[tuple[str, str], ...]

    @property
    def waits(self) -> tuple[RunItem, ...]:
        return tuple(item for item in self.items if item.question.pending)


def find(viewer: Viewer, upstream: Upstream, id_: str) -> Run | None:
    """The run if the viewer may open it, else None. One query."""
    return access.runs(viewer, upstream).filter(mobius_id=id_).first()


def _powers(viewer: Viewer, upstream: Upstream) -> frozenset[str]:
    """What the viewer may do with an unfinished run, if upstream offers it."""
    offers, powers = capabilities.load(upstream), access.permissions_of(viewer)
    if offers.cancellation is Offer.NO:
        powers -= {access.CANCEL_RUN}
    if offers.signals is Offer.NO:
        powers -= {access.SIGNAL_RUN}
    return powers


def run_page(
    viewer: Viewer, upstream: Upstream, run: Run, now: datetime, *, filters: LogFilters
) -> RunPage:
    """What the viewer may see of a run, with the part of its log that ``filters`` select."""
    whole = access.sees_whole_run(viewer)
    found = access.interactions(viewer, upstream).filter(run_id=run.mobius_id)
    found = found.defer("raw", "context").order_by("created_at", "id")
    items = [redaction.seen_by(viewer, item) for item in found]
    part = log_part(upstream, run, filters)
    entries = entries_of(upstream, [run.mobius_id]).get(run.mobius_id, [])
    actors = [entry.actor for entry in entries]
    names, off = accounts_and_deactivated([*_ids(run, items, part.events), *actors])
    people = People(names, viewer.mobius_id)
    groups = groups_of(upstream, items)
    ending = run_ending(viewer, run, entries, people)
    endings = {
        item.mobius_id: question_ending(viewer, item, run, entries, people) for item in items
    }
    sent = [entry for entry in entries if whole and entry.verb == SIGNALLED]
    signals = tuple(_signal(viewer, entry, people) for entry in sent)
    waiting = [
        item
        for item in items
        if item.pending and (item.shared or access.why_not_answer(viewer, item) is None)
    ]
    accepted = accepted_answers(upstream, waiting)
    head = live_head(run)
    step_labels = asking_steps(head["steps"], items)
    nudges = nudges_on(viewer, upstream, items, now)
    inputs = redaction.masked(run.inputs, ("inputs",)) if whole else {}
    metadata = redaction.masked(run.metadata, ("metadata",)) if whole else {}
    input_cards, metadata_cards = evidence.cards(inputs), evidence.cards(metadata)
    return RunPage(
        run=run,
        live=head["live"],
        started=_started(run, people, now),
        lasted=span(((run.ended_at or now) - run.created_at).total_seconds()),
        error=run.error_message if whole and not run.cancelled else "",
        items=tuple(
            _item(
                viewer,
                item,
                off,
                people=people,
                groups=groups,
                now=now,
                accepted=accepted.get(item.mobius_id, ()),
                step=step_labels.get(item.mobius_id, ""),
                nudges=nudges.get(item.mobius_id, ()),
                ending=endings[item.mobius_id],
            )
            for item in items
        ),
        log=_log(
            viewer,
            run,
            part,
            filters,
            items,
            upstream=upstream,
            people=people,
            groups=groups.names,
            now=now,
            ending=ending,
            endings=endings,
            signals=signals,
        ),
        whole=whole,
        ending=ending,
        signals=signals,
        powers=_powers(viewer, upstream) if whole and not run.finished else frozenset(),
        inputs=input_cards,
        metadata=metadata_cards,
        masked=masks_in(inputs, metadata, beside=(*input_cards, *metadata_cards)),
        data=evidence.as_shown(digest_of([run.inputs, run.metadata])) if whole else "",
        about=_about(run, people, now) if whole else (),
        time=where_the_time_went(run, items, now) if whole else (),
    )


def _log(
    viewer: Viewer,
    run: Run,
    part: LogPart,
    filters: LogFilters,
    items: list[Interaction],
    *,
    upstream: Upstream,
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    ending: Ending | None,
    endings: Mapping[str, Ending | None],
    signals: Iterable[tuple[Ending, datetime]],
) -> RunLog:
    whole, page = access.sees_whole_run(viewer), run.get_absolute_url()
    by_id = {item.mobius_id: item for item in items}
    show, before = filters.cleaned_data["show"], filters.cleaned_data["before"]
    newest = filters.replace(before="", **{"from": "", "until": ""})

    def lines(events: Sequence[Event]) -> tuple[LogLine, ...]:
        return timeline(
            redaction.events_seen_by(viewer, list(events), by_id),
            people=people,
            items=by_id,
            groups=groups,
            now=now,
            # The first event of a part of the log can be a later start, after an answer.
            started_by=run.started_by if run.log_from == 0 and not part.older else "",
            asking=[str(s.get("name")) for s in run.plan or () if s.get("kind") == "interaction"],
            only=None if whole else by_id,
            earlier=part.earlier,
            ending=ending,
            # A lead sees a signal sent from this app in its own line.
            bypassed={
                id_: how
                for id_, how in endings.items()
                if how is not None
                and by_id[id_].state == Interaction.BYPASSED
                and not (whole and how.href)
            },
            signals=[(by, at) for by, at in signals if show in ("", "people") and part.covers(at)],
        )

    shown = lines(part.events)
    new = [line for line in lines([*part.events, *part.newer]) if line.seq > (part.last or 0)]
    # An empty log fills by itself, and so does one whose events the mirror is still reading.
    until = part.last if shown and run_reads.is_complete(upstream, run) else None
    address = {"before": before} if before else {"from": part.first, "until": until}
    return RunLog(
        lines=shown,
        new=len(new) if part.newer else 0,
        all_href=page + newest.querystring(**{"from": part.first}),
        shows=tuple(
            Choice(_(words), page + newest.querystring(show=key), key == show)
            for key, (words, _kinds) in KINDS.items()
        ),
        first=part.first,
        here=page + newest.querystring(**address),
        older_href=page + newest.querystring(before=part.first) if part.older else "",
        newest_href=page + newest.querystring() if before else "",
    )


def _ids(run: Run, items: list[Interaction], events: Sequence[Event]) -> Iterable[str | None]:
    ids: list[str | None] = [run.started_by]
    for item in items:
        ids += [item.target_id, item.responder_id, item.claimed_by, *(item.members or ())]
        ids += item.answered_by
    for event in events:
        ids += [event.data.get("by"), event.data.get("claimed_by")]
        ids.append(event.data.get("target") if event.data.get("target_type") == "user" else None)
    return ids


def _started(run: Run, people: People, now: datetime) -> tuple[str, ...]:
    if run.known_only_from_questions:
        return ()
    when = at(run.created_at, now)
    if run.started_by:
        you, other = _("Started by you %(when)s"), _("Started by %(name)s %(when)s")
        started = people.sentence(run.started_by, you, other, when=when)
    else:
        started = _("Started %(when)s") % {"when": when}
    if run.attempt <= 1:
        return (started,)
    return started, _("attempt %(number)d") % {"number": run.attempt}


def _item(
    viewer: Viewer,
    item: Interaction,
    off: Collection[str],
    *,
    people: People,
    groups: Groups,
    now: datetime,
    accepted: Collection[str | None],
    step: str,
    nudges: tuple[Nudge, ...],
    ending: Ending | None,
) -> RunItem:
    received = [member for member in item.missing if member in accepted]
    counts = progress(item, received=received) or (0, 0)
    left = groups.former_members(item) if item.pending else ()
    line = members(item, people, left=left, off=off, received=received, lead=viewer.lead)
    direct = item.target_type == "user"
    group = groups.name_for(item) or _(UNNAMED)
    return RunItem(
        question=item,
        kind=kind(item.type),
        assignee=people.object(item.target_id) if direct else group,
        asks_viewer=access.why_not_answer(viewer, item) is None
        and viewer.mobius_id not in accepted,
        deadline=deadline(item, now),
        rule=_rule(item, counts[1], now),
        sentence=closing_sentence(item, people, now),
        members=line,
        parts=tuple("on" if m.state in ("answered", "received") else "" for m in line),
        have=counts[0],
        of=counts[1],
        claim=claim_of(viewer, item, people, now) if item.pending else None,
        step=step,
        nudges=nudges,
        ending=ending,
    )


def _signal(viewer: Viewer, entry: Decision, people: People) -> tuple[Ending, datetime]:
    """Who sent it, and when."""
    you, other = _("You sent the signal “%(signal)s”"), _("%(name)s sent the signal “%(signal)s”")
    text = done_by(entry, people, you, other, signal=signal_name(entry))
    return Ending(text, decision_href(viewer, entry)), entry.at


def _rule(item: Interaction, needed: int, now: datetime) -> str:
    rule = ""
    if needed > 1 and needed == len(item.members or ()):
        everyone = ngettext("%(count)d must answer.", "All %(count)d must answer.", needed)
        rule = everyone % {"count": needed}
    elif needed > 1:
        several = ngettext("%(count)d answer is needed.", "%(count)d answers are needed.", needed)
        rule = several % {"count": needed}
    elif not item.policy_is_known:
        rule = _("Mobius doesn't say how many people have to answer.")
    elif len(item.members or ()) > 1:
        rule = _("One answer is enough.")
    expires = ""
    if item.expires_at is not None and item.expires_at > now:
        expires = _("It expires %(when)s.") % {"when": at(item.expires_at, now)}
    return sentences(rule, expires)


def _about(run: Run, people: People, now: datetime) -> tuple[tuple[str, str], ...]:
    id_ = (_("Run ID"), run.mobius_id)
    if run.known_only_from_questions:
        return (id_,)
    pairs = [
        id_,
        (_("Queue"), run.queue),
        (_("Attempt"), str(run.attempt)),
        (_("Started by"), people.full(run.started_by) if run.started_by else ""),
        (_("External ID"), run.external_id or ""),
        (_("Created"), exact_moment(run.created_at, now)),
        (_("Ended"), exact_moment(run.completed_at, now) if run.completed_at else ""),
        (_("Error"), run.error_type),
    ]
    return tuple((name, value) for name, value in pairs if value)
