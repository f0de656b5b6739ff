"""A reviewer's member token: kept, shown in part, removed."""

from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.models import Credential, Reviewer, Upstream
from inbox.people import vault

SHORTEST = 24
"""Of a token whose first eight and last four characters may be shown."""


class Token(StrEnum):
    """What can be said of a person's token before it is used.

    ``REFUSED``: Mobius did not take it the last time. ``LOST``: no present key opens it.
    """

    GOOD = "good"
    REFUSED = "refused"
    LOST = "lost"
    NONE = "none"


class AnotherOwner(Exception):
    """The token belongs to another Mobius ID than the account's."""


class Taken(AnotherOwner):
    """Another account has the Mobius ID that the token belongs to."""


def adopt(reviewer: Reviewer, *, token: SecretStr, owner: str | None) -> Credential:
    """Keep ``token`` as the one of ``reviewer``, in place of an earlier one.

    ``owner`` is the Mobius ID that upstream said it belongs to, None where upstream cannot say.
    Raises ``AnotherOwner`` where it is not the reviewer's; then nothing has changed.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Reviewer.objects.select_for_update().get(pk=reviewer.pk)
        if owner is not None and owner != row.mobius_id:
            raise AnotherOwner(owner)
        credential, _ = Credential.objects.update_or_create(
            reviewer=reviewer,
            defaults={
                "upstream": Upstream.present(),
                **_kept(token.get_secret_value()),
                "added_at": now,
                "proven_at": None if owner is None else now,
                "used_at": None,
                "refused_at": None,
            },
        )
    return credential


@transaction.atomic
def prove(reviewer: Reviewer, owner: str) -> None:
    """``owner`` is who the reviewer is, if no Mobius ID is set. Raises ``Taken``."""
    row = Reviewer.objects.select_for_update().get(pk=reviewer.pk)
    if row.mobius_id:
        return
    row.mobius_id, row.mobius_id_proven = owner, True
    try:
        with transaction.atomic():
            row.save(update_fields=["mobius_id", "mobius_id_proven"])
    except IntegrityError:
        raise Taken(owner) from None
    reviewer.mobius_id = owner


def remove(reviewer: Reviewer) -> None:
    """Forget the token. The Mobius id stays: questions are still the reviewer's."""
    Credential.objects.filter(reviewer=reviewer).delete()


def present(reviewer: Reviewer) -> Credential | None:
    """The reviewer's token for the present upstream, as it may be shown."""
    return (
        Credential.objects.defer("sealed")
        .filter(reviewer=reviewer, upstream=Upstream.present())
        .first()
    )


def state_of(user_id: int, upstream: Upstream) -> Token:
    """How the token of an account stands, by the account's id. One query."""
    credential = Credential.objects.filter(reviewer__user_id=user_id, upstream=upstream).first()
    if credential is None:
        return Token.NONE
    try:
        vault.unseal(credential.sealed)
    except vault.KeyLost:
        return Token.LOST
    return Token.GOOD if credential.refused_at is None else Token.REFUSED


def mark_refused(reviewer: Reviewer) -> None:
    """Upstream answered 401 to it; the first time counts."""
    Credential.objects.filter(reviewer=reviewer, refused_at=None).update(refused_at=timezone.now())


def mark_used(reviewer: Reviewer) -> None:
    """An answer went out with it, so it is good."""
    Credential.objects.filter(reviewer=reviewer).update(used_at=timezone.now(), refused_at=None)


@sensitive_variables()
def _kept(token: str) -> dict[str, Any]:
    """The token sealed, and the ends of it that are shown: not those of the project after a dot."""
    ends = ("prefix", token[:8]), ("last_four", token.partition(".")[0][-4:])
    if len(token) < SHORTEST:
        ends = ("prefix", token[:4]), ("last_four", "")
    return {"sealed": vault.seal(token), **dict(ends)}
