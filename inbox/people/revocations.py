"""Member tokens that Mobius has yet to revoke. ``inbox.upstream.token_revocations`` tells it."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from inbox.models import Credential, Reviewer, TokenRevocation, Upstream

SHOWN_FOR = timedelta(days=7)
"""How long one that has failed is shown."""


def revoke(credentials: Iterable[Credential]) -> None:
    """Call it inside the transaction that removes them. Mobius revokes only its own credentials: a
    pasted token stays valid.
    """
    for credential in credentials:
        if not credential.credential_id:
            continue
        store(
            credential.reviewer,
            credential.upstream,
            sealed=credential.sealed,
            credential_id=credential.credential_id,
            last_four=credential.last_four,
        )


def store(
    reviewer: Reviewer,
    upstream: Upstream,
    *,
    sealed: bytes | memoryview,
    credential_id: str,
    last_four: str,
) -> None:
    now = timezone.now()
    TokenRevocation.objects.create(
        reviewer=reviewer,
        upstream=upstream,
        name=reviewer.user.get_username(),
        sealed=bytes(sealed),
        last_four=last_four,
        credential_id=credential_id,
        created_at=now,
        next_at=now,
    )


def failed() -> QuerySet[TokenRevocation]:
    return TokenRevocation.objects.filter(failed_at__isnull=False).order_by("-failed_at")


def shown_to(reviewer: Reviewer) -> QuerySet[TokenRevocation]:
    """Those that Mobius hasn't accepted at the first try."""
    return TokenRevocation.objects.filter(reviewer=reviewer, tries__gt=0).order_by("-created_at")


def tidy() -> None:
    failed().filter(failed_at__lte=timezone.now() - SHOWN_FOR).delete()
