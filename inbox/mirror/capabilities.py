"""What the present upstream was found to offer, kept with it."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import transaction
from pydantic import ValidationError

from inbox.mobius import types
from inbox.mobius.types import Capabilities, Offer
from inbox.models import Interaction, Upstream


def of(upstream: Upstream) -> Capabilities:
    """As last found out; all unknown before that, and where a release reads them differently."""
    try:
        return Capabilities.model_validate(upstream.capabilities)
    except ValidationError:
        return Capabilities()


def facts() -> dict[str, str | int | list[str] | None]:
    """Each function of upstream as ``yes``, ``no`` or ``unknown``, then what its lists take.

    For the page *Connection*, ``/readyz`` and ``manage.py doctor``, which have their own sentences.
    """
    return of(Upstream.present()).model_dump(mode="json")


def keep(upstream: Upstream, found: Capabilities) -> None:
    """Store what a probe has found, and what questions tell of claims. What was learned meanwhile
    of cancelling stays.
    """
    with transaction.atomic():
        held = Upstream.objects.select_for_update().get(pk=upstream.pk)
        learned = {"cancellation": of(held).cancellation, "claims": _claims(held)}
        found = found.model_copy(update=learned)
        held.capabilities = upstream.capabilities = found.model_dump(mode="json")
        held.probed_at = upstream.probed_at = datetime.now(UTC)
        held.save(update_fields=["capabilities", "probed_at"])


def _claims(upstream: Upstream) -> Offer:
    """No call tells, but each question that asks a group does."""
    asked = Interaction.objects.filter(upstream=upstream, target_type="group")
    if asked.filter(claimable=True).exists():
        return Offer.YES
    return Offer.NO if asked.exists() else Offer.UNKNOWN


def note_claims(upstream: Upstream, told: Iterable[types.Interaction]) -> None:
    """Whether upstream offers claims, as soon as a question says so."""
    claimable = any(one.claimable and one.target.type == "group" for one in told)
    if claimable and of(upstream).claims is not Offer.YES:
        _learn(upstream, claims=Offer.YES)


def cancelling_is_missing(upstream: Upstream) -> None:
    """A cancellation was refused as a call that is not there, of a run that is."""
    _learn(upstream, cancellation=Offer.NO)


def _learn(upstream: Upstream, **offers: Offer) -> None:
    with transaction.atomic():
        held = Upstream.objects.select_for_update().get(pk=upstream.pk)
        now = of(held).model_copy(update=offers)
        held.capabilities = upstream.capabilities = now.model_dump(mode="json")
        held.save(update_fields=["capabilities"])
