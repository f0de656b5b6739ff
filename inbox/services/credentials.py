"""The verbs on a member token: the account page's, and what an administrator's do to it."""

from collections.abc import Iterable
from enum import StrEnum

from asgiref.sync import sync_to_async
from django.db import transaction
from pydantic import SecretStr

from inbox.mobius.errors import Denied, MobiusError, NotFound, RateLimited, Rejected, Unauthorized
from inbox.models import Attempt, Credential, Reviewer, Upstream
from inbox.reviewers import credentials
from inbox.reviewers.clients import service_client
from inbox.reviewers.credentials import Taken
from inbox.services import decision_log
from inbox.services.decision_log import entry_by
from inbox.services.origin import BACKGROUND, Origin

SERVICE_KEY = "mbx_"


class Reason(StrEnum):
    """Why a token was not taken."""

    SERVICE_KEY = "service_key"
    UNKNOWN = "unknown"
    OTHER_PROJECT = "other_project"
    TAKEN = "taken"
    UNPROVEN = "unproven"
    UNREACHABLE = "unreachable"


class NotAdopted(Exception):
    """Nothing was saved; ``str()`` of it is for the reader."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason


async def adopt(*, reviewer: Reviewer, token: SecretStr, origin: Origin = BACKGROUND) -> Credential:
    """Ask Mobius whose ``token`` it is, and keep it: that is who the reviewer is from now on.

    Where Mobius cannot say, the token is taken for the id that an administrator has set. Raises
    ``NotAdopted``.
    """
    token = SecretStr(token.get_secret_value().strip())
    if token.get_secret_value().startswith(SERVICE_KEY):
        raise NotAdopted(
            Reason.SERVICE_KEY,
            "This is a service key. Yours starts with mbc_ and is only yours.",
        )
    owner = await _owner(reviewer, token)
    try:
        return await sync_to_async(_adopt)(reviewer, token, owner, origin)
    except Taken as taken:
        raise NotAdopted(
            Reason.TAKEN, f"This one belongs to {taken.user_id}, who has another account here."
        ) from None


async def remove(*, reviewer: Reviewer, origin: Origin = BACKGROUND) -> None:
    """Forget the reviewer's token."""
    await sync_to_async(_remove)(reviewer, origin)


@transaction.atomic
def assign(
    reviewer: Reviewer, *, mobius_id: str | None, by: Reviewer, origin: Origin = BACKGROUND
) -> None:
    """``by``, an administrator, says who this is. A token of somebody else goes with the old id.

    Raises IntegrityError where the id is another account's.
    """
    reviewer.mobius_id = mobius_id or None
    reviewer.save(update_fields=["mobius_id"])
    take_away([reviewer], by=by, origin=origin)


@transaction.atomic
def take_away(reviewers: Iterable[Reviewer], *, by: Reviewer, origin: Origin = BACKGROUND) -> None:
    """``by``, an administrator, takes the tokens that these people have."""
    rows = Credential.objects.defer("sealed").filter(reviewer__in=list(reviewers))
    taken = list(rows.select_related("upstream", "reviewer__user").order_by("pk"))
    rows.filter(pk__in=[each.pk for each in taken]).delete()
    decision_log.append(
        *(
            entry_by(
                by,
                verb="token_removed",
                upstream=each.upstream,
                origin=origin,
                credential_kind="account",
                title=each.reviewer.user.get_username(),
                value={"before": each.last_four},
            )
            for each in taken
        )
    )


@transaction.atomic
def _adopt(reviewer: Reviewer, token: SecretStr, owner: str | None, origin: Origin) -> Credential:
    before = credentials.present(reviewer)
    kept = credentials.adopt(reviewer, token=token, owner=owner)
    _log("token_adopted", reviewer, origin, kept, before)
    return kept


@transaction.atomic
def _remove(reviewer: Reviewer, origin: Origin) -> None:
    before = credentials.present(reviewer)
    credentials.remove(reviewer)
    if before is not None:
        _log("token_removed", reviewer, origin, None, before)


def _log(
    verb: str,
    reviewer: Reviewer,
    origin: Origin,
    kept: Credential | None,
    before: Credential | None,
) -> None:
    """The last four characters of the token, and of the one that it replaces."""
    ends = {"token": kept, "before": before}
    value = {name: each.last_four for name, each in ends.items() if each is not None}
    decision_log.append(
        entry_by(
            reviewer,
            verb=verb,
            upstream=Upstream.present(),
            origin=origin,
            credential_kind="account",
            value=value,
        )
    )


def unsent(reviewer: Reviewer) -> list[str]:
    """Ids of the questions whose answer a refused token held back and whose text is kept."""
    rows = Attempt.objects.filter(
        reviewer=reviewer,
        upstream=Upstream.present(),
        state=Attempt.State.REFUSED,
        outcome="unauthorized",
    )
    return list(rows.order_by("-settled_at").values_list("interaction_id", flat=True).distinct())


async def _owner(reviewer: Reviewer, token: SecretStr) -> str | None:
    """Whose it is; None where upstream has no call that says so and the reviewer's id is set."""
    try:
        return (await service_client().acting_as(token.get_secret_value()).me()).user_id
    except NotFound:
        await _take_unproven(reviewer, token)
        return None
    except MobiusError as error:
        raise _refused(error) from None


async def _take_unproven(reviewer: Reviewer, token: SecretStr) -> None:
    if not reviewer.mobius_id:
        raise NotAdopted(
            Reason.UNPROVEN,
            "This Mobius does not say whose a token is. Ask an administrator to set your Mobius id "
            "first.",
        )
    try:
        await service_client().acting_as(token.get_secret_value()).interactions(inbox=True, limit=1)
    except MobiusError as error:
        raise _refused(error) from None


def _refused(error: MobiusError) -> NotAdopted:
    match error:
        case Unauthorized():
            return NotAdopted(
                Reason.UNKNOWN, "Mobius does not accept this token. Copy it again, whole."
            )
        case Denied():
            return NotAdopted(Reason.OTHER_PROJECT, "This token is for another project.")
        case Rejected():
            return NotAdopted(
                Reason.SERVICE_KEY, "Mobius says that this is not the token of a person."
            )
        case RateLimited():
            return NotAdopted(Reason.UNREACHABLE, "Mobius is busy. Try again in a minute.")
        case _:
            return NotAdopted(
                Reason.UNREACHABLE,
                "Mobius cannot be asked just now, so nothing was saved. Try again in a minute.",
            )
