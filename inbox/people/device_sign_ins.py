"""The sign-ins at Mobius that people have begun. ``inbox.upstream.device_sign_in`` asks Mobius for
their tokens.

A token that is received and not kept is revoked.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.audit.origin import BACKGROUND, Origin
from inbox.mobius.types import DeviceCode, DeviceToken
from inbox.models import DeviceSignIn, Reviewer, Upstream
from inbox.people import member_tokens, revocations, vault
from inbox.people.member_tokens import CONFIRM_WITHIN, NotAdopted, Obtained, Reason, Unconfirmed

State = DeviceSignIn.State
KEPT_FOR = timedelta(days=1)
"""How long the page can say how a sign-in ended."""


def find(reviewer: Reviewer, upstream: Upstream) -> DeviceSignIn | None:
    return DeviceSignIn.objects.filter(reviewer=reviewer, upstream=upstream).first()


@sensitive_variables()
@transaction.atomic
def begin(reviewer: Reviewer, upstream: Upstream, code: DeviceCode) -> None:
    """It replaces an earlier one."""
    Upstream.lock_current()
    discard(reviewer)
    now = timezone.now()
    DeviceSignIn.objects.create(
        reviewer=reviewer,
        upstream=upstream,
        sealed=vault.seal(code.device_code.get_secret_value()),
        user_code=code.user_code,
        link=code.link,
        interval=code.interval,
        next_at=now + timedelta(seconds=code.interval),
        expires_at=now + timedelta(seconds=code.expires_in),
    )


def discard(reviewer: Reviewer) -> None:
    _delete(reviewer=reviewer)


@sensitive_variables()
@transaction.atomic
def receive(sign_in: DeviceSignIn, received: DeviceToken) -> bool:
    """Store the token that Mobius has just returned, for ``keep``. False if the sign-in was
    cancelled in the meantime.
    """
    waits = _locked().filter(pk=sign_in.pk, state=State.PENDING).exists()
    sign_in.sealed = vault.seal(received.token.get_secret_value())
    sign_in.credential_id, sign_in.state = received.credential_id, State.RECEIVED
    sign_in.expires_at = timezone.now() + timedelta(seconds=CONFIRM_WITHIN)
    if waits:
        sign_in.save(update_fields=["sealed", "credential_id", "state", "expires_at"])
    else:
        _revoke(sign_in)
    return waits


@sensitive_variables()
@transaction.atomic
def keep(sign_in: DeviceSignIn, token: SecretStr, owner: str | None) -> None:
    """Store the token for the person; ``owner`` is as for ``member_tokens.keep``. If they have to
    confirm that they are its owner, the sign-in waits for that.
    """
    Upstream.lock_current()
    row = _locked().filter(pk=sign_in.pk, state=State.RECEIVED).first()
    if row is None:
        return
    try:
        kept = member_tokens.keep(row.reviewer, Obtained(token, row.credential_id), owner)
    except NotAdopted as refused:
        end(row, State.NOT_ADOPTED, refused=refused)
        return
    if isinstance(kept, Unconfirmed):
        row.state, row.owner, row.sealed = State.UNCONFIRMED, kept.owner, kept.sealed.encode()
        row.next_at = row.expires_at = timezone.now() + timedelta(seconds=CONFIRM_WITHIN)
        row.save()
    else:
        row.delete()


@sensitive_variables()
@transaction.atomic
def confirm(*, reviewer: Reviewer, upstream: Upstream, origin: Origin = BACKGROUND) -> bool:
    """The person says that they are its token's owner. False if it isn't kept; the sign-in then has
    the reason.
    """
    Upstream.lock_current()
    row = _locked().filter(reviewer=reviewer, upstream=upstream).first()
    unconfirmed = unconfirmed_of(row)
    if row is None or unconfirmed is None:
        return False
    try:
        member_tokens.confirm(
            reviewer=reviewer,
            unconfirmed=unconfirmed,
            credential_id=row.credential_id,
            origin=origin,
        )
    except NotAdopted as refused:
        end(row, State.NOT_ADOPTED, refused=refused)
        return False
    row.delete()
    return True


def unconfirmed_of(sign_in: DeviceSignIn | None) -> Unconfirmed | None:
    if sign_in is None or sign_in.state != State.UNCONFIRMED:
        return None
    return Unconfirmed(sign_in.owner, bytes(sign_in.sealed).decode())


def ask_again(sign_in: DeviceSignIn, *, after: float, interval: int | None = None) -> None:
    """Wait ``after`` seconds. ``interval`` replaces the one of all later waits."""
    due = min(timezone.now() + timedelta(seconds=after), sign_in.expires_at)
    changed = {"next_at": due} | ({} if interval is None else {"interval": interval})
    DeviceSignIn.objects.filter(pk=sign_in.pk, state=sign_in.state).update(**changed)


@transaction.atomic
def end(
    sign_in: DeviceSignIn,
    state: DeviceSignIn.State,
    *,
    refused: NotAdopted | None = None,
    message: str = "",
) -> None:
    row = _locked().filter(pk=sign_in.pk, state=sign_in.state).first()
    if row is None:
        return
    _revoke(row)
    row.state, row.message, row.sealed, row.next_at = state, message, b"", None
    if refused is not None:
        row.reason, row.owner = refused.reason, refused.owner or row.owner
    row.save()


def tidy() -> None:
    _delete(expires_at__lte=timezone.now() - KEPT_FOR)


@transaction.atomic
def _delete(**which: Any) -> None:
    for row in _locked().filter(**which):
        _revoke(row)
        row.delete()


def why_not_adopted(sign_in: DeviceSignIn) -> NotAdopted:
    """Of one in the state ``NOT_ADOPTED``."""
    mobius_id = sign_in.reviewer.mobius_id or ""
    return NotAdopted(Reason(sign_in.reason), owner=sign_in.owner, mobius_id=mobius_id)


def _locked() -> QuerySet[DeviceSignIn]:
    rows = DeviceSignIn.objects.select_for_update(of=("self",))
    return rows.select_related("reviewer__user", "upstream")


@sensitive_variables()
def _revoke(sign_in: DeviceSignIn) -> None:
    has_token = sign_in.state in DeviceSignIn.HAS_TOKEN and vault.opens(sign_in.sealed)
    if not has_token or not sign_in.credential_id:
        return
    revocations.store(
        sign_in.reviewer,
        sign_in.upstream,
        sealed=sign_in.sealed,
        credential_id=sign_in.credential_id,
        last_four=vault.unseal(sign_in.sealed).partition(".")[0][-4:],
    )
