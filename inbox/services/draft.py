"""Answers that were typed and not sent, on every device.

A save changes only the draft that its form was filled from or has saved last. If another device has
changed that draft in the meantime, the text becomes a new draft. A draft is kept until its text is
sent or discarded. If its owner sends a different answer, it is listed with the drafts of closed
questions.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from ulid import ULID

from inbox.access import Viewer, viewer_of
from inbox.models import Attempt, Draft, Interaction, Recipient, Reviewer, Upstream
from inbox.services.question import find_asked

KEEP_CLOSED_FOR = timedelta(days=30)
NO_VALUES: tuple[list[str], ...] = ([], [""])
"""The values of a form without text."""
PRESSED: tuple[list[str], ...] = (["true"], ["false"])
"""The values of *Approve* and *Reject*. Until one of these buttons is pressed, a form has none."""


class FormAnswer(NamedTuple):
    """An answer as its form has it."""

    values: list[str]
    comment: str

    def is_text(self, values: list[str], comment: str) -> bool:
        """Whether these values and this comment are the same answer."""
        typed, own = _filled(values), _filled(self.values)
        same = typed == own or (not typed and self.values in PRESSED)
        return same and _plain(comment) == _plain(self.comment)

    def is_in(self, draft: Draft) -> bool:
        """Whether a draft has this text."""
        return self.is_text(draft.values, draft.comment)


@dataclass(frozen=True)
class TypedIn:
    """The form that a text was typed in.

    ``base`` is the draft that the form was filled from (``Draft.base``), empty for none. ``form``
    is its operation ID, empty if no form is on the page. The others are as in ``Draft``.
    """

    base: str = ""
    form: str = ""
    device: str = ""
    browser: str = ""
    system: str = ""

    def holds(self, draft: Draft) -> bool:
        """Whether the form shows this draft or has saved it last."""
        return self.base == draft.base or (bool(self.form) and self.form == draft.form)


NOWHERE = TypedIn()


@transaction.atomic
def save(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    values: list[str],
    comment: str,
    typed_in: TypedIn = NOWHERE,
) -> bool:
    """Save what was typed, without validating it. False if the person has answered already, so that
    a late save restores nothing. Raises ``NotAsked``.
    """
    item = find_asked(viewer_of(reviewer.user), interaction_id)
    if _answered(reviewer, item):
        return False
    keep(
        reviewer,
        item,
        values=values,
        comment=comment,
        closed=not item.pending,
        typed_in=typed_in,
    )
    return True


def keep(
    reviewer: Reviewer,
    item: Interaction,
    *,
    values: list[str],
    comment: str,
    closed: bool,
    typed_in: TypedIn = NOWHERE,
) -> None:
    """Write the draft. ``closed``: it can't be sent any more; kept for ``KEEP_CLOSED_FOR``. Text
    that a draft has already keeps its time and its device.
    """
    now = timezone.now()
    typed: dict[str, Any] = {"values": values, "comment": comment, "updated_at": now}
    if typed_in is not NOWHERE:
        typed |= {"browser": typed_in.browser, "system": typed_in.system}
    closed_at = now if closed else None
    drafts = list(_of(item).filter(reviewer=reviewer))
    draft = _draft_in(drafts, typed_in) or _same_text(drafts, values, comment)
    if draft is not None:
        fields = {"form": typed_in.form or draft.form, "closed_at": closed_at}
        if (draft.values, draft.comment) != (values, comment):
            fields |= typed | {"device": typed_in.device or draft.device}
        same = Draft.objects.filter(pk=draft.pk, version=draft.version)
        if same.update(**fields, version=draft.version + 1):
            return
        # It was saved between the two statements: that text stays, and this becomes a new draft.
    if drafts and not any(values) and not comment:
        return
    new = Draft(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        form=typed_in.form or str(ULID()),
        device=typed_in.device,
        closed_at=closed_at,
        **typed,
    )
    # One form may save twice at the same moment.
    Draft.objects.bulk_create(
        [new],
        update_conflicts=True,
        unique_fields=["reviewer", "upstream", "interaction_id", "form"],
        update_fields=[*typed, "closed_at"],
    )


def restore(attempt: Attempt, item: Interaction) -> None:
    """Make an answer a draft again, unless one of the person's drafts has its text."""
    answer = answer_of(attempt)
    own = _of(item).filter(reviewer=attempt.reviewer)
    if not any(answer.is_in(draft) for draft in own):
        closed = not item.pending
        keep(attempt.reviewer, item, values=answer.values, comment=answer.comment, closed=closed)


def answer_of(attempt: Attempt) -> FormAnswer:
    """What the attempt sends, as its form has it."""
    return FormAnswer(as_form_values(attempt.value), attempt.comment)


def settle(reviewer: Reviewer, item: Interaction, sent: Attempt | None) -> None:
    """The person has answered: delete the drafts with the text of that answer, close the others.
    ``sent`` is the attempt that it came from, None if it was made elsewhere.
    """
    answers = _shown_answers(item)[reviewer.mobius_id or ""]
    if sent is not None:
        answers.append(answer_of(sent))
    own = _of(item).filter(reviewer=reviewer)
    own.filter(pk__in=[draft.pk for draft in own if _is_sent(draft, answers)]).delete()
    close(reviewer, item)


def close(reviewer: Reviewer, item: Interaction) -> None:
    """The person can't answer any more: their drafts are kept for ``KEEP_CLOSED_FOR``."""
    open_drafts = _of(item).filter(reviewer=reviewer, closed_at=None)
    open_drafts.update(closed_at=timezone.now())


def delete_text_of(attempt: Attempt, item: Interaction) -> None:
    """Delete the drafts with the text of the attempt."""
    answer, own = answer_of(attempt), _of(item).filter(reviewer=attempt.reviewer)
    own.filter(pk__in=[draft.pk for draft in own if answer.is_in(draft)]).delete()


def drafts_of(
    viewer: Viewer, item: Interaction, typed_in: TypedIn
) -> tuple[Draft | None, list[Draft]]:
    """The draft to show in the form, and the others that have text, newest first.

    A page that has no form yet shows the newest draft.
    """
    drafts = list(_of(item).filter(reviewer__user_id=viewer.user_id))
    shown = _draft_in(drafts, typed_in)
    if shown is None and drafts and not typed_in.form:
        shown = drafts[0]
    return shown, [draft for draft in drafts if draft is not shown and not draft.empty]


def is_held(reviewer: Reviewer, item: Interaction) -> bool:
    """Whether an answer of the person's is held, or being sent after that. Its text is one of their
    drafts and stays one if it isn't sent; until then none is offered or discarded.
    """
    own = Attempt.held_or_sending().filter(reviewer=reviewer)
    return own.filter(upstream_id=item.upstream_id, interaction_id=item.mobius_id).exists()


def newest_base(*, reviewer: Reviewer, item: Interaction, base: str) -> str:
    """The current base of the same draft; empty if it was deleted."""
    pk = base.partition("-")[0]
    bases = (draft.base for draft in _of(item).filter(reviewer=reviewer) if str(draft.pk) == pk)
    return next(bases, "")


def discard(*, reviewer: Reviewer, item: Interaction, base: str = "") -> None:
    """Delete the draft at that version, or without ``base`` the newest. Keeps a draft that
    has changed since then, because the person hasn't seen its new text. Keeps all drafts while an
    answer ``is_held``.
    """
    drafts = list(_not_held(_of(item).filter(reviewer=reviewer)))
    to_delete = [draft for draft in drafts if draft.base == base] if base else drafts[:1]
    Draft.objects.filter(pk__in=[draft.pk for draft in to_delete]).delete()


def with_text(viewer: Viewer, upstream: Upstream) -> QuerySet[Draft]:
    """The viewer's drafts that ``has_text``, without those of answers that wait to be sent."""
    own = _not_held(Draft.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream))
    return own.exclude(values__in=(*NO_VALUES, *PRESSED), comment="")


def drafted(viewer: Viewer, upstream: Upstream, ids: Collection[str]) -> set[str]:
    """Those of the questions for which the viewer's draft ``has_text``. One query, none without
    ``ids``. Answers that wait to be sent have drafts too.
    """
    if not ids:
        return set()
    own = Draft.objects.filter(
        reviewer__user_id=viewer.user_id, upstream=upstream, interaction_id__in=ids
    )
    drafts = own.values_list("interaction_id", "values", "comment")
    return {id_ for id_, values, comment in drafts if has_text(values, comment)}


def has_text(values: list[str], comment: str) -> bool:
    """Whether a draft holds more than a press of *Approve* or *Reject*."""
    return bool(comment) or values not in (*NO_VALUES, *PRESSED)


def discard_version(*, reviewer: Reviewer, pk: int, version: int) -> bool:
    """Delete one of the person's drafts, even if they no longer see its question. False if it was
    changed or deleted in the meantime, or an answer is held.
    """
    own = Draft.objects.filter(reviewer=reviewer, pk=pk, version=version)
    deleted, _ = _not_held(own).delete()
    return bool(deleted)


def as_form_values(value: Any) -> list[str]:
    """A JSON value in the form in which the field submits it."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [str(choice) for choice in value]
    return [str(value)]


@transaction.atomic
def tidy() -> None:
    """Delete old drafts and those that were sent; mark the others of questions that are closed or
    that their owner has answered.

    A few statements, however many drafts there are: on SQLite they block all other writers.
    """
    now = timezone.now()
    sent = Attempt.objects.filter(
        reviewer_id=OuterRef("reviewer_id"),
        upstream_id=OuterRef("upstream_id"),
        interaction_id=OuterRef("interaction_id"),
        state=Attempt.State.ANSWERED,
    )
    answered_by_recipient = Recipient.objects.filter(
        interaction__upstream_id=OuterRef("upstream_id"),
        interaction__mobius_id=OuterRef("interaction_id"),
        user_id=OuterRef("reviewer__mobius_id"),
        answered_at__isnull=False,
    )
    open_drafts = Draft.objects.filter(closed_at=None)
    answered = Q(Exists(sent) | Exists(answered_by_recipient))
    own = _sent(open_drafts.filter(answered).select_for_update(of=("self",)))
    Draft.objects.filter(Q(closed_at__lt=now - KEEP_CLOSED_FOR) | Q(pk__in=own)).delete()
    closed = Interaction.objects.filter(
        ~Q(status="pending") | Q(deleted=True),
        upstream_id=OuterRef("upstream_id"),
        mobius_id=OuterRef("interaction_id"),
    )
    open_drafts.filter(answered | Q(Exists(closed))).update(closed_at=now)


def _of(item: Interaction) -> QuerySet[Draft]:
    at = Draft.objects.filter(upstream_id=item.upstream_id, interaction_id=item.mobius_id)
    return at.order_by("-updated_at", "-pk")


def _not_held(drafts: QuerySet[Draft]) -> QuerySet[Draft]:
    """Without those of questions to which their owner's answer is held, or being sent now."""
    held = Attempt.held_or_sending().filter(
        reviewer_id=OuterRef("reviewer_id"),
        upstream_id=OuterRef("upstream_id"),
        interaction_id=OuterRef("interaction_id"),
    )
    return drafts.filter(~Exists(held))


def _sent(drafts: QuerySet[Draft]) -> list[int]:
    """Those of the drafts that their owner has answered with, or that are empty. Three queries."""
    found = list(drafts.select_related("reviewer"))
    ids = {draft.interaction_id for draft in found}
    answers: dict[tuple[str, int, str], list[FormAnswer]] = defaultdict(list)
    for item in Interaction.objects.filter(mobius_id__in=ids):
        for by, given in _shown_answers(item).items():
            answers[by, item.upstream_id, item.mobius_id] += given
    # Mobius may show an answer in other words than it was sent.
    attempts = Attempt.objects.filter(state=Attempt.State.ANSWERED, interaction_id__in=ids)
    for attempt in attempts.select_related("reviewer"):
        by = attempt.reviewer.mobius_id or ""
        answers[by, attempt.upstream_id, attempt.interaction_id].append(answer_of(attempt))
    sent = []
    for draft in found:
        own = answers[draft.reviewer.mobius_id or "", draft.upstream_id, draft.interaction_id]
        if _is_sent(draft, own):
            sent.append(draft.pk)
    return sent


def _is_sent(draft: Draft, answers: Iterable[FormAnswer]) -> bool:
    return draft.empty or any(answer.is_in(draft) for answer in answers)


def _shown_answers(item: Interaction) -> defaultdict[str, list[FormAnswer]]:
    """The answers that Mobius shows, by the Mobius ID of who gave them."""
    answers: defaultdict[str, list[FormAnswer]] = defaultdict(list)
    for response in item.responses or ():
        if by := response.get("user_id"):
            values = as_form_values(response.get("value"))
            answers[by].append(FormAnswer(values, response.get("comment") or ""))
    return answers


def _filled(values: list[str]) -> list[str]:
    return sorted(str(value) for value in values if value)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _draft_in(drafts: list[Draft], typed_in: TypedIn) -> Draft | None:
    """The form's draft: the one it was filled from, else one that it saved earlier."""
    own = [draft for draft in drafts if typed_in.holds(draft)]
    pk = typed_in.base.partition("-")[0]
    return next((draft for draft in own if str(draft.pk) == pk), own[0] if own else None)


def _same_text(drafts: list[Draft], values: list[str], comment: str) -> Draft | None:
    typed = (values, comment)
    return next((draft for draft in drafts if (draft.values, draft.comment) == typed), None)


def _answered(reviewer: Reviewer, item: Interaction) -> bool:
    recipients = Recipient.objects.filter(interaction=item, user_id=reviewer.mobius_id or "")
    return (
        recipients.exclude(answered_at=None).exists()
        or Attempt.objects.filter(
            reviewer=reviewer,
            upstream_id=item.upstream_id,
            interaction_id=item.mobius_id,
            state__in=(Attempt.State.ACCEPTED, Attempt.State.ANSWERED),
        ).exists()
    )
