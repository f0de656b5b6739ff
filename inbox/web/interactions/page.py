"""The page of a question."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Refusal, Viewer, redaction
from inbox.models import Decision, Event, Interaction, Run, Upstream
from inbox.models.decision import RESPOND
from inbox.people.names import accounts_and_deactivated
from inbox.services.answer_state import Sent, sent_to
from inbox.services.draft import TypedIn
from inbox.services.seen import digest, seen_of
from inbox.web.decisions import receipt
from inbox.web.inbox.focus import FocusPlace, focus_place
from inbox.web.inbox.place import Place, place_of
from inbox.web.interactions.answer_box import AnswerBox, answer_box
from inbox.web.interactions.forms import AnswerForm
from inbox.web.interactions.history import Entry, assignee_name, history, log_of
from inbox.web.interactions.members import MembersCard, members_card
from inbox.web.interactions.presence import OtherViewers, other_viewers
from inbox.web.interactions.question import ShownQuestion, shown_question
from inbox.web.interactions.snoozing import SnoozeLink, snooze_link
from inbox.web.ui.answers import (
    GivenAnswer,
    after_mine,
    closing_sentence,
    given_answers,
    members_from_words,
    unanswered_sentence,
)
from inbox.web.ui.claims import Claim, claim_of
from inbox.web.ui.endings import Ending, entries_of, question_ending
from inbox.web.ui.groups import groups_of
from inbox.web.ui.labels import Status, item_status
from inbox.web.ui.nudging import Nudge, nudges_on
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.scopes import Filters, FocusFilters, item_href

_OTHERS_TURN = (Refusal.NOT_ASKED, Refusal.CLAIMED_BY_ANOTHER)
"""Why the viewer can't answer an open question that waits for someone else."""


@dataclass(frozen=True)
class ItemPage:
    """What ``interactions/_detail.html`` shows.

    Attributes:
        item: the question as the viewer may see it.
        filters: the list that it was opened from; ``place``: where it stands there.
        question: what it asks; ``answer``: the form, or what takes its place.
        open: someone can still answer it; ``refusal``: why the viewer can't.
        closing: how the question ended; ``ending``: who ended it early.
        after_mine: who it still waits for once the viewer has answered.
        in_blocked: a lead finds it on *Blocked*, not in their own list.
        nudges: for a lead, those of the people named on the page.
        receipt: an answer that the viewer may see is in the decision log.
    """

    item: Interaction
    filters: Filters
    place: Place
    question: ShownQuestion
    answer: AnswerBox
    open: bool
    refusal: Refusal | None
    closing: str
    ending: Ending | None
    after_mine: str
    waiting_on: str
    in_blocked: bool
    nudges: tuple[Nudge, ...]
    claim: Claim | None
    answers: tuple[GivenAnswer, ...]
    members: MembersCard | None
    members_from: str
    other_viewers: OtherViewers | None
    snooze: SnoozeLink | None
    history: tuple[Entry, ...]
    receipt: bool

    @property
    def subject(self) -> str:
        """The title as used within a sentence, such as *Approve “…”?*."""
        return self.item.display_title.rstrip("?")

    @property
    def status(self) -> Status:
        """Pending, answered, expired, cancelled, bypassed by a signal, or deleted."""
        return item_status(self.item.state, deleted=self.item.deleted)

    @property
    def closing_tone(self) -> str:
        return "warn" if self.item.status == "expired" else "info"

    @property
    def here(self) -> str:
        """This page with the same list beside it and the suggestion of its link."""
        suggestion = self.answer.suggestion
        return self._with(suggestion.query if suggestion is not None else "")

    @property
    def suggested_href(self) -> str:
        """This page with the suggestion in the form and the draft beside it."""
        suggestion = self.answer.suggestion
        return self._with(suggestion.query_over_draft) if suggestion is not None else ""

    def _with(self, query: str) -> str:
        href = item_href(self.item.mobius_id, self.filters)
        return f"{href}{'&' if '?' in href else '?'}{query}" if query else href

    @property
    def focus(self) -> FocusPlace | None:
        """The place in focus mode; None elsewhere."""
        return self.place if isinstance(self.place, FocusPlace) else None

    @property
    def action(self) -> str:
        """``claim``, ``release``, or empty if the viewer can do neither."""
        return self.claim.action if self.claim is not None and self.answer.has_token else ""

    @property
    def notes_seen(self) -> bool:
        """Whether the page notes that the viewer has seen it: they were asked, and it is open."""
        return self.item.pending and self.refusal is not Refusal.NOT_ASKED

    @property
    def can_be_unread(self) -> bool:
        """Whether it waits for the viewer."""
        return self.notes_seen and self.refusal is not Refusal.ANSWERED


def item_page(
    request: ReviewerRequest,
    original: Interaction,
    filters: Filters,
    *,
    form: AnswerForm | None = None,
    shows: TypedIn | None = None,
    place: Place | None = None,
) -> ItemPage:
    """The page. ``original`` still has what the viewer may not see. ``form`` is a submitted form
    with its text and errors; ``shows`` selects the draft for the form, by default that of the
    submitted form; ``place`` is the item's place in the list, where that has been computed already.
    """
    viewer, upstream, now = request.viewer, request.upstream, timezone.now()
    item = redaction.seen_by(viewer, original)
    item.upstream = upstream
    run = _run_of(upstream, item)
    run_entries = _run_entries(upstream, item)
    events, decisions = log_of(upstream, item)
    names, off = accounts_and_deactivated(_ids(item, run, events, (*run_entries, *decisions)))
    people = People(names, viewer.mobius_id)
    groups = groups_of(upstream, [item])
    group = groups.name_for(item) if item.target_type == "group" else ""

    refusal = access.why_not_answer(viewer, item)
    closing = _closing(item, people, now, decisions)
    ending = question_ending(viewer, item, run, run_entries, people)
    is_open = item.pending and not closing
    can_answer = is_open and refusal is None
    waits = [item] if is_open and (item.shared or refusal in _OTHERS_TURN) else []
    sent = sent_to(viewer.user_id, item) if can_answer or item.shared else Sent()

    return ItemPage(
        item=item,
        filters=filters,
        place=place or _place(viewer, upstream, filters, item.mobius_id),
        question=shown_question(
            item,
            people=people,
            now=now,
            group=group,
            run=run,
            digest=digest(original),
            closed=bool(closing),
        ),
        answer=answer_box(
            request,
            item,
            people=people,
            now=now,
            version=seen_of(original),
            refusal=refusal,
            closed=bool(closing),
            sent=sent,
            submitted=form,
            shows=shows,
        ),
        open=is_open,
        refusal=refusal,
        closing=closing,
        ending=ending,
        after_mine=(
            after_mine(item, people, received=sent.received) if refusal is Refusal.ANSWERED else ""
        ),
        waiting_on=_("Waiting for %(name)s") % {"name": assignee_name(item, people, group)},
        in_blocked=viewer.lead and is_open and refusal is Refusal.NOT_ASKED,
        nudges=nudges_on(viewer, upstream, waits, now).get(item.mobius_id, ()),
        claim=claim_of(viewer, item, people, now) if is_open else None,
        answers=given_answers(item, people),
        members=members_card(
            viewer,
            item,
            people,
            group=group,
            left=groups.former_members(item),
            off=off,
            received=sent.received,
        ),
        members_from=members_from_words(item),
        other_viewers=other_viewers(viewer, item) if is_open else None,
        snooze=snooze_link(viewer, item, filters, now) if is_open else None,
        history=history(
            item,
            people=people,
            now=now,
            group=group,
            run=run,
            events=events,
            decisions=decisions,
            ending=ending,
        ),
        receipt=bool(receipt.seen_by(viewer, item, decisions)),
    )


def _run_of(upstream: Upstream, item: Interaction) -> Run | None:
    """The run, which everyone who sees the question may see; None for a standalone question."""
    if item.run_id is None:
        return None
    return Run.objects.filter(upstream=upstream, mobius_id=item.run_id).first()


def _run_entries(upstream: Upstream, item: Interaction) -> list[Decision]:
    """The log's entries about the question's run, if they may say why it was closed early. At most
    one query.
    """
    if not item.run_id or not item.closed_early:
        return []
    return entries_of(upstream, [item.run_id]).get(item.run_id, [])


def _ids(
    item: Interaction, run: Run | None, claims: Iterable[Event], entries: Iterable[Decision]
) -> Iterable[str | None]:
    started = run.started_by if run is not None else None
    own = (item.asked_by, item.claimed_by, item.responder_id, item.target_id, started)
    claimants = (event.data.get("claimed_by") for event in claims)
    actors = (entry.actor for entry in entries)
    return (*own, *(item.members or ()), *item.answered_by, *claimants, *actors)


def _closing(
    item: Interaction, people: People, now: datetime, decisions: Iterable[Decision]
) -> str:
    """How it ended; also if it has expired although upstream has not said so yet, since a button
    would fail. ``decisions``: its entries in our log.
    """
    past = item.pending and item.expires_at is not None and item.expires_at <= now
    answers = [entry for entry in decisions if entry.verb == RESPOND]
    outside = any(entry.observed and people.is_viewer(entry.actor) for entry in answers)
    closing = closing_sentence(item, people, now, outside=outside)
    return unanswered_sentence(item, now) if past and not closing else closing


def _place(viewer: Viewer, upstream: Upstream, filters: Filters, id_: str) -> Place:
    if isinstance(filters, FocusFilters):
        return focus_place(viewer, upstream, filters, id_)
    return place_of(viewer, upstream, filters, id_)
