"""The account page's verbs on a member token."""

from enum import StrEnum

from asgiref.sync import sync_to_async
from pydantic import SecretStr

from inbox.mobius.errors import Denied, MobiusError, NotFound, RateLimited, Rejected, Unauthorized
from inbox.models import Attempt, Credential, Reviewer, Upstream
from inbox.reviewers import credentials
from inbox.reviewers.clients import service_client
from inbox.reviewers.credentials import Taken

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


async def adopt(*, reviewer: Reviewer, token: SecretStr) -> Credential:
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
        return await sync_to_async(credentials.adopt)(reviewer, token=token, owner=owner)
    except Taken as taken:
        raise NotAdopted(
            Reason.TAKEN, f"This one belongs to {taken.user_id}, who has another account here."
        ) from None


async def remove(*, reviewer: Reviewer) -> None:
    """Forget the reviewer's token."""
    await sync_to_async(credentials.remove)(reviewer)


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
