"""Answers that were typed and not sent: one draft for each person and question.

A save names the draft that its form shows. If another form has saved in the meantime, the text of
that one is kept as the earlier text, which can be put back until the question is answered. Text is
kept until it is sent or discarded: what an answer leaves unsent is listed with the drafts of closed
questions.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from inbox.access import Viewer, viewer_of
from inbox.answering.question import find_own
from inbox.models import Attempt, Draft, Interaction, Recipient, Reviewer, Upstream
from inbox.models.answers import OTHER_CHOSEN, Typed, as_typed
from inbox.models.interaction import OPEN

KEEP_CLOSED_FOR = timedelta(days=30)
NO_TEXT: tuple[Typed, ...] = ({}, {"value": ["true"]}, {"value": ["false"]})
"""A form without text, and one after *Approve* or *Reject* has been pressed."""


class FormAnswer(NamedTuple):
    values: Typed
    comment: str

    def is_text(self, values: Typed, comment: str) -> bool:
        typed, own = _filled(values), _filled(self.values)
        same = typed == own or (not typed and self.values in NO_TEXT)
        return same and _plain(comment) == _plain(self.comment)

    def is_in(self, draft: Draft) -> bool:
        return self.is_text(draft.values, draft.comment)


@dataclass(frozen=True)
class TypedIn:
    """``base`` is the draft that the form was filled from (``Draft.base``), ``form`` its operation
    ID.
    """

    base: str = ""
    form: str = ""

    def holds(self, draft: Draft) -> bool:
        """The form shows this draft or has saved it last."""
        return self.base == draft.base or (bool(self.form) and self.form == draft.form)


NOWHERE = TypedIn()


@transaction.atomic
def save(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    values: Typed,
    comment: str,
    typed_in: TypedIn = NOWHERE,
) -> bool:
    """Save what was typed, without validating it.

    False if the person has answered already, so that a late save restores nothing. Raises
    ``NotAsked``.
    """
    item = find_own(viewer_of(reviewer.user), interaction_id)
    if _answered(reviewer, item):
        return False
    keep(
        reviewer,
        item,
        values=values,
        comment=comment,
        closed=not item.is_open,
        typed_in=typed_in,
    )
    return True


@transaction.atomic(savepoint=False)
def keep(
    reviewer: Reviewer,
    item: Interaction,
    *,
    values: Typed,
    comment: str,
    closed: bool,
    typed_in: TypedIn = NOWHERE,
) -> None:
    """Write the draft. ``closed``: it can't be sent any more; kept for ``KEEP_CLOSED_FOR``.

    If the form doesn't hold the draft, the draft's text becomes the earlier text; a form without
    text changes nothing then.
    """
    now = timezone.now()
    draft, created = Draft.objects.select_for_update().get_or_create(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        defaults={
            "values": values,
            "comment": comment,
            "round": item.round,
            "form": typed_in.form,
            "updated_at": now,
            "closed_at": now if closed else None,
        },
    )
    if created:
        return
    changed = (draft.values, draft.comment) != (values, comment)
    if changed and not typed_in.holds(draft):
        if not has_text(values, comment):
            return
        if has_text(draft.values, draft.comment):
            draft.earlier_values, draft.earlier_comment = draft.values, draft.comment
    if changed:
        draft.values, draft.comment, draft.updated_at = values, comment, now
        draft.version += 1
    draft.form, draft.round = typed_in.form or draft.form, item.round
    draft.closed_at = now if closed else None
    draft.save()


@transaction.atomic
def put_back(*, reviewer: Reviewer, item: Interaction) -> None:
    """Swap the draft and the earlier text, if there is one."""
    draft = _of(item).filter(reviewer=reviewer).select_for_update().first()
    if draft is not None and draft.earlier_values is not None:
        _swap(draft)


def _swap(draft: Draft) -> None:
    current = draft.values, draft.comment
    draft.values, draft.comment = draft.earlier_values, draft.earlier_comment
    draft.earlier_values, draft.earlier_comment = current if has_text(*current) else (None, "")
    # No form on a page shows this text: what one saves next replaces it as another device's would.
    draft.form = ""
    draft.version, draft.updated_at = draft.version + 1, timezone.now()
    draft.save()


def restore(attempt: Attempt, item: Interaction) -> None:
    draft, answer = _draft_of(attempt.reviewer, item), answer_of(attempt)
    if draft is None or not answer.is_in(draft):
        closed = not item.is_open
        keep(attempt.reviewer, item, values=answer.values, comment=answer.comment, closed=closed)


def answer_of(attempt: Attempt) -> FormAnswer:
    """As it was in the form that the person sent."""
    questions = attempt.shown.get("questions") or ()
    return FormAnswer(as_typed(questions, attempt.answers), attempt.comment)


def settle(reviewer: Reviewer, item: Interaction, sent: Attempt | None) -> None:
    """``sent`` is the attempt that the answer came from, None if it was made elsewhere."""
    draft = _draft_of(reviewer, item)
    if draft is None:
        return
    answers = _shown_answers(item)[reviewer.mobius_id or "", draft.round]
    if sent is not None:
        answers.append(answer_of(sent))
    if _is_sent(draft, answers):
        _delete_text(draft)
    close(reviewer, item)


def close(reviewer: Reviewer, item: Interaction) -> None:
    open_drafts = _of(item).filter(reviewer=reviewer, closed_at=None)
    open_drafts.update(closed_at=timezone.now())


def delete_comment(reviewer: Reviewer, item: Interaction, comment: str) -> None:
    """Of a review that has arrived, unless the draft is another text by now."""
    draft = _draft_of(reviewer, item)
    if draft is not None and FormAnswer({}, comment).is_in(draft):
        _delete_text(draft)


def delete_text_of(attempt: Attempt, item: Interaction) -> None:
    draft = _draft_of(attempt.reviewer, item)
    if draft is not None and answer_of(attempt).is_in(draft):
        _delete_text(draft)


def _delete_text(draft: Draft) -> None:
    """An earlier text takes its place."""
    if draft.earlier_values is None:
        draft.delete()
    else:
        draft.values, draft.comment = {}, ""
        _swap(draft)


def draft_of(viewer: Viewer, item: Interaction) -> Draft | None:
    return _of(item).filter(reviewer__user_id=viewer.user_id).first()


def text_beside(draft: Draft | None, typed_in: TypedIn) -> FormAnswer | None:
    """The person's text that the form doesn't show: the earlier one, or another form's."""
    if draft is None:
        return None
    if typed_in.form and not typed_in.holds(draft):
        return FormAnswer(draft.values, draft.comment)
    if draft.earlier_values is None:
        return None
    return FormAnswer(draft.earlier_values, draft.earlier_comment)


def discard(*, reviewer: Reviewer, item: Interaction, base: str) -> None:
    """Delete the draft that the page showed; one that has changed since is kept."""
    draft = _not_held(_of(item).filter(reviewer=reviewer)).first()
    if draft is not None and draft.base == base:
        discard_version(reviewer=reviewer, pk=draft.pk, version=draft.version)


def with_text(viewer: Viewer, upstream: Upstream) -> QuerySet[Draft]:
    own = _not_held(Draft.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream))
    return own.exclude(values__in=NO_TEXT, comment="", earlier_values__isnull=True)


def drafted(viewer: Viewer, upstream: Upstream, ids: Collection[str]) -> set[str]:
    if not ids:
        return set()
    own = Draft.objects.filter(
        reviewer__user_id=viewer.user_id, upstream=upstream, interaction_id__in=ids
    )
    drafts = own.only("interaction_id", "values", "comment", "earlier_values")
    return {
        draft.interaction_id
        for draft in drafts
        if has_text(draft.values, draft.comment) or draft.earlier_values is not None
    }


def has_text(values: Typed, comment: str) -> bool:
    return bool(comment) or values not in NO_TEXT


def discard_version(*, reviewer: Reviewer, pk: int, version: int) -> bool:
    """Works even if the person no longer sees the question. False if the draft was changed or
    deleted in the meantime, or an answer is held.
    """
    own = Draft.objects.filter(reviewer=reviewer, pk=pk, version=version)
    deleted, _ = _not_held(own).delete()
    return bool(deleted)


@transaction.atomic
def tidy() -> None:
    """Delete old and sent drafts; close drafts whose questions are closed or answered.

    On SQLite these statements block all other writers, so their number doesn't depend on the
    drafts.
    """
    now = timezone.now()
    sent = Attempt.objects.filter(
        reviewer_id=OuterRef("reviewer_id"),
        upstream_id=OuterRef("upstream_id"),
        interaction_id=OuterRef("interaction_id"),
        round=OuterRef("round"),
        state=Attempt.State.ANSWERED,
    )
    answered_by_recipient = Recipient.objects.filter(
        interaction__upstream_id=OuterRef("upstream_id"),
        interaction__mobius_id=OuterRef("interaction_id"),
        interaction__round=OuterRef("round"),
        user_id=OuterRef("reviewer__mobius_id"),
        answered_at__isnull=False,
    )
    open_drafts = Draft.objects.filter(closed_at=None)
    answered = Q(Exists(sent) | Exists(answered_by_recipient))
    own = _sent(open_drafts.filter(answered).select_for_update(of=("self",)))
    sent_text = Q(pk__in=own, earlier_values__isnull=True)
    Draft.objects.filter(Q(closed_at__lt=now - KEEP_CLOSED_FOR) | sent_text).delete()
    Draft.objects.filter(pk__in=own).update(
        values=F("earlier_values"),
        comment=F("earlier_comment"),
        earlier_values=None,
        earlier_comment="",
        form="",
        version=F("version") + 1,
    )
    closed = Interaction.objects.filter(
        ~Q(status__in=OPEN) | Q(deleted=True),
        upstream_id=OuterRef("upstream_id"),
        mobius_id=OuterRef("interaction_id"),
    )
    open_drafts.filter(answered | Q(Exists(closed))).update(closed_at=now)


def _of(item: Interaction) -> QuerySet[Draft]:
    return Draft.objects.filter(upstream_id=item.upstream_id, interaction_id=item.mobius_id)


def _draft_of(reviewer: Reviewer, item: Interaction) -> Draft | None:
    return _of(item).filter(reviewer=reviewer).first()


def _not_held(drafts: QuerySet[Draft]) -> QuerySet[Draft]:
    held = Attempt.held_or_sending().filter(
        reviewer_id=OuterRef("reviewer_id"),
        upstream_id=OuterRef("upstream_id"),
        interaction_id=OuterRef("interaction_id"),
    )
    return drafts.filter(~Exists(held))


def _sent(drafts: QuerySet[Draft]) -> list[int]:
    found = list(drafts.select_related("reviewer"))
    ids = {draft.interaction_id for draft in found}
    answers: dict[tuple[str, int, int, str], list[FormAnswer]] = defaultdict(list)
    for item in Interaction.objects.filter(mobius_id__in=ids):
        for (by, number), given in _shown_answers(item).items():
            answers[by, number, item.upstream_id, item.mobius_id] += given
    # Mobius may show an answer in other words than it was sent.
    attempts = Attempt.objects.filter(state=Attempt.State.ANSWERED, interaction_id__in=ids)
    for attempt in attempts.select_related("reviewer"):
        own = attempt.reviewer.mobius_id or "", attempt.round
        answers[*own, attempt.upstream_id, attempt.interaction_id].append(answer_of(attempt))
    sent = []
    for draft in found:
        own = draft.reviewer.mobius_id or "", draft.round
        if _is_sent(draft, answers[*own, draft.upstream_id, draft.interaction_id]):
            sent.append(draft.pk)
    return sent


def _is_sent(draft: Draft, answers: Iterable[FormAnswer]) -> bool:
    return draft.empty or any(answer.is_in(draft) for answer in answers)


def _shown_answers(item: Interaction) -> defaultdict[tuple[str, int], list[FormAnswer]]:
    """By person and round."""
    answers: defaultdict[tuple[str, int], list[FormAnswer]] = defaultdict(list)
    for response in item.responses or ():
        if by := response.get("user_id"):
            values = as_typed(item.questions, response["answers"])
            answer = FormAnswer(values, response.get("comment") or "")
            answers[by, response["round"]].append(answer)
    return answers


def _filled(values: Typed) -> Typed:
    """*Other…* counts by its text."""
    chosen = {
        name: sorted(text for text in texts if text != OTHER_CHOSEN)
        for name, texts in values.items()
    }
    return {name: texts for name, texts in chosen.items() if texts}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _answered(reviewer: Reviewer, item: Interaction) -> bool:
    recipients = Recipient.objects.filter(interaction=item, user_id=reviewer.mobius_id or "")
    return (
        recipients.exclude(answered_at=None).exists()
        or Attempt.objects.filter(
            reviewer=reviewer,
            upstream_id=item.upstream_id,
            interaction_id=item.mobius_id,
            round=item.round,
            state__in=(Attempt.State.ACCEPTED, Attempt.State.ANSWERED),
        ).exists()
    )
