"""A claim or a release becomes rows: the mirror and the decision log, in one transaction."""

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from inbox.access import Viewer
from inbox.models import Decision, Interaction, Reviewer
from inbox.services import decision_log
from inbox.services.attempts import Reading, mirror
from inbox.services.decision_log import entry_by
from inbox.services.origin import Origin

Done = Callable[[Interaction], bool]


def settle(
    verb: str,
    reviewer: Reviewer,
    viewer: Viewer,
    before: Interaction,
    reading: Reading,
    *,
    done: Done | None,
    origin: Origin,
) -> Interaction:
    """Bring the mirror up to ``reading``, log what was done, and tell who looks. The row as it is.

    ``before`` is the question as it was before the POST; ``done`` says whether the row shows what
    was asked for, and is None where the POST surely changed nothing.
    """
    with transaction.atomic():
        changes = mirror(reading)
        item = Interaction.objects.get(pk=before.pk)
        if done is not None and done(item) and item.updated_at > before.updated_at:
            _log(verb, reviewer, viewer, item, origin)
    changes.publish()
    return item


def _log(verb: str, reviewer: Reviewer, viewer: Viewer, item: Interaction, origin: Origin) -> None:
    """Once for each change: pressed twice at once it is one claim."""
    at = (item.claimed_at if verb == "claim" else item.updated_at) or timezone.now()
    if Decision.objects.filter(
        verb=verb,
        base_url=item.upstream.base_url,
        project=item.upstream.project,
        interaction_id=item.mobius_id,
        actor=viewer.mobius_id or "",
        at=at,
    ).exists():
        return
    decision_log.append(
        entry_by(
            reviewer,
            verb=verb,
            upstream=item.upstream,
            origin=origin,
            at=at,
            item=item,
            credential_kind="member",
        )
    )
