"""Storing and removing a reviewer's member token."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.models import Credential, Reviewer, Upstream
from inbox.people import revocations, vault

MIN_LENGTH_SHOWN = 24
"""Of shorter tokens, only the first four characters are shown."""


refused = Signal()
"""Sent with ``reviewer`` when Mobius refuses a token that it has accepted so far."""


class Token(StrEnum):
    """``REFUSED``: Mobius did not accept it the last time. ``LOST``: no current key decrypts it.
    ``UNOWNED``: it isn't used until the person has a Mobius ID.
    """

    GOOD = "good"
    UNOWNED = "unowned"
    REFUSED = "refused"
    LOST = "lost"
    NONE = "none"


class AnotherOwner(Exception):
    """The token belongs to another Mobius ID than the account's."""


class OwnerTaken(AnotherOwner):
    pass


def adopt(
    reviewer: Reviewer, *, token: SecretStr, owner: str | None, credential_id: str = ""
) -> Credential:
    """``owner`` is the Mobius ID that the token belongs to, None if upstream can't tell. The token
    that it replaces is revoked if Mobius issued it for a sign-in.

    Raises ``AnotherOwner`` if that is not the reviewer's; then nothing has changed.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Reviewer.objects.select_for_update().get(pk=reviewer.pk)
        if owner is not None and owner != row.mobius_id:
            raise AnotherOwner(owner)
        before = Credential.objects.exclude(credential_id=credential_id).filter(reviewer=reviewer)
        revocations.revoke(before.select_related("reviewer__user", "upstream"))
        credential, _ = Credential.objects.update_or_create(
            reviewer=reviewer,
            defaults={
                "upstream": Upstream.current(),
                **_token_fields(token.get_secret_value()),
                "added_at": now,
                "proven_at": None if owner is None else now,
                "used_at": None,
                "refused_at": None,
                "credential_id": credential_id,
            },
        )
    return credential


@transaction.atomic
def prove(reviewer: Reviewer, owner: str) -> None:
    """Raises ``OwnerTaken``. An ID that is set stays."""
    row = Reviewer.objects.select_for_update().get(pk=reviewer.pk)
    if row.mobius_id:
        return
    row.mobius_id, row.mobius_id_proven = owner, True
    try:
        with transaction.atomic():
            row.save(update_fields=["mobius_id", "mobius_id_proven"])
    except IntegrityError:
        raise OwnerTaken(owner) from None
    reviewer.mobius_id = owner


def remove(reviewer: Reviewer) -> None:
    """The Mobius ID stays: questions are still the reviewer's."""
    rows = Credential.objects.filter(reviewer=reviewer)
    forget(rows.select_related("reviewer__user", "upstream"))


def forget(removed: Iterable[Credential]) -> None:
    """Remove them here, and have Mobius revoke those that it issued for a sign-in."""
    rows = list(removed)
    revocations.revoke(rows)
    Credential.objects.filter(pk__in=[row.pk for row in rows]).delete()


def find(reviewer: Reviewer, upstream: Upstream) -> Credential | None:
    """Without the encrypted value."""
    rows = Credential.objects.defer("sealed")
    return rows.filter(reviewer=reviewer, upstream=upstream).first()


def state_of(user_id: int, upstream: Upstream) -> Token:
    rows = Credential.objects.filter(reviewer__user_id=user_id, upstream=upstream)
    credential = rows.select_related("reviewer").first()
    if credential is None:
        return Token.NONE
    if not vault.opens(credential.sealed):
        return Token.LOST
    if not credential.reviewer.mobius_id:
        return Token.UNOWNED
    return Token.GOOD if credential.refused_at is None else Token.REFUSED


def mark_refused(reviewer: Reviewer) -> None:
    accepted = Credential.objects.filter(reviewer=reviewer, refused_at=None)
    if accepted.update(refused_at=timezone.now()):
        refused.send(Reviewer, reviewer=reviewer)


def mark_used(reviewer: Reviewer) -> None:
    Credential.objects.filter(reviewer=reviewer).update(used_at=timezone.now(), refused_at=None)


@sensitive_variables()
def _token_fields(token: str) -> dict[str, Any]:
    bare = token.partition(".")[0]
    prefix, last_four = bare[:8], bare[-4:]
    if len(bare) < MIN_LENGTH_SHOWN:
        prefix, last_four = bare[:4], ""
    return {"sealed": vault.seal(token), "prefix": prefix, "last_four": last_four}
