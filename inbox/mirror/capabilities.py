"""What the current upstream was found to offer, stored with it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import transaction
from pydantic import ValidationError

from inbox.mobius import types
from inbox.mobius.types import Capabilities, Offer
from inbox.models import Interaction, Upstream


def load(upstream: Upstream) -> Capabilities:
    """All unknown before the first probe or if they can't be read."""
    try:
        return Capabilities.model_validate(upstream.capabilities)
    except ValidationError:
        return Capabilities()


def facts() -> dict[str, str | int | list[str] | None]:
    """Each capability as ``yes``, ``no`` or ``unknown``, then what the lists accept.

    The page *Connection*, ``/readyz`` and ``manage.py doctor`` have their own wording.
    """
    return load(Upstream.current()).model_dump(mode="json")


def store(upstream: Upstream, probed: Capabilities) -> None:
    """What was learned about cancelling and signing in stays."""
    with transaction.atomic():
        row = Upstream.lock(upstream.pk)
        learned = {
            "cancellation": load(row).cancellation,
            "claims": _claims(row),
            "device_sign_in": _device_sign_in(row),
        }
        probed = probed.model_copy(update=learned)
        row.capabilities = upstream.capabilities = probed.model_dump(mode="json")
        row.probed_at = upstream.probed_at = datetime.now(UTC)
        row.save(update_fields=["capabilities", "probed_at"])


def _claims(upstream: Upstream) -> Offer:
    """Group questions show claims, no call does."""
    if not upstream.has_groups:
        return Offer.NO
    questions = Interaction.objects.filter(upstream=upstream, target_type="group")
    if questions.filter(claimable=True).exists():
        return Offer.YES
    return Offer.NO if questions.exists() else Offer.UNKNOWN


def _device_sign_in(upstream: Upstream) -> Offer:
    return load(upstream).device_sign_in if upstream.adapter.signs_in_by_device else Offer.NO


def record_claims(upstream: Upstream, interactions: Iterable[types.Interaction]) -> None:
    claimable = any(
        interaction.claimable and interaction.target.type == "group" for interaction in interactions
    )
    if claimable and load(upstream).claims is not Offer.YES:
        _learn(upstream, claims=Offer.YES)


def record_no_cancellation(upstream: Upstream) -> None:
    _learn(upstream, cancellation=Offer.NO)


def record_device_sign_in(upstream: Upstream, offer: Offer) -> None:
    if load(upstream).device_sign_in is not offer:
        _learn(upstream, device_sign_in=offer)


def _learn(upstream: Upstream, **offers: Offer) -> None:
    with transaction.atomic():
        row = Upstream.lock(upstream.pk)
        known = load(row).model_copy(update=offers)
        row.capabilities = upstream.capabilities = known.model_dump(mode="json")
        row.save(update_fields=["capabilities"])
