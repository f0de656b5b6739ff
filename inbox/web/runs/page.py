from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer, redaction
from inbox.answering.shown_version import digest_of
from inbox.answering.underway import accepted_answers
from inbox.mirror import capabilities, run_reads
from inbox.mobius.types import Offer
from inbox.models import Decision, Event, Interaction, Run, Step, Upstream
from inbox.people.names import names_of
from inbox.upstream.run_control import is_retryable, reached_limit
from inbox.web.questions.endings import (
    SIGNALLED,
    Ending,
    decision_href,
    done_by,
    entries_of,
    question_ending,
    run_ending,
    signal_name,
)
from inbox.web.questions.history import assignee_name
from inbox.web.questions.nudging import Nudge, nudges_on
from inbox.web.runs.timeline import KINDS, PART, LogFilters, LogLine, Timeline, log_part
from inbox.web.ui import context as evidence
from inbox.web.ui.answers import Member, closing_sentence, members, progress
from inbox.web.ui.claims import Claim, claim_of
from inbox.web.ui.groups import groups_of
from inbox.web.ui.labels import UNNAMED, Kind, kind, label, stop_reason
from inbox.web.ui.lists import Choice
from inbox.web.ui.live_run import live_head
from inbox.web.ui.masks import masks_in
from inbox.web.ui.messages import sentences
from inbox.web.ui.people import People
from inbox.web.ui.when import Deadline, at, deadline, exact_moment, exact_span, span


def time_breakdown(
    run: Run, items: Iterable[Interaction], now: datetime
) -> tuple[tuple[str, str], ...]:
    """Unknown before the run has been read."""
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
    """``have`` of ``of`` answers are given. ``step`` is empty if no step asked."""

    question: Interaction
    kind: Kind
    assignee: str
    asks_viewer: bool
    deadline: Deadline | None
    rule: str
    sentence: str
    members: tuple[Member, ...]
    have: int
    of: int
    claim: Claim | None
    step: str
    nudges: tuple[Nudge, ...]
    ending: Ending | None

    @property
    def parts(self) -> list[str]:
        return ["on" if m.state in ("answered", "received") else "" for m in self.members]

    @property
    def progress_label(self) -> str:
        counts = {"count": self.have, "total": self.of}
        return _("%(count)d of %(total)d answered") % counts


def find(viewer: Viewer, upstream: Upstream, id_: str) -> Run | None:
    return access.runs(viewer, upstream).filter(mobius_id=id_).first()


def _powers(viewer: Viewer, upstream: Upstream, run: Run) -> frozenset[str]:
    offers, powers = capabilities.load(upstream), access.permissions_of(viewer)
    if run.finished:
        return powers & {access.RETRY_RUN} if is_retryable(upstream, run) else frozenset()
    powers -= {access.RETRY_RUN}
    if offers.cancellation is Offer.NO:
        powers -= {access.CANCEL_RUN}
    if offers.signals is Offer.NO:
        powers -= {access.SIGNAL_RUN}
    return powers


class RunPage:
    def __init__(
        self, viewer: Viewer, upstream: Upstream, run: Run, now: datetime, filters: LogFilters
    ) -> None:
        self.viewer = viewer
        self.upstream = upstream
        self.run = run
        self.now = now
        self.filters = filters
        self.whole = access.sees_whole_run(viewer)
        self.part = log_part(upstream, run, filters)
        found = access.interactions(viewer, upstream).filter(run_id=run.mobius_id)
        found = found.defer("raw", "context").order_by("created_at", "id")
        self.items = [redaction.seen_by(viewer, item) for item in found]
        self.entries = entries_of(upstream, [run.mobius_id]).get(run.mobius_id, [])
        self.people = People(names_of(upstream, self._ids()), viewer.mobius_id)
        self.groups = groups_of(upstream, self.items)
        self.ending = run_ending(viewer, run, self.entries, self.people)
        self.endings = {
            item.mobius_id: question_ending(viewer, item, run, self.entries, self.people)
            for item in self.items
        }
        sent = [entry for entry in self.entries if self.whole and entry.verb == SIGNALLED]
        self.signals = [_signal(viewer, entry, self.people) for entry in sent]

    def _ids(self) -> Iterable[str | None]:
        yield self.run.started_by
        for item in self.items:
            yield from (item.target_id, item.responder_id, item.claimed_by)
            yield from (*(item.members or ()), *item.answered_by)
            yield from (event["actor_id"] for event in item.lifecycle)
        for event in self.part.events:
            yield from (event.data.get("by"), event.data.get("claimed_by"))
            if event.data.get("target_type") == "user":
                yield event.data.get("target")
        for entry in self.entries:
            yield entry.actor

    def context(self) -> dict[str, Any]:
        """``data`` is a digest of the inputs and metadata as they are shown."""
        run, whole = self.run, self.whole
        head = live_head(run)
        items = self._run_items(head["steps"])
        inputs = redaction.masked(run.inputs, ("inputs",)) if whole else {}
        metadata = redaction.masked(run.metadata, ("metadata",)) if whole else {}
        input_cards, metadata_cards = evidence.cards(inputs), evidence.cards(metadata)
        return {
            "run": run,
            "live": head["live"],
            "whole": whole,
            "started": _started(run, self.people, self.now),
            "lasted": span(((run.ended_at or self.now) - run.created_at).total_seconds()),
            "error": run.error_message if whole and not run.cancelled else "",
            "ending": self.ending,
            "reason": stop_reason(self.upstream.adapter.stop_reason(run.raw)) if whole else "",
            "reached_limit": whole and reached_limit(self.upstream, run),
            "items": items,
            "waits": [item for item in items if item.question.pending],
            "signals": self.signals,
            "powers": _powers(self.viewer, self.upstream, run) if whole else (),
            "inputs": input_cards,
            "metadata": metadata_cards,
            "masked": masks_in(inputs, metadata, beside=(*input_cards, *metadata_cards)),
            "data": evidence.as_shown(digest_of([run.inputs, run.metadata])) if whole else "",
            "about": _about(run, self.people, self.now) if whole else (),
            "time": time_breakdown(run, self.items, self.now) if whole else (),
            **self.log_context(),
        }

    def log_context(self) -> dict[str, Any]:
        """``first`` is a seq. New lines wait until the viewer asks for them, at ``all_href``."""
        part, filters, path = self.part, self.filters, self.run.get_absolute_url()
        show, before = filters.cleaned_data["show"], filters.cleaned_data["before"]
        newest = filters.replace(before="", **{"from": "", "until": ""})
        lines = self._lines(part.events)
        # An empty log fills by itself, and so does one whose events the mirror is still reading.
        until = part.last if lines and run_reads.is_complete(self.upstream, self.run) else None
        address = {"before": before} if before else {"from": part.first, "until": until}
        older_href = path + newest.querystring(before=part.first) if part.older else ""
        return {
            "lines": lines,
            "lines_words": "" if older_href or not lines else _line_count(len(lines)),
            "new_words": self._new_words(),
            "all_href": path + newest.querystring(**{"from": part.first}),
            "shows": [
                Choice(_(words), path + newest.querystring(show=key), key == show)
                for key, (words, _kinds) in KINDS.items()
            ],
            "narrowed": bool(show),
            "first": part.first,
            "here": path + newest.querystring(**address),
            "older_href": older_href,
            "newest_href": path + newest.querystring() if before else "",
        }

    def _lines(self, events: Sequence[Event]) -> tuple[LogLine, ...]:
        run, part = self.run, self.part
        by_id = {item.mobius_id: item for item in self.items}
        timeline = Timeline(
            people=self.people,
            items=by_id,
            groups=self.groups.names,
            now=self.now,
            whole=self.whole,
            # The first event of a part of the log can be a later start, after an answer.
            started_by=run.started_by if run.log_from == 0 and not part.older else "",
            asking=[str(s.get("name")) for s in run.plan or () if s.get("kind") == "interaction"],
            ending=self.ending,
            # A lead sees a signal sent from this app in its own line.
            bypassed={
                id_: how
                for id_, how in self.endings.items()
                if how is not None
                and by_id[id_].state == Interaction.BYPASSED
                and not (self.whole and how.href)
            },
            signals=[
                (by, at)
                for by, at in self.signals
                if self.filters.cleaned_data["show"] in ("", "people") and part.covers(at)
            ],
        )
        shown = redaction.events_seen_by(self.viewer, list(events), by_id)
        return timeline.lines(shown, part.earlier)

    def _new_words(self) -> str:
        part = self.part
        if not part.newer:
            return ""
        lines = self._lines([*part.events, *part.newer])
        new = sum(line.seq > (part.last or 0) for line in lines)
        if not new:
            return ""
        if new >= PART:
            return _("%(count)d or more new events") % {"count": PART}
        return ngettext("%(count)d new event", "%(count)d new events", new) % {"count": new}

    def _run_items(self, steps: Sequence[Step]) -> list[RunItem]:
        viewer, upstream = self.viewer, self.upstream
        waiting = [
            item
            for item in self.items
            if item.pending and (item.shared or access.why_not_answer(viewer, item) is None)
        ]
        accepted = accepted_answers(upstream, waiting)
        nudges = nudges_on(viewer, upstream, self.items, self.people.names, self.now)
        return [
            self._run_item(
                item,
                accepted=accepted.get(item.mobius_id, ()),
                step=Step.that_asked(item, steps),
                nudges=nudges.get(item.mobius_id, ()),
            )
            for item in self.items
        ]

    def _run_item(
        self,
        item: Interaction,
        *,
        accepted: Collection[str | None],
        step: Step | None,
        nudges: tuple[Nudge, ...],
    ) -> RunItem:
        viewer, people, now = self.viewer, self.people, self.now
        received = [member for member in item.missing if member in accepted]
        have, of = progress(item, received=received) or (0, 0)
        left = self.groups.former_members(item) if item.pending else ()
        direct = item.target_type == "user" or item.asks_named_people
        group = self.groups.name_for(item)
        return RunItem(
            question=item,
            kind=kind(item.type),
            assignee=assignee_name(item, people, group) if direct else group or _(UNNAMED),
            asks_viewer=access.why_not_answer(viewer, item) is None
            and viewer.mobius_id not in accepted,
            deadline=deadline(item, now),
            rule=_rule(item, of, now),
            sentence=closing_sentence(item, people, now),
            members=members(
                item,
                people,
                left=left,
                received=received,
                lead=viewer.lead,
            ),
            have=have,
            of=of,
            claim=claim_of(viewer, item, people, now) if item.pending else None,
            step=label(step.name) if step is not None else "",
            nudges=nudges,
            ending=self.endings[item.mobius_id],
        )


def _line_count(count: int) -> str:
    return ngettext("%(count)d line", "%(count)d lines", count) % {"count": count}


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


def _signal(viewer: Viewer, entry: Decision, people: People) -> tuple[Ending, datetime]:
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
