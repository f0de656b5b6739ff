from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Refusal, redaction
from inbox.answering.cancelling import may_cancel
from inbox.answering.shown_version import digest, shown_version_of
from inbox.answering.underway import Sent, sent_to
from inbox.models import Decision, Event, Interaction, Run, Upstream
from inbox.models.decision import RESPOND
from inbox.people.names import names_of
from inbox.web.questions.answer_box import answer_box
from inbox.web.questions.endings import entries_of, question_ending
from inbox.web.questions.focus import FocusPlace, focus_place
from inbox.web.questions.forms import AnswerForm
from inbox.web.questions.history import assignee_name, history, log_of
from inbox.web.questions.members import members_card
from inbox.web.questions.nudging import nudges_on
from inbox.web.questions.place import Place, place_of
from inbox.web.questions.presence import other_viewers
from inbox.web.questions.question import shown_question
from inbox.web.questions.review_form import ReviewForm, review_box
from inbox.web.questions.rounds import change_request, comparisons
from inbox.web.questions.snoozing import snooze_link
from inbox.web.questions.suggestions import Suggestion
from inbox.web.ui.answers import (
    after_mine,
    closing_sentence,
    given_answers,
    members_from_words,
    unanswered_sentence,
)
from inbox.web.ui.claims import claim_of
from inbox.web.ui.groups import groups_of
from inbox.web.ui.labels import item_status, listed
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.scopes import Filters, FocusFilters, item_href

_OTHERS_TURN = (Refusal.NOT_ASKED, Refusal.CLAIMED_BY_ANOTHER)
"""Why the viewer can't answer an open question that waits for someone else."""


def item_page(
    request: ReviewerRequest,
    original: Interaction,
    filters: Filters,
    *,
    form: AnswerForm | None = None,
    review: ReviewForm | None = None,
    place: Place | None = None,
) -> dict[str, Any]:
    """``original`` still has what the viewer may not see."""
    viewer, upstream, now = request.viewer, request.upstream, timezone.now()
    item = redaction.seen_by(viewer, original)
    item.upstream = upstream
    run = _run_of(upstream, item)
    run_entries = _run_entries(upstream, item)
    events, decisions = log_of(upstream, item)
    names = names_of(upstream, _ids(item, run, events, (*run_entries, *decisions)))
    people = People(names, viewer.mobius_id)
    groups = groups_of(upstream, [item])
    group = groups.name_for(item) if item.target_type == "group" else ""

    refusal = access.why_not_answer(viewer, item)
    reviews = access.why_not_review(viewer, item) is None
    closing = "" if reviews else _closing(item, people, now, decisions)
    ending = question_ending(viewer, item, run, (*run_entries, *decisions), people)
    is_open = item.pending and not closing
    can_answer = is_open and refusal is None
    others_turn = is_open and (item.shared or refusal in _OTHERS_TURN)
    waits = [item] if others_turn or (item.in_review and not reviews) else []
    sent = sent_to(viewer.user_id, item) if can_answer or item.shared else Sent()

    answer = answer_box(
        request,
        item,
        people=people,
        now=now,
        version=shown_version_of(original),
        refusal=refusal,
        closed=bool(closing),
        sent=sent,
        submitted=form,
    )
    version = digest(original)
    claim = claim_of(viewer, item, people, now) if is_open else None
    notes_seen = item.is_open and access.has_a_part(viewer, item)
    place = place or _place(request.own, filters, item.mobius_id)
    return {
        "item": item,
        "subject": item.display_title.rstrip("?"),
        "status": item_status(item.state, deleted=item.deleted),
        "filters": filters,
        "place": place,
        "focus": place if isinstance(place, FocusPlace) else None,
        "question": shown_question(
            item,
            people=people,
            now=now,
            group=group,
            run=run,
            digest=version,
            closed=bool(closing),
        ),
        "answer": answer,
        "review": review_box(request, item, people, version, submitted=review) if reviews else None,
        "open": is_open,
        "refusal": refusal,
        "waits": is_open or reviews,
        "checks": access.is_checker(viewer, item),
        "closing": closing,
        "closing_tone": "warn" if item.closed_unanswered else "info",
        "ending": ending,
        "cancel_reason": item.details.get("cancel_reason", "") if item.closed_early else "",
        "after_mine": (
            after_mine(item, people, received=sent.received) if refusal is Refusal.ANSWERED else ""
        ),
        "waiting_on": _waiting_on(item, people, group),
        # A lead finds it on *Blocked*, not in their own list.
        "can_cancel": not closing and may_cancel(viewer, item),
        "in_blocked": viewer.lead
        and is_open
        and refusal is Refusal.NOT_ASKED
        and not filters.everyone,
        "nudges": nudges_on(viewer, upstream, waits, people.names, now).get(item.mobius_id, ()),
        "claim": claim,
        "action": claim.action if claim is not None and answer["can_act"] else "",
        "answers": given_answers(item, people),
        "change_request": change_request(item, people) if is_open or reviews else None,
        "comparisons": comparisons(item, people, reviews=reviews),
        "members": members_card(
            viewer,
            item,
            people,
            group=group,
            left=groups.former_members(item),
            received=sent.received,
        ),
        "members_from": members_from_words(item),
        "other_viewers": other_viewers(viewer, item) if is_open else None,
        "snooze": snooze_link(viewer, item, filters, now) if is_open or reviews else None,
        "notes_seen": notes_seen,
        "can_be_unread": access.waits_for(viewer, item),
        "history": history(
            item,
            people=people,
            now=now,
            group=group,
            run=run,
            events=events,
            decisions=decisions,
            ending=ending,
        ),
        "receipt": bool(access.receipts_seen_by(viewer, item, decisions)),
        **_addresses(item, filters, answer.get("suggestion")),
    }


def _waiting_on(item: Interaction, people: People, group: str) -> str:
    """Empty for a review by people who are unknown."""
    name = assignee_name(item, people, group)
    if item.in_review:
        name = listed(people.objects(item.checkers))
    return _("Waiting for %(name)s") % {"name": name} if name else ""


def _addresses(
    item: Interaction, filters: Filters, suggestion: Suggestion | None
) -> dict[str, str]:
    """``suggested_href``: with the suggestion in the form and the draft beside it."""
    href = item_href(item.mobius_id, filters)
    if suggestion is None:
        return {"here": href, "suggested_href": ""}
    start = f"{href}{'&' if '?' in href else '?'}"
    return {
        "here": start + suggestion.query if suggestion.query else href,
        "suggested_href": start + suggestion.query_over_draft,
    }


def _run_of(upstream: Upstream, item: Interaction) -> Run | None:
    """None for a standalone question."""
    if item.run_id is None:
        return None
    return Run.objects.filter(upstream=upstream, mobius_id=item.run_id).first()


def _run_entries(upstream: Upstream, item: Interaction) -> list[Decision]:
    if not item.run_id or not item.closed_early:
        return []
    return entries_of(upstream, [item.run_id]).get(item.run_id, [])


def _ids(
    item: Interaction, run: Run | None, claims: Iterable[Event], entries: Iterable[Decision]
) -> Iterable[str | None]:
    started = run.started_by if run is not None else None
    own = (item.asked_by, item.claimed_by, item.responder_id, item.target_id, started)
    checker = item.details.get("checked_by")
    reviewers = (event["actor_id"] for event in item.lifecycle)
    claimants = (event.data.get("claimed_by") for event in claims)
    actors = (entry.actor for entry in entries)
    answered = (response.get("user_id") for response in item.responses or ())
    checkers = (checker, *item.details.get("checkers", ()))
    return (*own, *checkers, *(item.members or ()), *answered, *reviewers, *claimants, *actors)


def _closing(
    item: Interaction, people: People, now: datetime, decisions: Iterable[Decision]
) -> str:
    """Also if it has expired and upstream has not said so yet, since a button would fail."""
    past = item.pending and item.expires_at is not None and item.expires_at <= now
    answers = [entry for entry in decisions if entry.verb == RESPOND]
    outside = any(entry.observed and people.is_viewer(entry.actor) for entry in answers)
    closing = closing_sentence(item, people, now, outside=outside)
    return unanswered_sentence(item, now) if past and not closing else closing


def _place(own: OwnData, filters: Filters, id_: str) -> Place:
    if isinstance(filters, FocusFilters):
        return focus_place(own, filters, id_)
    return place_of(own, filters, id_)
