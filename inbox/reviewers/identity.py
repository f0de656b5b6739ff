"""An account and its Mobius id."""

from typing import Any

from django.db import transaction

from inbox.models import Credential, Reviewer


def make_reviewer(*, instance: Any, created: bool, raw: bool, using: str, **_: Any) -> None:
    """Receiver of ``post_save`` of accounts: each has a place in Mobius from the start."""
    if created and not raw:
        Reviewer.objects.using(using).get_or_create(user=instance)


@transaction.atomic
def assign(reviewer: Reviewer, *, mobius_id: str | None) -> None:
    """An administrator says who this is. A token of somebody else is dropped with the old id.

    Raises IntegrityError where the id is another account's.
    """
    reviewer.mobius_id = mobius_id or None
    reviewer.save(update_fields=["mobius_id"])
    Credential.objects.filter(reviewer=reviewer).delete()
