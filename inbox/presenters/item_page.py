"""One question as a page."""

import json
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from inbox import access
from inbox.access import Refusal, Viewer
from inbox.forms import AnswerForm, form_for
from inbox.mobius.types import Question
from inbox.models import Decision, Draft, Event, Group, Interaction, Run, Upstream
from inbox.presenters import context as evidence
from inbox.presenters import markdown, receipt, veil
from inbox.presenters.answers import closing_sentence, given, members
from inbox.presenters.circle import left_behind
from inbox.presenters.effect import after_mine, effect, progress
from inbox.presenters.filters import Filters
from inbox.presenters.history import CLAIMED, RELEASED, asked_words, history
from inbox.presenters.hold import hold_of
from inbox.presenters.item_shape import ItemPage, Kept
from inbox.presenters.people import People
from inbox.presenters.place import place_of
from inbox.presenters.presence import company
from inbox.presenters.runs import live_head
from inbox.presenters.when import Deadline, ago, deadline
from inbox.presenters.words import kind, short_id
from inbox.reviewers import credentials
from inbox.reviewers.credentials import Token
from inbox.reviewers.names import accounts_of, switched_off
from inbox.services.draft import typed_as
from inbox.services.seen import seen_of


def find(viewer: Viewer, upstream: Upstream, id_: str) -> Interaction | None:
    """The item where the viewer may see it, else None. One query."""
    return access.interactions(viewer, upstream).filter(mobius_id=id_).first()


def item_page(
    viewer: Viewer,
    upstream: Upstream,
    item: Interaction,
    filters: Filters,
    now: datetime,
    *,
    form: AnswerForm | None = None,
) -> ItemPage:
    """All of the page. ``form`` is one that was sent and comes back with its text and errors."""
    item = veil.seen_by(viewer, item)
    run = _run_of(viewer, upstream, item)
    people = People(accounts_of(_ids(item, run)), viewer.mobius_id)
    group = _group_of(upstream, item)
    events, decisions = _log_of(upstream, item)
    question = _question(item)
    draft = _draft_of(viewer, upstream, item)
    refusal = access.why_not_answer(viewer, item)
    closing = closing_sentence(item, people, now) or _past(item, now)
    token = _token(viewer, upstream, item) if refusal is None and not closing else Token.GOOD
    can_send = token in (Token.GOOD, Token.REFUSED)
    usable = question is not None and refusal is None and not closing and can_send
    if form is None and usable and question is not None:
        form = form_for(question, draft=draft, seen=seen_of(item))
    counts = progress(item) or (0, 0)
    left = left_behind(upstream, [item]).get(item.mobius_id, ())
    off = switched_off(item.members or ()) if item.pending else ()
    line = members(item, people, left=left, off=off, lead=viewer.lead)
    return ItemPage(
        item=item,
        filters=filters,
        place=place_of(viewer, upstream, filters, item.mobius_id),
        kind=kind(item.type),
        body=markdown.render(markdown.body(item.message, item.title)),
        cards=evidence.cards(item.context, known=_known(item)),
        deadline=_deadline(item, now, closing),
        asked=_asked(item, people, group, now),
        group=group,
        run_href=reverse("run", args=[item.run_id]) if run is not None else "",
        run_name=f"{item.workflow} {short_id(item.run_id or '')}" if run is not None else "",
        live=live_head(run, now)["live"] if run is not None else None,
        effect=effect(item, people),
        refusal=refusal,
        form=form if usable else None,
        unknown_mode=usable and form is None,
        closing=closing,
        after_mine=after_mine(item, people) if refusal is Refusal.ANSWERED else "",
        hold=hold_of(viewer, item, people, now) if item.pending and not closing else None,
        token=token,
        company=company(viewer, item) if not closing else None,
        hidden=access.hides_answers(viewer, item) and bool(item.responses),
        answers=given(item, people),
        members=line,
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
        ),
        receipt=bool(receipt.seen_by(viewer, item, decisions)),
        mine=_mine(item, people),
        whom=f"Waiting on {_whom(item, people, group)}",
        kept=None if usable and form is not None else _kept(question, draft, form),
        parts=["on" if m.state == "answered" else "you" if m.state == "turn" else "" for m in line],
    )


def _run_of(viewer: Viewer, upstream: Upstream, item: Interaction) -> Run | None:
    """The run, which whoever sees the item may see; None for a standalone question."""
    if item.run_id is None:
        return None
    return Run.objects.filter(upstream=upstream, mobius_id=item.run_id).first()


def _ids(item: Interaction, run: Run | None) -> Iterable[str | None]:
    answered = (response.get("user_id") for response in item.responses or ())
    started = run.started_by if run is not None else None
    own = (item.asked_by, item.claimed_by, item.responder_id, item.target_id, started)
    return (*own, *(item.members or ()), *answered)


def _group_of(upstream: Upstream, item: Interaction) -> str:
    if item.target_type != "group":
        return ""
    named = Q(mobius_id=item.group_id or "") | Q(handle=item.target_id)
    found = Group.objects.filter(named, upstream=upstream).first()
    return found.name if found is not None else item.target_id


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
    ours = Decision.objects.filter(
        interaction_id=item.mobius_id, base_url=upstream.base_url, project=upstream.project
    )
    return claims, list(ours.order_by("at"))


def _question(item: Interaction) -> Question | None:
    questions = item.questions or []
    return Question.model_validate(questions[0]) if questions else None


def _draft_of(viewer: Viewer, upstream: Upstream, item: Interaction) -> Draft | None:
    return Draft.objects.filter(
        reviewer__user_id=viewer.user_id, upstream=upstream, interaction_id=item.mobius_id
    ).first()


def _token(viewer: Viewer, upstream: Upstream, item: Interaction) -> Token:
    """With what the reader would answer; the service key may stand in for a missing token."""
    token = credentials.state_of(viewer.user_id, upstream)
    direct = item.target_type == "user"
    stands_in = token is Token.NONE and direct and settings.SERVICE_KEY_ANSWERS
    return Token.GOOD if stands_in else token


def _kept(question: Question | None, draft: Draft | None, form: AnswerForm | None) -> Kept | None:
    """What was typed, from the form that came back, else from the draft."""
    if form is not None and form.is_bound:
        typed, comment = form.typed, form.shown_comment
    elif draft is not None:
        typed, comment = [str(value) for value in draft.values], draft.comment
    else:
        return None
    labels = {o.value: o.label for o in question.options} if question is not None else {}
    if question is not None and question.mode == "confirm":
        labels = {"true": "Approve", "false": "Reject"}
    value = ", ".join(labels.get(text, text) for text in typed if text)
    return Kept(value, comment) if value or comment else None


def _mine(item: Interaction, people: People) -> str:
    for response in item.responses or ():
        if people.is_reader(response.get("user_id")):
            return json.dumps([typed_as(response.get("value")), response.get("comment") or ""])
    return ""


def _known(item: Interaction) -> frozenset[str]:
    return frozenset({"due_at"}) if item.soft else frozenset()


def _past(item: Interaction, now: datetime) -> str:
    """Its time is over, and upstream has not said so yet: a button would fail."""
    if item.pending and item.expires_at is not None and item.expires_at <= now:
        return f"This expired {ago(item.expires_at, now)}. It can no longer be answered."
    return ""


def _deadline(item: Interaction, now: datetime, closing: str) -> Deadline | None:
    if closing:
        return None
    return deadline(item.due_at, item.expires_at, now, soft=item.soft)


def _asked(item: Interaction, people: People, group: str, now: datetime) -> str:
    when = ago(item.created_at, now)
    if item.asked_by:
        return f"{people.name(item.asked_by)} asked {when}"
    return f"{asked_words(item, people, group)} {when}"


def _whom(item: Interaction, people: People, group: str) -> str:
    return people.object(item.target_id) if item.target_type == "user" else group or item.target_id
