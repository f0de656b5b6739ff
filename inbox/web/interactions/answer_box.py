"""Where the viewer answers a question: the form, or what takes its place."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from inbox.access import Refusal
from inbox.models import Draft, Guard, Interaction
from inbox.people import credentials, service_key
from inbox.people.credentials import Token
from inbox.services import guard
from inbox.services.answer_state import Sent
from inbox.services.awaited_releases import is_awaited
from inbox.services.draft import TypedIn, drafts_of, has_text
from inbox.web.interactions.drafts import (
    OtherDraft,
    UnsentText,
    other_drafts,
    own_answer_json,
    unsent_text,
)
from inbox.web.interactions.forms import AnswerForm, asked_question, form_for
from inbox.web.interactions.messages import UnderwayNotice, underway_notice
from inbox.web.interactions.suggestions import Suggestion, suggestion_of
from inbox.web.ui.answers import Effect, effect
from inbox.web.ui.held import (
    HeldAnswer,
    answer_in_batch,
    held_answer,
    returned_reason,
    returned_words,
)
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.request import typed_in as typed_in_of
from inbox.web.ui.when import at as at_words

SEARCHED_FROM = 12
"""Questions with more options than this get a search field."""


@dataclass(frozen=True)
class ReturnedNotice:
    """Why the viewer's last answer was not sent. ``has_text``: it had text, now in the form."""

    title: str
    text: str
    has_text: bool


@dataclass(frozen=True)
class AnswerBox:
    """The form, or what takes its place.

    Attributes:
        mine: the viewer's own answer as JSON, the values as a form has them and the comment.
        token: the state of the viewer's; ``GOOD`` for those who can't answer anyway.
        by_key: the service key answers for the viewer.
        form: None where the viewer cannot answer; ``effect``: what the answer will do.
        guard: whether the answer is confirmed first or can be undone; ``confirm_from``: the time
            from which it is confirmed first whatever the viewer prefers, as the question expires
            soon.
        suggestion: what the link suggests.
        returned: why their last answer was not sent.
        unconfirmed: says that their answer was accepted but the question doesn't show it.
        held: the viewer's answer, while it waits to be sent.
        underway: an answer that keeps the viewer from answering now.
        unknown_mode: there is no form for the question's mode.
        read_only: the form, while someone else has claimed the question; ``awaited``: the viewer
            will be notified when it is released.
        unsent: text that they typed before and can't send.
        other_drafts: those that are not in the form.
    """

    mine: str
    token: Token = Token.GOOD
    by_key: bool = False
    form: AnswerForm | None = None
    effect: Effect | None = None
    guard: Guard = Guard.CONFIRM
    confirm_from: datetime | None = None
    suggestion: Suggestion | None = None
    returned: ReturnedNotice | None = None
    unconfirmed: str = ""
    held: HeldAnswer | None = None
    underway: UnderwayNotice | None = None
    unknown_mode: bool = False
    read_only: AnswerForm | None = None
    awaited: bool = False
    unsent: UnsentText | None = None
    other_drafts: tuple[OtherDraft, ...] = ()

    @property
    def has_token(self) -> bool:
        return self.token in (Token.GOOD, Token.REFUSED)

    @property
    def no_token(self) -> bool:
        """Whether the viewer could answer but has no token to send the answer with."""
        return not self.has_token and not self.by_key

    @property
    def many_options(self) -> bool:
        """Whether the options get a search field."""
        return self.form is not None and len(self.form.question.options) > SEARCHED_FROM

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


def answer_box(
    request: ReviewerRequest,
    item: Interaction,
    *,
    people: People,
    now: datetime,
    version: str,
    refusal: Refusal | None,
    closed: bool,
    sent: Sent,
    submitted: AnswerForm | None,
    shows: TypedIn | None,
) -> AnswerBox:
    """``item`` is as the viewer may see it, ``version`` what the form sends along (``seen_of``).
    ``refusal`` says why the viewer can't answer, ``closed`` that no one can. ``submitted`` is a
    form with its text and errors; ``shows`` is as in ``item_page``.
    """
    viewer, reviewer = request.viewer, request.user.reviewer
    question, mine = asked_question(item), own_answer_json(item, people)
    typed_in = shows or typed_in_of(request)
    draft, others = drafts_of(viewer, item, typed_in)
    box = AnswerBox(
        mine=mine,
        unsent=unsent_text(question, draft, submitted, mine),
        other_drafts=other_drafts(others, item, typed_in.device, now),
    )
    if closed or refusal is not None:
        claimed = not closed and refusal is Refusal.CLAIMED_BY_ANOTHER
        read_only = form_for(question) if claimed and question is not None else None
        return replace(box, read_only=read_only, awaited=claimed and is_awaited(viewer, item))

    token = credentials.state_of(viewer.user_id, request.upstream)
    held = _held(request, item, sent, now)
    if held is not None:
        return AnswerBox(mine=mine, token=token, held=held)
    by_key = token is Token.NONE and service_key.may_answer(reviewer, item)
    box = replace(box, token=token, by_key=by_key)
    if sent.underway is not None:
        underway = underway_notice(sent.underway, item, received=sent.received)
        return replace(box, underway=underway)
    if box.no_token or question is None:
        return box

    suggestion = suggestion_of(request, item)
    if suggestion is not None and submitted is None:
        in_form = draft is not None and typed_in.holds(draft)
        suggestion, others = suggestion.placed(draft, others, in_form=in_form)
    form = submitted or form_for(
        question,
        draft=suggestion if suggestion is not None and suggestion.shown else draft,
        seen=version,
        reason_to_reject=item.needs_reason_to_reject,
    )
    if form is None:
        return replace(box, unknown_mode=True)
    suggested = suggestion is not None and not suggestion.empty
    return replace(
        box,
        form=form,
        effect=effect(item, people, received=sent.received),
        guard=guard.guard_of(reviewer, item, now, suggested=suggested),
        confirm_from=guard.confirm_from(reviewer, item),
        suggestion=suggestion,
        returned=_returned(sent, draft),
        unconfirmed=_unconfirmed(sent, now),
        unsent=None,
        other_drafts=other_drafts(others, item, typed_in.device, now),
    )


def _held(
    request: ReviewerRequest, item: Interaction, sent: Sent, now: datetime
) -> HeldAnswer | None:
    if sent.held is not None:
        return held_answer(sent.held, item, now)
    return answer_in_batch(request.viewer, request.upstream, item, now)


def _returned(sent: Sent, draft: Draft | None) -> ReturnedNotice | None:
    if not sent.returned:
        return None
    return ReturnedNotice(
        returned_words(sent.returned),
        returned_reason(sent.returned, sent.returned_message),
        has_text=draft is not None and has_text(draft.values, draft.comment),
    )


def _unconfirmed(sent: Sent, now: datetime) -> str:
    at = sent.unconfirmed_at
    if at is None:
        return ""
    accepted = _("Mobius accepted your answer %(when)s, but the question is still open")
    return accepted % {"when": at_words(at, now)}
