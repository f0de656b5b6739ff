"""The page of a question."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Refusal, Viewer, redaction
from inbox.mobius.types import Question
from inbox.models import Decision, Draft, Event, Interaction, Reviewer, Run, Upstream
from inbox.people import credentials, service_key
from inbox.people.credentials import Token
from inbox.people.names import accounts_and_deactivated
from inbox.services.answer_state import Sent, sent_to
from inbox.services.draft import NOWHERE, TypedIn, as_form_values, drafts_of
from inbox.services.seen import seen_of
from inbox.web.decisions import receipt
from inbox.web.inbox.place import Place, place_of
from inbox.web.interactions.drafts import OtherDraft, other_drafts, typed_words
from inbox.web.interactions.forms import AnswerForm, form_for
from inbox.web.interactions.history import Entry, assignee_name, history
from inbox.web.interactions.messages import UnderwayNotice, underway_notice
from inbox.web.interactions.presence import OtherViewers, other_viewers
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
from inbox.web.ui.claims import Hold, hold_of
from inbox.web.ui.context import Card
from inbox.web.ui.endings import CLAIMED, RELEASED, Ending, entries_of, question_ending
from inbox.web.ui.groups import groups_of
from inbox.web.ui.live_run import LiveRun, live_head
from inbox.web.ui.markdown import Text
from inbox.web.ui.open_in_mobius import interaction_in_mobius
from inbox.web.ui.people import People
from inbox.web.ui.scopes import Filters, item_href
from inbox.web.ui.when import Deadline, ago, deadline
from inbox.web.ui.when import at as at_words
from inbox.web.ui.words import Kind, Status, item_status, kind, short_id

SEARCHED_FROM = 12
"""Questions with more options than this get a search field."""


@dataclass(frozen=True)
class UnsentText:
    """Text that the viewer typed for a question that can no longer be answered."""

    value: str
    comment: str

    @property
    def text(self) -> str:
        """Value and comment as one text to copy."""
        return "\n\n".join(part for part in (self.value, self.comment) if part)


@dataclass(frozen=True)
class ItemPage:
    """What ``interactions/_detail.html`` shows. ``form`` is None where the reader cannot answer;
    ``receipt``: an answer that the reader may see is in the decision log; ``mine`` is the reader's
    own answer as JSON, the values as a form has them and the comment; empty without one.
    ``by_key``: the service key answers for the reader. ``underway``: an answer that keeps the
    reader from answering now. ``unconfirmed`` says that the reader's answer was accepted and is not
    in.
    """

    item: Interaction
    filters: Filters
    place: Place
    kind: Kind
    body: Text
    cards: tuple[Card, ...]
    deadline: Deadline | None
    asked: str
    group: str
    run_href: str
    run_name: str
    live: LiveRun | None
    effect: Effect
    refusal: Refusal | None
    form: AnswerForm | None
    unknown_mode: bool
    closing: str
    after_mine: str
    hold: Hold | None
    token: Token
    by_key: bool
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
    unsent: UnsentText | None = None
    other_drafts: tuple[OtherDraft, ...] = ()
    parts: list[str] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """The question as one line."""
        return self.item.display_title

    @property
    def subject(self) -> str:
        """The heading as it is named within another sentence, such as *Approve “…”?*."""
        return self.heading.rstrip("?")

    @property
    def title(self) -> str:
        """The title of the page."""
        return self.heading

    @property
    def status(self) -> Status:
        """Waiting, answered, expired, cancelled, bypassed by a signal, gone."""
        return item_status(self.item.state, gone=self.item.gone)

    @property
    def closing_tone(self) -> str:
        return "warn" if self.item.status == "expired" else "info"

    @property
    def here(self) -> str:
        """This page, with the list beside it as it is."""
        return item_href(self.item.mobius_id, self.filters)

    @property
    def self_href(self) -> str:
        """This page alone, to send to somebody."""
        return self.item.get_absolute_url()

    @property
    def list_href(self) -> str:
        """The list that this page is opened from."""
        return self.filters.href()

    @property
    def list_query(self) -> str:
        """What the form carries, so that the next question comes from the same list."""
        return self.filters.querystring().removeprefix("?")

    @property
    def raw_href(self) -> str:
        """The question as Mobius sent it."""
        return reverse("interaction-json", args=[self.item.mobius_id])

    @property
    def mobius_href(self) -> str:
        """Where Mobius shows the question; empty where that is not set."""
        return interaction_in_mobius(self.item.mobius_id)

    @property
    def form_template(self) -> str:
        """The fragment of the question's mode."""
        return f"interactions/_form_{self.form.mode if self.form is not None else 'unknown'}.html"

    @property
    def many_options(self) -> bool:
        """The options get a search field."""
        return self.form is not None and len(self.form.question.options) > SEARCHED_FROM

    @property
    def progress_label(self) -> str:
        """The label of the progress bar."""
        counts = {"count": self.have, "total": self.of}
        if "you" in self.parts:
            return _("%(count)d of %(total)d answered, yours is next") % counts
        return _("%(count)d of %(total)d answered") % counts

    @property
    def no_token(self) -> bool:
        """The viewer could answer and has no token to send the answer with."""
        return self.token in (Token.NONE, Token.LOST) and not self.by_key

    @property
    def everybody_answers(self) -> bool:
        """Several people must answer."""
        return not self.item.takes_one_answer

    @property
    def refused_token(self) -> bool:
        """Mobius refused the viewer's token the last time."""
        return self.token is Token.REFUSED

    @property
    def action(self) -> str:
        """``claim``, ``release``, or nothing that the reader could do."""
        own = self.token in (Token.GOOD, Token.REFUSED)
        return self.hold.action if self.hold is not None and own else ""

    @property
    def open(self) -> bool:
        """Somebody can still answer it."""
        return self.item.pending and not self.closing


_PARTS = {"answered": "on", "received": "on", "turn": "you"}
"""The part of the progress bar for a member's state."""


def item_page(
    viewer: Viewer,
    upstream: Upstream,
    item: Interaction,
    filters: Filters,
    now: datetime,
    *,
    form: AnswerForm | None = None,
    typed_in: TypedIn = NOWHERE,
    place: Place | None = None,
) -> ItemPage:
    """The page. ``form`` is a submitted form with its text and errors; ``typed_in`` identifies the
    form in the page and so its draft; ``place`` is the item's place in the list, where that has
    been computed already.
    """
    item = redaction.seen_by(viewer, item)
    run = _run_of(viewer, upstream, item)
    ended = entries_of(upstream, [item.run_id] if item.run_id and item.closed_early else [])
    about_run = ended.get(item.run_id or "", [])
    actors = (entry.actor for entry in about_run)
    names, off = accounts_and_deactivated((*_ids(item, run), *actors))
    people = People(names, viewer.mobius_id)
    ending = question_ending(viewer, item, run, about_run, people)
    groups = groups_of(upstream, [item])
    group = groups.name_for(item) if item.target_type == "group" else ""
    events, decisions = _log_of(upstream, item)
    question = _question(item)
    draft, others = drafts_of(viewer, item, typed_in)
    refusal = access.why_not_answer(viewer, item)
    closing = closing_sentence(item, people, now)
    if not closing and _past(item, now):
        closing = unanswered_sentence(item, now)
    answers_here = refusal is None and not closing
    token = credentials.state_of(viewer.user_id, upstream) if answers_here else Token.GOOD
    by_key = token is Token.NONE and _by_key(viewer, upstream, item)
    can_send = by_key or token in (Token.GOOD, Token.REFUSED)
    sent = sent_to(viewer.user_id, item) if answers_here or item.shared else Sent()
    received = sent.received
    if not answers_here:
        sent = Sent()
    usable = question is not None and answers_here and can_send and sent.underway is None
    if form is None and usable and question is not None:
        form = form_for(question, draft=draft, seen=seen_of(item))
    counts, mine = progress(item, received=received) or (0, 0), _mine(item, people)
    left = groups.former_members(item)
    line = members(item, people, left=left, off=off, received=received, lead=viewer.lead)
    return ItemPage(
        item=item,
        other_drafts=other_drafts(others, item, typed_in.device, now),
        filters=filters,
        place=place or place_of(viewer, upstream, filters, item.mobius_id),
        kind=kind(item.type),
        body=markdown.render(markdown.body(item.message, item.title)),
        cards=evidence.cards(item.context, shown_elsewhere=_shown_elsewhere(item)),
        deadline=_deadline(item, now, closing),
        asked=_asked(item, people, group, now),
        group=group,
        run_href=run.get_absolute_url() if run is not None else "",
        run_name=f"{item.workflow} {short_id(item.run_id or '')}" if run is not None else "",
        live=live_head(run, now)["live"] if run is not None else None,
        effect=effect(item, people, received=received),
        refusal=refusal,
        form=form if usable else None,
        unknown_mode=usable and form is None,
        closing=closing,
        after_mine=(
            after_mine(item, people, received=received) if refusal is Refusal.ANSWERED else ""
        ),
        hold=hold_of(viewer, item, people, now) if item.pending and not closing else None,
        token=token,
        by_key=by_key,
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
        unconfirmed=_unconfirmed(sent, now),
        waiting_on=_("Waiting on %(name)s") % {"name": assignee_name(item, people, group)},
        unsent=None if usable and form is not None else _unsent_text(question, draft, form, mine),
        parts=[_PARTS.get(member.state, "") for member in line],
    )


def _unconfirmed(sent: Sent, now: datetime) -> str:
    at = sent.unconfirmed_at
    if at is None:
        return ""
    accepted = _("Mobius accepted your answer %(when)s, but the question is still open")
    return accepted % {"when": at_words(at, now)}


def _run_of(viewer: Viewer, upstream: Upstream, item: Interaction) -> Run | None:
    """The run, which whoever sees the item may see; None for a standalone question."""
    if item.run_id is None:
        return None
    return Run.objects.filter(upstream=upstream, mobius_id=item.run_id).first()


def _ids(item: Interaction, run: Run | None) -> Iterable[str | None]:
    started = run.started_by if run is not None else None
    own = (item.asked_by, item.claimed_by, item.responder_id, item.target_id, started)
    return (*own, *(item.members or ()), *item.answered_by)


def _log_of(upstream: Upstream, item: Interaction) -> tuple[list[Event], list[Decision]]:
    """The claims and releases of a group's question, and our own log of it."""
    claims: list[Event] = []
    if item.run_id is not None and item.members is not None:
        rows = Event.objects.filter(
            upstream=upstream,
            run_id=item.run_id,
            type__in=(CLAIMED, RELEASED),
            data__interaction=item.mobius_id,
        )
        claims = list(rows.order_by("seq"))
    entries = Decision.objects.filter(
        interaction_id=item.mobius_id, base_url=upstream.base_url, project=upstream.project
    )
    return claims, list(entries.order_by("at"))


def _question(item: Interaction) -> Question | None:
    questions = item.questions or []
    return Question.model_validate(questions[0]) if questions else None


def _by_key(viewer: Viewer, upstream: Upstream, item: Interaction) -> bool:
    """The service key would answer for the reader, who has no member token."""
    item.upstream = upstream
    reviewer = Reviewer.objects.get(user_id=viewer.user_id)
    return service_key.may_answer(reviewer, item)


def _unsent_text(
    question: Question | None, draft: Draft | None, form: AnswerForm | None, mine: str
) -> UnsentText | None:
    """What was typed and not sent, from the form that came back, else from the draft.

    ``mine`` is the reader's answer: text that is the same has arrived, though the attempt may still
    wait for its response.
    """
    if form is not None and form.is_bound:
        typed, comment = form.typed, form.shown_comment
    elif draft is not None:
        typed, comment = [str(value) for value in draft.values], draft.comment
    else:
        return None
    typed = [text for text in typed if text]
    if mine:
        value, sent_comment = json.loads(mine)
        # A form with buttons saves its text without the one that is pressed.
        if typed in ([], value) and comment.strip() == sent_comment:
            return None
    words = typed_words(question, typed)
    return UnsentText(words, comment) if words or comment else None


def _mine(item: Interaction, people: People) -> str:
    for response in item.responses or ():
        if people.is_reader(response.get("user_id")):
            return json.dumps(
                [as_form_values(response.get("value")), response.get("comment") or ""]
            )
    return ""


def _shown_elsewhere(item: Interaction) -> frozenset[str]:
    return frozenset({"due_at"}) if item.soft else frozenset()


def _past(item: Interaction, now: datetime) -> bool:
    """Its time is over, and upstream has not said so yet: a button would fail."""
    return item.pending and item.expires_at is not None and item.expires_at <= now


def _deadline(item: Interaction, now: datetime, closing: str) -> Deadline | None:
    if closing:
        return None
    return deadline(item.due_at, item.expires_at, now, soft=item.soft)


def _asked(item: Interaction, people: People, group: str, now: datetime) -> str:
    when = ago(item.created_at, now)
    if item.asked_by:
        you, other = _("You asked %(ago)s"), _("%(name)s asked %(ago)s")
        return people.sentence(item.asked_by, you, other, ago=when)
    asked = _("Asked %(name)s %(ago)s")
    return asked % {"name": assignee_name(item, people, group), "ago": when}
