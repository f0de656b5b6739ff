"""What a person has typed and not sent: their own, on every device.

A save changes the draft that its form was filled from, or saved last, and no other: where another
device has changed it meanwhile, the text becomes a draft of its own, and both stay until one is
sent or discarded.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from ulid import ULID

from inbox import access
from inbox.access import Viewer, viewer_of
from inbox.models import Attempt, Draft, Interaction, Recipient, Reviewer, Upstream

KEPT = timedelta(days=30)


@dataclass(frozen=True)
class TypedIn:
    """The form that a text was typed in.

    ``base`` is the draft that the form was filled from (``Draft.base``), empty for none. ``form``
    is its operation id, empty where no form is on the page. ``device`` is as in ``Draft``.
    """

    base: str = ""
    form: str = ""
    device: str = ""

    def holds(self, draft: Draft) -> bool:
        """The form shows this draft, or has saved it last."""
        return self.base == draft.base or (bool(self.form) and self.form == draft.form)


NOWHERE = TypedIn()


class NotAsked(LookupError):
    """The question is not there for this person: they were not asked, or it does not exist."""


def asked_item(viewer: Viewer, interaction_id: str) -> Interaction:
    """The question, for somebody who was asked. Raises ``NotAsked``."""
    upstream = Upstream.present()
    item = access.interactions(viewer, upstream).filter(mobius_id=interaction_id).first()
    if item is None or not access.asked(viewer, item):
        raise NotAsked(interaction_id)
    item.upstream = upstream
    return item


@transaction.atomic
def save(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    values: list[str],
    comment: str,
    typed_in: TypedIn = NOWHERE,
) -> bool:
    """Keep what was typed, unjudged. False where the person's answer is in already: a save that
    comes late brings nothing back. Raises ``NotAsked``.
    """
    item = asked_item(viewer_of(reviewer.user), interaction_id)
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
    """Write the draft; ``closed``: it can no longer be sent, and is kept for ``KEPT``."""
    now = timezone.now()
    saved: dict[str, Any] = {
        "values": values,
        "comment": comment,
        "updated_at": now,
        "closed_at": now if closed else None,
    }
    drafts = list(_of(item).filter(reviewer=reviewer))
    own = _held(drafts, typed_in) or _same(drafts, values, comment)
    if own is not None:
        changed = Draft.objects.filter(pk=own.pk, version=own.version).update(
            **saved,
            version=own.version + 1,
            form=typed_in.form or own.form,
            device=typed_in.device or own.device,
        )
        if changed:
            return
        # It was saved between the two statements: that text stays.
    if drafts and not any(values) and not comment:
        return
    new = Draft(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        form=typed_in.form or str(ULID()),
        device=typed_in.device,
        **saved,
    )
    # Two saves of one form may come at the same moment.
    Draft.objects.bulk_create(
        [new],
        update_conflicts=True,
        unique_fields=["reviewer", "upstream", "interaction_id", "form"],
        update_fields=list(saved),
    )


def drafts_of(
    viewer: Viewer, item: Interaction, typed_in: TypedIn
) -> tuple[Draft | None, list[Draft]]:
    """The draft that belongs in the form, and the others that hold text, newest first.

    A page without a form yet shows the newest.
    """
    drafts = list(_of(item).filter(reviewer__user_id=viewer.user_id))
    shown = _held(drafts, typed_in)
    if shown is None and drafts and not typed_in.form:
        shown = drafts[0]
    return shown, [draft for draft in drafts if draft is not shown and not draft.empty]


def newest_base(*, reviewer: Reviewer, item: Interaction, base: str) -> str:
    """The base of the same draft as it is now; empty where it is gone."""
    pk = base.partition("-")[0]
    found = (draft.base for draft in _of(item).filter(reviewer=reviewer) if str(draft.pk) == pk)
    return next(found, "")


def discard(*, reviewer: Reviewer, item: Interaction, base: str = "") -> None:
    """Forget the draft at that version, or without ``base`` the newest. One that was changed
    meanwhile stays: nobody has seen that text.
    """
    drafts = list(_of(item).filter(reviewer=reviewer))
    wanted = [draft for draft in drafts if draft.base == base] if base else drafts[:1]
    Draft.objects.filter(pk__in=[draft.pk for draft in wanted]).delete()


def drop(*, reviewer: Reviewer, interaction_id: str) -> None:
    """Forget all drafts of the question: the answer is in."""
    Draft.objects.filter(
        reviewer=reviewer, upstream=Upstream.present(), interaction_id=interaction_id
    ).delete()


def typed_as(value: Any) -> list[str]:
    """A JSON value as the form's field would submit it."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [str(choice) for choice in value]
    return [str(value)]


@transaction.atomic
def tidy() -> None:
    """Drop drafts whose owner has answered and old ones, date those that others closed.

    Two statements, however many drafts there are: on SQLite nobody else writes meanwhile.
    """
    now = timezone.now()
    sent = Attempt.objects.filter(
        reviewer_id=OuterRef("reviewer_id"),
        upstream_id=OuterRef("upstream_id"),
        interaction_id=OuterRef("interaction_id"),
        state=Attempt.State.ANSWERED,
    )
    answered = Recipient.objects.filter(
        interaction__upstream_id=OuterRef("upstream_id"),
        interaction__mobius_id=OuterRef("interaction_id"),
        user_id=OuterRef("reviewer__mobius_id"),
        answered_at__isnull=False,
    )
    over = Q(closed_at=None) & (Exists(sent) | Exists(answered))
    Draft.objects.filter(Q(closed_at__lt=now - KEPT) | over).delete()
    closed = Interaction.objects.filter(
        ~Q(status="pending") | Q(gone=True),
        upstream_id=OuterRef("upstream_id"),
        mobius_id=OuterRef("interaction_id"),
    )
    Draft.objects.filter(Exists(closed), closed_at=None).update(closed_at=now)


def _of(item: Interaction) -> QuerySet[Draft]:
    at = Draft.objects.filter(upstream_id=item.upstream_id, interaction_id=item.mobius_id)
    return at.order_by("-updated_at", "-pk")


def _held(drafts: list[Draft], typed_in: TypedIn) -> Draft | None:
    """The one that the form was filled from comes before one that it saved earlier."""
    held = [draft for draft in drafts if typed_in.holds(draft)]
    pk = typed_in.base.partition("-")[0]
    return min(held, key=lambda draft: str(draft.pk) != pk, default=None)


def _same(drafts: list[Draft], values: list[str], comment: str) -> Draft | None:
    typed = (values, comment)
    return next((draft for draft in drafts if (draft.values, draft.comment) == typed), None)


def _answered(reviewer: Reviewer, item: Interaction) -> bool:
    theirs = Recipient.objects.filter(interaction=item, user_id=reviewer.mobius_id or "")
    return (
        theirs.exclude(answered_at=None).exists()
        or Attempt.objects.filter(
            reviewer=reviewer,
            upstream_id=item.upstream_id,
            interaction_id=item.mobius_id,
            state__in=(Attempt.State.ACCEPTED, Attempt.State.ANSWERED),
        ).exists()
    )
