"""The page of a question."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Refusal, Viewer, redaction
from inbox.models import Decision, Guard, Interaction, Run, Upstream
from inbox.models.decision import RESPOND
from inbox.models.interaction import REASON_TO_REJECT
from inbox.people import credentials, service_key
from inbox.people.credentials import Token
from inbox.people.names import accounts_and_deactivated
from inbox.services import guard, snooze
from inbox.services.answer_state import Sent, sent_to
from inbox.services.awaited_releases import is_awaited
from inbox.services.draft import TypedIn, drafts_of, has_text
from inbox.services.seen import digest as digest_of
from inbox.services.seen import seen_of
from inbox.web.decisions import receipt
from inbox.web.inbox.focus import FocusPlace, focus_place
from inbox.web.inbox.place import Place, place_of
from inbox.web.interactions.drafts import (
    OtherDraft,
    UnsentText,
    other_drafts,
    own_answer_json,
    unsent_text,
)
from inbox.web.interactions.forms import AnswerForm, asked_question, form_for
from inbox.web.interactions.history import Entry, assignee_name, history, log_of
from inbox.web.interactions.messages import UnderwayNotice, underway_notice
from inbox.web.interactions.presence import OtherViewers, other_viewers
from inbox.web.interactions.suggestions import Suggestion, suggestion_of
from inbox.web.ui import context as evidence
from inbox.web.ui import markdown
from inbox.web.ui.answers import (
    Effect,
    GivenAnswer,
    Member,
    after_mine,
    closing_sentence,
    effect,
    given_answers,
    members,
    members_from_words,
    progress,
    unanswered_sentence,
)
from inbox.web.ui.claims import Claim, claim_of
from inbox.web.ui.context import Card
from inbox.web.ui.endings import Ending, entries_of, question_ending
from inbox.web.ui.groups import groups_of
from inbox.web.ui.held import (
    HeldAnswer,
    answer_in_batch,
    held_answer,
    returned_reason,
    returned_words,
)
from inbox.web.ui.live_run import LiveRun, live_head
from inbox.web.ui.markdown import Text
from inbox.web.ui.masks import Masks, masks_in
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.request import typed_in as typed_in_of
from inbox.web.ui.scopes import Filters, FocusFilters, item_href, snooze_href
from inbox.web.ui.when import Deadline, ago, deadline, moment
from inbox.web.ui.when import at as at_words
from inbox.web.ui.words import Kind, Status, item_status, kind

SEARCHED_FROM = 12
"""Questions with more options than this get a search field."""


@dataclass(frozen=True)
class ItemPage:
    """What ``interactions/_detail.html`` shows. ``form`` is None where the viewer cannot answer;
    ``receipt``: an answer that the viewer may see is in the decision log; ``mine`` is the viewer's
    own answer as JSON, the values as a form has them and the comment; empty without one.
    ``suggestion``: the link suggests an answer, and the viewer can give one.
    ``by_key``: the service key answers for the viewer. ``underway``: an answer that keeps the
    viewer from answering now. ``unconfirmed`` says that the viewer's answer was accepted but the
    question doesn't show it. ``guard``: what guards an answer to this question; ``asks_from``: from
    when on it is asked first whatever the viewer prefers, because the question expires soon.
    ``held``: the viewer's answer, while it waits to be sent; ``returned``: why their last one was
    not sent, ``returned_text``: it had text. ``read_only``: the form, while someone else has
    claimed the question; ``awaited``: the viewer will be notified when it is released.
    ``snoozed``: until when the viewer has snoozed it; empty where they haven't.
    """

    item: Interaction
    filters: Filters
    place: Place
    kind: Kind
    body: Text
    cards: tuple[Card, ...]
    masked: Masks
    digest: str
    deadline: Deadline | None
    asked: str
    group: str
    run: Run | None
    live: LiveRun | None
    effect: Effect
    refusal: Refusal | None
    form: AnswerForm | None
    unknown_mode: bool
    closing: str
    after_mine: str
    claim: Claim | None
    token: Token
    by_key: bool
    guard: Guard
    asks_from: datetime | None
    other_viewers: OtherViewers | None
    hidden: bool
    answers: tuple[GivenAnswer, ...]
    members: tuple[Member, ...]
    members_from: str
    have: int
    of: int
    history: tuple[Entry, ...]
    waiting_on: str
    ending: Ending | None = None
    receipt: bool = False
    mine: str = ""
    underway: UnderwayNotice | None = None
    unconfirmed: str = ""
    held: HeldAnswer | None = None
    awaited: bool = False
    read_only: AnswerForm | None = None
    returned: str = ""
    returned_title: str = ""
    returned_text: bool = False
    unsent: UnsentText | None = None
    other_drafts: tuple[OtherDraft, ...] = ()
    suggestion: Suggestion | None = None
    can_snooze: bool = False
    snoozed: str = ""
    parts: list[str] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """The title as used within a sentence, such as *Approve “…”?*."""
        return self.item.display_title.rstrip("?")

    @property
    def status(self) -> Status:
        """Pending, answered, expired, cancelled, bypassed by a signal, or deleted."""
        return item_status(self.item.state, gone=self.item.gone)

    @property
    def closing_tone(self) -> str:
        return "warn" if self.item.status == "expired" else "info"

    @property
    def here(self) -> str:
        """This page with the same list beside it and the suggestion of its link."""
        suggested = self.suggestion.query if self.suggestion is not None else ""
        return self._with(suggested)

    @property
    def suggested_href(self) -> str:
        """This page with the suggestion in the form and the draft beside it."""
        return self._with(self.suggestion.query_over_draft) if self.suggestion is not None else ""

    def _with(self, query: str) -> str:
        href = item_href(self.item.mobius_id, self.filters)
        return f"{href}{'&' if '?' in href else '?'}{query}" if query else href

    @property
    def focus(self) -> FocusPlace | None:
        """The place in focus mode; None elsewhere."""
        return self.place if isinstance(self.place, FocusPlace) else None

    @property
    def evidence(self) -> str:
        """A digest that changes with the question, the language or the time zone."""
        return f"{self.digest}-{get_language()}-{get_current_timezone_name()}"

    @property
    def snooze_href(self) -> str:
        return snooze_href(self.item.mobius_id, self.filters)

    @property
    def form_template(self) -> str:
        form = self.form or self.read_only
        return form.template if form is not None else "interactions/_form_unknown.html"

    @property
    def approve_described_by(self) -> str:
        """The IDs of the texts that say that approving is suggested."""
        return self._described_by(True)

    @property
    def reject_described_by(self) -> str:
        """The IDs of the texts that say that rejecting is suggested."""
        return self._described_by(False)

    def _described_by(self, answer: bool) -> str:
        by_workflow = getattr(self.form, "suggested", None)
        by_link = self.suggestion.approves if self.suggestion is not None else None
        said = {"suggested": by_workflow, "suggested-by-link": by_link}
        return " ".join(id_ for id_, suggested in said.items() if suggested is answer)

    @property
    def many_options(self) -> bool:
        """Whether the options get a search field."""
        return self.form is not None and len(self.form.question.options) > SEARCHED_FROM

    @property
    def progress_label(self) -> str:
        counts = {"count": self.have, "total": self.of}
        if "you" in self.parts:
            return _("%(count)d of %(total)d answered, yours is next") % counts
        return _("%(count)d of %(total)d answered") % counts

    @property
    def no_token(self) -> bool:
        """Whether the viewer could answer but has no token to send the answer with."""
        return self.token in (Token.NONE, Token.LOST) and not self.by_key

    @property
    def action(self) -> str:
        """``claim``, ``release``, or empty if the viewer can do neither."""
        own = self.token in (Token.GOOD, Token.REFUSED)
        return self.claim.action if self.claim is not None and own else ""

    @property
    def notes_seen(self) -> bool:
        """Whether the page notes that the viewer has seen it: they were asked, and it is open."""
        return self.item.pending and self.refusal is not Refusal.NOT_ASKED

    @property
    def can_be_unread(self) -> bool:
        """Whether it waits for the viewer."""
        return self.notes_seen and self.refusal is not Refusal.ANSWERED

    @property
    def open(self) -> bool:
        """Whether someone can still answer it."""
        return self.item.pending and not self.closing


_PARTS = {"answered": "on", "received": "on", "turn": "you"}
"""The part of the progress bar for a member's state."""


def item_page(
    request: ReviewerRequest,
    item: Interaction,
    filters: Filters,
    *,
    form: AnswerForm | None = None,
    shows: TypedIn | None = None,
    place: Place | None = None,
) -> ItemPage:
    """The page. ``form`` is a submitted form with its text and errors; ``shows`` selects the draft
    for the form, by default that of the submitted form; ``place`` is the item's place in the list,
    where that has been computed already.
    """
    viewer, upstream, now = request.viewer, request.upstream, timezone.now()
    reviewer, typed_in = request.user.reviewer, shows or typed_in_of(request)
    suggestion = suggestion_of(request, item)
    version, digest = seen_of(item), digest_of(item)
    item = redaction.seen_by(viewer, item)
    run = _run_of(upstream, item)
    ended = entries_of(upstream, [item.run_id] if item.run_id and item.closed_early else [])
    about_run = ended.get(item.run_id or "", [])
    ids = (*_ids(item, run), *(entry.actor for entry in about_run))
    names, off = accounts_and_deactivated(ids)
    people = People(names, viewer.mobius_id)
    ending = question_ending(viewer, item, run, about_run, people)
    groups = groups_of(upstream, [item])
    group = groups.name_for(item) if item.target_type == "group" else ""
    events, decisions = log_of(upstream, item)
    question = asked_question(item)
    draft, others = drafts_of(viewer, item, typed_in)
    refusal = access.why_not_answer(viewer, item)
    closing = _closing(item, people, now, decisions)
    answers_here = refusal is None and not closing
    token = credentials.state_of(viewer.user_id, upstream) if answers_here else Token.GOOD
    item.upstream = upstream
    by_key = token is Token.NONE and service_key.may_answer(reviewer, item)
    can_send = by_key or token in (Token.GOOD, Token.REFUSED)
    sent = sent_to(viewer.user_id, item) if answers_here or item.shared else Sent()
    received = sent.received
    if not answers_here:
        sent = Sent()
    held = held_answer(sent.held, item, now) if sent.held is not None else None
    if held is None and answers_here:
        held = answer_in_batch(viewer, upstream, item, now)
    free = sent.underway is None and held is None
    usable = question is not None and answers_here and can_send and free
    if not usable:
        suggestion = None
    if form is None and usable and question is not None:
        if suggestion is not None:
            in_form = draft is not None and typed_in.holds(draft)
            suggestion, others = suggestion.placed(draft, others, in_form=in_form)
        shown = suggestion if suggestion is not None and suggestion.shown else draft
        form = form_for(
            question,
            draft=shown,
            seen=version,
            reason_to_reject=item.needs_reason_to_reject,
        )
    claimed_by_another = refusal is Refusal.CLAIMED_BY_ANOTHER and not closing
    counts, mine = progress(item, received=received) or (0, 0), own_answer_json(item, people)
    left = groups.former_members(item)
    waits = item.pending and not closing and not access.has_answered(viewer, item)
    can_snooze = waits and access.is_asked(viewer, item)
    returns_at = snooze.of_item(viewer, item, now) if can_snooze else None
    cards = evidence.cards(item.context, shown_elsewhere=_shown_elsewhere(item))
    line = members(item, people, left=left, off=off, received=received, lead=viewer.lead)
    return ItemPage(
        item=item,
        other_drafts=other_drafts(others if held is None else (), item, typed_in.device, now),
        filters=filters,
        place=place or _place(viewer, upstream, filters, item.mobius_id),
        kind=kind(item.type),
        body=markdown.render(markdown.body(item.message, item.title)),
        cards=cards,
        masked=masks_in(item.context, item.responses, beside=cards),
        digest=digest,
        deadline=None if closing else deadline(item, now),
        asked=_asked(item, people, group, now),
        group=group,
        run=run,
        live=live_head(run)["live"] if run is not None else None,
        effect=effect(item, people, received=received),
        refusal=refusal,
        form=form if usable else None,
        unknown_mode=usable and form is None,
        read_only=form_for(question) if claimed_by_another and question is not None else None,
        awaited=claimed_by_another and is_awaited(viewer, item),
        closing=closing,
        after_mine=(
            after_mine(item, people, received=received) if refusal is Refusal.ANSWERED else ""
        ),
        claim=claim_of(viewer, item, people, now) if item.pending and not closing else None,
        token=token,
        by_key=by_key,
        guard=guard.guard_of(
            reviewer, item, now, suggested=suggestion is not None and not suggestion.empty
        ),
        asks_from=guard.asks_from(reviewer, item),
        other_viewers=other_viewers(viewer, item) if not closing else None,
        hidden=access.hides_answers(viewer, item) and bool(item.responses),
        answers=given_answers(item, people),
        members=line,
        members_from=members_from_words(item),
        have=counts[0],
        of=counts[1],
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
        ending=ending,
        receipt=bool(receipt.seen_by(viewer, item, decisions)),
        mine=mine,
        underway=(
            underway_notice(sent.underway, item, received=received) if sent.underway else None
        ),
        held=held,
        returned=returned_reason(sent.returned, sent.returned_message) if sent.returned else "",
        returned_text=draft is not None and has_text(draft.values, draft.comment),
        returned_title=returned_words(sent.returned) if sent.returned else "",
        unconfirmed=_unconfirmed(sent, now),
        waiting_on=_("Waiting for %(name)s") % {"name": assignee_name(item, people, group)},
        suggestion=suggestion,
        can_snooze=can_snooze,
        snoozed=moment(returns_at, now) if returns_at is not None else "",
        unsent=(
            None
            if (usable and form is not None) or held is not None
            else unsent_text(question, draft, form, mine)
        ),
        parts=[_PARTS.get(member.state, "") for member in line],
    )


def _run_of(upstream: Upstream, item: Interaction) -> Run | None:
    """The run, which everyone who sees the question may see; None for a standalone question."""
    if item.run_id is None:
        return None
    return Run.objects.filter(upstream=upstream, mobius_id=item.run_id).first()


def _place(viewer: Viewer, upstream: Upstream, filters: Filters, id_: str) -> Place:
    if isinstance(filters, FocusFilters):
        return focus_place(viewer, upstream, filters, id_)
    return place_of(viewer, upstream, filters, id_)


def _unconfirmed(sent: Sent, now: datetime) -> str:
    at = sent.unconfirmed_at
    if at is None:
        return ""
    accepted = _("Mobius accepted your answer %(when)s, but the question is still open")
    return accepted % {"when": at_words(at, now)}


def _ids(item: Interaction, run: Run | None) -> Iterable[str | None]:
    started = run.started_by if run is not None else None
    own = (item.asked_by, item.claimed_by, item.responder_id, item.target_id, started)
    return (*own, *(item.members or ()), *item.answered_by)


def _shown_elsewhere(item: Interaction) -> frozenset[str]:
    """The keys of the context that the page shows in another way."""
    keys = {
        "due_at": item.soft,
        "confirm": guard.always_asks(item),
        REASON_TO_REJECT: item.needs_reason_to_reject,
    }
    return frozenset(key for key, shown in keys.items() if shown)


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


def _asked(item: Interaction, people: People, group: str, now: datetime) -> str:
    when = ago(item.created_at, now)
    if item.asked_by:
        you, other = _("You asked %(ago)s"), _("%(name)s asked %(ago)s")
        return people.sentence(item.asked_by, you, other, ago=when)
    asked = _("Asked %(name)s %(ago)s")
    return asked % {"name": assignee_name(item, people, group), "ago": when}
