"""A reviewer's member token: kept, shown in part, removed."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from inbox.models import Credential, Reviewer, Upstream
from inbox.reviewers import vault

SHORTEST = 24
"""Of a token whose first eight and last four characters may be shown."""


class Taken(Exception):
    """The token's owner is the Mobius id of another account here."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is another account's")
        self.user_id = user_id


@sensitive_variables("token")
def adopt(reviewer: Reviewer, *, token: str, owner: str | None) -> Credential:
    """Keep ``token`` as the one of ``reviewer``, in place of an earlier one.

    ``owner`` is the Mobius id that upstream said it belongs to, which becomes the reviewer's; None
    where upstream cannot say, and then the reviewer's id stays as it is. Raises ``Taken``.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            if owner is not None and owner != reviewer.mobius_id:
                Reviewer.objects.filter(pk=reviewer.pk).update(mobius_id=owner)
            credential, _ = Credential.objects.update_or_create(
                reviewer=reviewer,
                defaults={
                    "upstream": Upstream.present(),
                    "sealed": vault.seal(token),
                    "prefix": token[:8] if len(token) >= SHORTEST else token[:4],
                    "last_four": _secret_part(token)[-4:] if len(token) >= SHORTEST else "",
                    "added_at": now,
                    "proven_at": None if owner is None else now,
                    "used_at": None,
                    "refused_at": None,
                },
            )
    except IntegrityError:
        raise Taken(owner or "") from None
    if owner is not None:
        reviewer.mobius_id = owner
    return credential


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


def mark_refused(reviewer: Reviewer) -> None:
    """Upstream answered 401 to it; the first time counts."""
    Credential.objects.filter(reviewer=reviewer, refused_at=None).update(refused_at=timezone.now())


def mark_used(reviewer: Reviewer) -> None:
    """An answer went out with it, so it is good."""
    Credential.objects.filter(reviewer=reviewer).update(used_at=timezone.now(), refused_at=None)


@sensitive_variables("token")
def _secret_part(token: str) -> str:
    """Without the project that may be written behind a dot."""
    return token.partition(".")[0]
