"""The one place that decides if a person can answer a question, whoever sends the answer."""

from inbox import access
from inbox.access import Viewer
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.shown_version import ShownVersion
from inbox.answering.underway import sent_to
from inbox.models import Attempt, Interaction


def answerability(
    viewer: Viewer,
    item: Interaction,
    *,
    shown: ShownVersion | None = None,
    ignoring: Attempt | None = None,
    trust_claims: bool = True,
) -> Outcome[Interaction] | None:
    """The first reason why the viewer can't answer, as far as the mirror knows, or None.

    State comes before content. The callers check the account and access before this, a confirmation
    and the value after it.

    Args:
        ignoring: the attempt that asks, which doesn't keep itself from being sent.
        trust_claims: False if a claim may have been released since the mirror saw it.
    """
    if access.has_answered(viewer, item):
        return Outcome(Kind.ALREADY_ANSWERED, item)
    if not item.pending:
        return Outcome(Kind.CLOSED, item)
    if trust_claims and access.claimed_by_another(viewer, item):
        return Outcome(Kind.CLAIMED_BY_ANOTHER, item)
    underway = sent_to(viewer.user_id, item, ignoring=ignoring).underway
    if underway is not None:
        return Outcome(Kind.PROCESSING, item, underway=underway)
    if shown is not None and shown.differs_from(item):
        return Outcome(Kind.QUESTION_CHANGED, item)
    return None
