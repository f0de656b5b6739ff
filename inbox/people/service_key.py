"""The rule by which the service key answers for people who have no member token.

``SERVICE_KEY_ANSWERS`` is ``on``, ``off`` or ``auto``: on if Mobius is known to have no way of
saying who a member token belongs to, and has never done so. In later generations of the API, the
key may not answer for others, so ``auto`` is off there.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from inbox.mobius.types import Generation, Offer
from inbox.models import Interaction, Reviewer, Upstream

PAUSE = timedelta(minutes=1)
"""How long no answer is sent with a key that Mobius has refused. The next one after that tries it.
"""


def answers(upstream: Upstream) -> bool:
    if settings.SERVICE_KEY_ANSWERS == "auto":
        cannot_tell = upstream.capabilities.get("token_owner") == Offer.NO
        the_guides = upstream.generation == Generation.A
        return the_guides and cannot_tell and not upstream.proves_tokens
    return bool(settings.SERVICE_KEY_ANSWERS == "on")


def may_answer(reviewer: Reviewer, item: Interaction) -> bool:
    """Only where one answer completes the question, and an administrator has set the Mobius ID."""
    return may_answer_for(reviewer, item.upstream) and item.takes_one_answer


def may_answer_for(reviewer: Reviewer, upstream: Upstream) -> bool:
    set_by_administrator = bool(reviewer.mobius_id) and not reviewer.mobius_id_proven
    return answers(upstream) and set_by_administrator


def is_paused(upstream: Upstream) -> bool:
    at = upstream.key_refused_at
    return at is not None and timezone.now() < at + PAUSE


def pause(upstream: Upstream) -> None:
    upstream.key_refused_at = timezone.now()
    upstream.save(update_fields=["key_refused_at"])


def resume(upstream: Upstream) -> None:
    upstream.key_refused_at = None
    upstream.save(update_fields=["key_refused_at"])
