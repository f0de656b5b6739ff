"""Notifications for people who wait until someone else's claim on a question ends."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from inbox import access
from inbox.access import Refusal, Viewer, viewer_of
from inbox.answering.question import find_asked
from inbox.models import AwaitedRelease, Interaction, Reviewer, Upstream
from inbox.notify import events
from inbox.people.names import names_of


def is_awaited(viewer: Viewer, item: Interaction) -> bool:
    own = AwaitedRelease.objects.filter(reviewer__user_id=viewer.user_id, interaction=item)
    return own.exists()


@transaction.atomic
def set_awaited(
    *, reviewer: Reviewer, interaction_id: str, wanted: bool
) -> tuple[Interaction, Refusal | None]:
    """Has no effect unless someone else has claimed the question. Raises ``NotAsked``."""
    # A release is either seen here, or finds this row.
    Upstream.lock(Upstream.current().pk)
    viewer = viewer_of(reviewer.user)
    item = find_asked(viewer, interaction_id)
    refusal = access.why_not_answer(viewer, item)
    own = AwaitedRelease.objects.filter(reviewer=reviewer, interaction=item)
    if not wanted:
        own.delete()
    elif refusal is Refusal.CLAIMED_BY_ANOTHER:
        claimed_by = {"claimed_by": item.claimed_by}
        AwaitedRelease.objects.update_or_create(
            reviewer=reviewer, interaction=item, defaults=claimed_by
        )
    return item, refusal


def note_releases(upstream: Upstream, interaction_ids: Collection[str]) -> None:
    """Call it inside the transaction that changed the questions."""
    waiting = AwaitedRelease.objects.filter(interaction__upstream=upstream)
    awaited_ids = waiting.values_list("pk", "interaction__mobius_id")
    affected = [pk for pk, interaction_id in awaited_ids if interaction_id in interaction_ids]
    if not affected:
        return
    rows = waiting.filter(pk__in=affected)
    for awaited in rows.select_related("interaction", "reviewer__user"):
        _note(awaited)


def _note(awaited: AwaitedRelease) -> None:
    item, reviewer = awaited.interaction, awaited.reviewer
    refusal = access.why_not_answer(viewer_of(reviewer.user), item)
    if refusal is Refusal.CLAIMED_BY_ANOTHER:
        AwaitedRelease.objects.filter(pk=awaited.pk).update(claimed_by=item.claimed_by)
        return
    awaited.delete()
    if refusal is not None or item.claimed_by or not reviewer.user.is_active:
        return
    name = names_of(item.upstream, [awaited.claimed_by]).of(awaited.claimed_by)
    events.claim_released(
        item, reviewer, claimed_by=awaited.claimed_by, name=name, at=timezone.now()
    )
