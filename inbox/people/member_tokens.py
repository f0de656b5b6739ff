"""Adopting, assigning and removing member tokens."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.audit import decision_log, rights_log
from inbox.audit.decision_log import entry_by, entry_by_actor
from inbox.audit.origin import BACKGROUND, Origin
from inbox.mobius.errors import Denied, MobiusError, RateLimited, Rejected, Unauthorized
from inbox.mobius.probing import MISSING
from inbox.models import Attempt, Credential, NotificationEvent, Reviewer, Upstream
from inbox.people import credentials, key_answers, vault
from inbox.people.clients import service_client
from inbox.people.credentials import AnotherOwner, OwnerTaken
from inbox.people.rate_limit import RateLimiter

CONFIRM_WITHIN = 600
"""Seconds that a person has to confirm who the pasted token belongs to."""

rate_limiter = RateLimiter("tokens")
"""Limits pasted tokens: each makes a call to Mobius."""


mobius_id_changed = Signal()
"""Sent with ``reviewer`` and ``upstream``, whose row the transaction has locked."""


class Reason(StrEnum):
    SERVICE_KEY = "service_key"
    NOT_A_PERSON = "not_a_person"
    UNKNOWN = "unknown"
    OTHER_PROJECT = "other_project"
    ANOTHER_OWNER = "another_owner"
    TAKEN = "taken"
    LATE = "late"
    UNPROVEN = "unproven"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    TOO_MANY = "too_many"


class NotAdopted(Exception):
    """Nothing was saved. ``owner`` is whose token it is, ``mobius_id`` the reviewer's."""

    def __init__(self, reason: Reason, *, owner: str = "", mobius_id: str = "") -> None:
        super().__init__(reason)
        self.reason, self.owner, self.mobius_id = reason, owner, mobius_id

    @property
    def may_pass(self) -> bool:
        """Mobius could not be asked."""
        return self.reason in (Reason.UNREACHABLE, Reason.BUSY)


@dataclass(frozen=True)
class Obtained:
    """A token and Mobius' ``credential_id`` for it, which is empty for a pasted one."""

    token: SecretStr
    credential_id: str = ""


@dataclass(frozen=True)
class Unconfirmed:
    """An encrypted token whose owner the person has yet to confirm, within ``CONFIRM_WITHIN``."""

    owner: str
    sealed: str = field(repr=False)

    @property
    def waits(self) -> bool:
        return vault.opens(self.sealed.encode(), max_age=CONFIRM_WITHIN)


async def adopt(
    *, reviewer: Reviewer, token: SecretStr, origin: Origin = BACKGROUND
) -> Credential | Unconfirmed:
    """Ask Mobius who ``token`` belongs to, and store it if that is the reviewer.

    If the reviewer has no Mobius ID yet, nothing is stored until the person has confirmed that they
    are the owner. If Mobius cannot say, the token is stored for the ID that an administrator has
    set; without one only where an answer can prove it later. Raises ``NotAdopted``.
    """
    token = SecretStr(token.get_secret_value().strip())
    if await sync_to_async(_is_service_key)(token):
        raise NotAdopted(Reason.SERVICE_KEY)
    if not await sync_to_async(rate_limiter.allow)(reviewer.user_id):
        raise NotAdopted(Reason.TOO_MANY)
    owner = await owner_of(reviewer, token)
    return await sync_to_async(keep)(reviewer, Obtained(token), owner, origin)


def keep(
    reviewer: Reviewer, obtained: Obtained, owner: str | None, origin: Origin = BACKGROUND
) -> Credential | Unconfirmed:
    """``owner`` is what ``owner_of`` returned for the token. Raises ``NotAdopted``."""
    if owner is not None and not reviewer.mobius_id:
        return _unconfirmed(reviewer, obtained.token, owner)
    return _adopt(reviewer, obtained, owner, origin)


def confirm(
    *,
    reviewer: Reviewer,
    unconfirmed: Unconfirmed,
    credential_id: str = "",
    origin: Origin = BACKGROUND,
) -> Credential:
    """``credential_id`` is as in ``Obtained``. Raises ``NotAdopted``."""
    try:
        token = vault.unseal(unconfirmed.sealed.encode(), max_age=CONFIRM_WITHIN)
    except vault.KeyLost:
        raise NotAdopted(Reason.LATE) from None
    obtained = Obtained(SecretStr(token), credential_id)
    return _adopt(reviewer, obtained, unconfirmed.owner, origin, confirmed=True)


@transaction.atomic
def remove(*, reviewer: Reviewer, origin: Origin = BACKGROUND) -> None:
    """The Mobius ID stays."""
    upstream = Upstream.lock_current()
    before = credentials.find(reviewer, upstream)
    credentials.remove(reviewer)
    if before is not None:
        _log("token_removed", reviewer, origin, None, before)


def lock(user: User) -> None:
    Upstream.lock_current()
    list(Reviewer.objects.select_for_update().filter(user=user))
    list(Credential.objects.defer("sealed").select_for_update().filter(reviewer__user=user))


@transaction.atomic
def assign(reviewer: Reviewer, *, mobius_id: str | None) -> None:
    """Also removes the token of the ID before. Raises IntegrityError if another account has it."""
    upstream = Upstream.lock_current()
    had_one = Reviewer.objects.filter(pk=reviewer.pk).exclude(mobius_id=None).exists()
    reviewer.mobius_id, reviewer.mobius_id_proven = mobius_id or None, False
    reviewer.save(update_fields=["mobius_id", "mobius_id_proven"])
    if had_one:
        revoke([reviewer])
    mobius_id_changed.send(Reviewer, reviewer=reviewer, upstream=upstream)
    NotificationEvent.objects.write_summaries(upstream, [reviewer.mobius_id or ""])


@transaction.atomic
def revoke(reviewers: Iterable[Reviewer]) -> None:
    Upstream.lock_current()
    rows = Credential.objects.defer("sealed").filter(reviewer__in=list(reviewers))
    removed = list(rows.select_related("upstream", "reviewer__user").order_by("pk"))
    credentials.forget(removed)
    decision_log.append(
        *(
            entry_by_actor(
                verb="token_removed",
                upstream=credential.upstream,
                title=credential.reviewer.user.get_username(),
                value={"before": credential.last_four},
            )
            for credential in removed
        )
    )


@sensitive_variables("token")
def _unconfirmed(reviewer: Reviewer, token: SecretStr, owner: str) -> Unconfirmed:
    if Reviewer.objects.filter(mobius_id=owner).exists():
        raise _conflict(reviewer, owner, taken=True)
    return Unconfirmed(owner, vault.seal(token.get_secret_value()).decode())


def _adopt(
    reviewer: Reviewer,
    obtained: Obtained,
    owner: str | None,
    origin: Origin,
    *,
    confirmed: bool = False,
) -> Credential:
    try:
        with transaction.atomic():
            upstream = Upstream.lock_current()
            if confirmed and owner is not None:
                credentials.prove(reviewer, owner)
                mobius_id_changed.send(Reviewer, reviewer=reviewer, upstream=upstream)
                NotificationEvent.objects.write_summaries(upstream, [owner])
            before = credentials.find(reviewer, upstream)
            credential = credentials.adopt(
                reviewer,
                token=obtained.token,
                owner=owner,
                credential_id=obtained.credential_id,
            )
            _log("token_adopted", reviewer, origin, credential, before)
    except AnotherOwner as other:
        raise _conflict(reviewer, str(other), taken=isinstance(other, OwnerTaken)) from None
    return credential


def _conflict(reviewer: Reviewer, owner: str, *, taken: bool) -> NotAdopted:
    reviewer.refresh_from_db(fields=["mobius_id"])
    rights_log.enter_conflict(reviewer, owner)
    reason = Reason.TAKEN if taken else Reason.ANOTHER_OWNER
    return NotAdopted(reason, owner=owner, mobius_id=reviewer.mobius_id or "")


def _log(
    verb: str,
    reviewer: Reviewer,
    origin: Origin,
    credential: Credential | None,
    before: Credential | None,
) -> None:
    """Log the last four characters of the token and of the one that it replaces."""
    tokens = {"token": credential, "before": before}
    value = {name: token.last_four for name, token in tokens.items() if token is not None}
    decision_log.append(
        entry_by(
            reviewer,
            verb=verb,
            upstream=Upstream.current(),
            origin=origin,
            credential_kind="account",
            value=value,
        )
    )


def refused_question_ids(reviewer: Reviewer, upstream: Upstream) -> QuerySet[Attempt, str]:
    rows = Attempt.objects.filter(
        reviewer=reviewer,
        upstream=upstream,
        state=Attempt.State.REFUSED,
        outcome="unauthorized",
    )
    return rows.values_list("interaction_id", flat=True)


@sensitive_variables()
def _is_service_key(token: SecretStr) -> bool:
    """It looks like a service key, or is this installation's, which may look different."""
    text = token.get_secret_value()
    # The part after a dot is the project.
    pasted, service_key = (
        key.partition(".")[0].encode() for key in (text, settings.MOBIUS_API_KEY)
    )
    return text.startswith(Upstream.current().adapter.service_key_prefix) or hmac.compare_digest(
        pasted, service_key
    )


async def owner_of(reviewer: Reviewer, token: SecretStr) -> str | None:
    """The Mobius ID that Mobius names, None if it can't tell and the token works. Raises
    ``NotAdopted``.
    """
    upstream = await sync_to_async(Upstream.current)()
    client = service_client(upstream).acting_as(token.get_secret_value())
    proven_later = upstream.adapter.answers_prove_tokens
    person = None
    try:
        person = await client.me()
    except MobiusError as error:
        untold = error.status in MISSING or (proven_later and isinstance(error, Denied))
        if not untold:
            raise _refused(error) from None
    if person is not None:
        await sync_to_async(key_answers.record_proven)()
        return person.user_id
    if not reviewer.mobius_id and not proven_later:
        raise NotAdopted(Reason.UNPROVEN)
    try:
        await client.interactions(status="pending")
    except MobiusError as error:
        raise _refused(error) from None
    return None


def _refused(error: MobiusError) -> NotAdopted:
    match error:
        case Unauthorized():
            return NotAdopted(Reason.UNKNOWN)
        case Denied():
            return NotAdopted(Reason.OTHER_PROJECT)
        case Rejected():
            return NotAdopted(Reason.NOT_A_PERSON)
        case RateLimited():
            return NotAdopted(Reason.BUSY)
        case _:
            return NotAdopted(Reason.UNREACHABLE)
