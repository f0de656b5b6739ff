"""Undoing a held answer."""

from inbox.access import viewer_of
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.services import attempts, returned
from inbox.services.outcome import Kind, Outcome
from inbox.services.question import find_asked


def undo(*, reviewer: Reviewer, interaction_id: str) -> Outcome[Interaction]:
    """Undo the person's held answer to the question; its text stays as a draft.

    ``TOO_LATE``: it is being sent, or was. A second undo has the outcome of the first. A held
    answer can be taken back even if the question has been withdrawn from the person since.

    Raises:
        NotAsked: the person may not see the question, and none of their answers is held.
    """
    upstream = Upstream.present()
    last = (
        Attempt.objects.filter(reviewer=reviewer, upstream=upstream, interaction_id=interaction_id)
        .order_by("-created_at", "-pk")
        .first()
    )
    if last is not None and last.state == Attempt.State.HELD and attempts.undo(last):
        returned.publish(reviewer, interaction_id)
        item = Interaction.objects.get(upstream=upstream, mobius_id=interaction_id)
        return Outcome(Kind.UNDONE, item)
    item = find_asked(viewer_of(reviewer.user), interaction_id)
    if last is not None:
        last.refresh_from_db()
    return Outcome(_what_became_of(last), item)


def _what_became_of(attempt: Attempt | None) -> Kind:
    if attempt is None or attempt.returned or not attempt.sent:
        undone = attempt is not None and attempt.state == Attempt.State.UNDONE
        return Kind.UNDONE if undone else Kind.NOTHING_TO_UNDO
    return Kind.NOTHING_TO_UNDO if attempt.state == Attempt.State.REFUSED else Kind.TOO_LATE
