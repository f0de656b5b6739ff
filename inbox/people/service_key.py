"""Whether the installation's service key answers for people who have no member token.

``SERVICE_KEY_ANSWERS`` is ``on``, ``off`` or ``auto``: on if Mobius is known to have no way of
saying who a member token belongs to, and has never done so.
"""

from django.conf import settings

from inbox.mobius.types import Offer
from inbox.models import Interaction, Reviewer, Upstream

refused: set[tuple[int, str]] = set()
"""(Upstream, target type) of questions for which Mobius has refused the key since this
process started; another process finds out by itself.
"""


def answers(upstream: Upstream) -> bool:
    """Whether the service key answers at all."""
    if settings.SERVICE_KEY_ANSWERS == "auto":
        cannot_tell = upstream.capabilities.get("token_owner") == Offer.NO
        return cannot_tell and not upstream.proves_tokens
    return bool(settings.SERVICE_KEY_ANSWERS == "on")


def may_answer(reviewer: Reviewer, item: Interaction) -> bool:
    """Whether the key may answer ``item`` for ``reviewer``, who is asked and has no member token.

    Only questions that one answer completes, and only if an administrator has set the Mobius ID.
    """
    return (
        may_answer_for(reviewer, item.upstream)
        and not is_refused(item.upstream, item.target_type)
        and item.takes_one_answer
    )


def may_answer_for(reviewer: Reviewer, upstream: Upstream) -> bool:
    """Whether the key may answer any questions for ``reviewer``, who has no member token."""
    set_by_administrator = bool(reviewer.mobius_id) and not reviewer.mobius_id_proven
    return answers(upstream) and set_by_administrator


def is_refused(upstream: Upstream, target_type: str) -> bool:
    """Whether Mobius has refused the key for this kind of target since the start."""
    return (upstream.pk, target_type) in refused


def record_refused(item: Interaction) -> None:
    """Record that Mobius refused the key: it is not used for this kind of target until restart."""
    refused.add((item.upstream_id, item.target_type))
