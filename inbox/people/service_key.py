"""Whether the installation's service key answers for people who have no member token.

``SERVICE_KEY_ANSWERS`` is ``on``, ``off`` or ``auto``: on where Mobius is known to have no way of
saying whose a member token is, and has never said so of one.
"""

from django.conf import settings

from inbox.mobius.types import Offer
from inbox.models import Interaction, Reviewer, Upstream

_refused: set[tuple[int, str]] = set()
"""Upstreams and kinds of questions for which Mobius has refused the key since the start."""


def answers(upstream: Upstream) -> bool:
    """The effective mode."""
    if settings.SERVICE_KEY_ANSWERS == "auto":
        cannot_tell = upstream.capabilities.get("token_owner") == Offer.NO
        return cannot_tell and not upstream.proves_tokens
    return bool(settings.SERVICE_KEY_ANSWERS == "on")


def may_answer(reviewer: Reviewer, item: Interaction) -> bool:
    """The key may answer ``item`` for ``reviewer``, who was asked and has no member token.

    It answers what one answer settles, and only for a Mobius ID that an administrator has set.
    """
    return (
        may_answer_for(reviewer, item.upstream)
        and not is_refused(item.upstream, item.target_type)
        and item.takes_one_answer
    )


def may_answer_for(reviewer: Reviewer, upstream: Upstream) -> bool:
    """The key may answer some questions for ``reviewer``, if they have no member token."""
    set_by_administrator = bool(reviewer.mobius_id) and not reviewer.mobius_id_proven
    return answers(upstream) and set_by_administrator


def is_refused(upstream: Upstream, target_type: str) -> bool:
    """Mobius has refused the key for questions to a person, or to a group, since the start."""
    return (upstream.pk, target_type) in _refused


def refused(item: Interaction) -> None:
    """Mobius has answered 401 or 403 to the key: until the next start it is not used for this kind
    of question.
    """
    _refused.add((item.upstream_id, item.target_type))


def forget_refusals() -> None:
    """As at a start."""
    _refused.clear()
