"""A test question, which checks the whole path from Mobius to an answer."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus

from asgiref.sync import sync_to_async
from django.db.models import Max
from django.utils import timezone

from inbox.live.page_activity import page_activity
from inbox.mirror.freshness import trouble_of
from inbox.mobius.errors import InvalidResponse, MobiusError, Unavailable, Unreachable, WebPage
from inbox.models import Decision, Interaction, Reviewer, Upstream
from inbox.models.decision import RESPOND
from inbox.people.clients import service_client

MESSAGE = (
    "Test question\n\nSent from the *Connection* page. Approve it to check that questions arrive "
    "here and answers reach Mobius."
)
LASTS = timedelta(hours=1)


class Stage(StrEnum):
    """The progress of a test question. ``CLOSED``: closed without an answer."""

    SENT = "sent"
    APPEARED = "appeared"
    ANSWERED = "answered"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a test question was not sent. ``UNCONFIRMED``: Mobius may have it."""

    NO_MOBIUS_ID = "no_mobius_id"
    NOT_ACCEPTED = "not_accepted"
    UNCONFIRMED = "unconfirmed"


class NotSent(Exception):
    """The question was not sent, or Mobius did not confirm it.

    ``message`` is what Mobius said, ``trouble`` the failure of the request.
    """

    def __init__(self, reason: Reason, error: MobiusError | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = error.upstream_message if error else ""
        self.trouble = trouble_of(error) if error else None


@dataclass(frozen=True)
class Sent:
    """A test question. ``id`` is empty if Mobius accepted it without returning one; then it is the
    first test question in the mirror after the row ``after``.
    """

    id: str
    after: int = 0


async def send(reviewer: Reviewer) -> Sent:
    """Ask ``reviewer`` for an approval that belongs to no run. Raises ``NotSent``."""
    if not reviewer.mobius_id:
        raise NotSent(Reason.NO_MOBIUS_ID)
    body = {
        "type": "approval",
        "message": MESSAGE,
        "target": {"type": "user", "id": reviewer.mobius_id},
        "spec": {"mode": "confirm"},
        "expires_at": (timezone.now() + LASTS).isoformat(),
    }
    newest = await sync_to_async(_newest)()
    try:
        return Sent((await service_client().create_interaction(body)).id)
    except InvalidResponse as error:
        if isinstance(error, WebPage) or (error.status or 0) >= HTTPStatus.MULTIPLE_CHOICES:
            raise NotSent(Reason.NOT_ACCEPTED, error) from None
        return Sent("", newest)
    except (Unreachable, Unavailable) as error:
        raise NotSent(Reason.UNCONFIRMED, error) from None
    except MobiusError as error:
        raise NotSent(Reason.NOT_ACCEPTED, error) from None
    finally:
        page_activity.acted()


def find(upstream: Upstream, reviewer: Reviewer, sent: Sent) -> Interaction | None:
    """The question in the mirror; None until it has appeared."""
    rows = Interaction.objects.filter(upstream=upstream)
    if sent.id:
        return rows.filter(mobius_id=sent.id).first()
    like = rows.filter(pk__gt=sent.after, run_id=None, message=MESSAGE)
    return like.filter(target_type="user", target_id=reviewer.mobius_id).order_by("pk").first()


def stage_of(row: Interaction | None) -> Stage:
    if row is None:
        return Stage.SENT
    if row.pending:
        return Stage.APPEARED
    return Stage.ANSWERED if row.status == "completed" else Stage.CLOSED


def _newest() -> int:
    newest: int | None = Interaction.objects.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def was_anything_answered(upstream: Upstream) -> bool:
    """Whether Mobius has accepted any answer from this app."""
    return Decision.objects.of(upstream).filter(verb=RESPOND, observed=False).exists()
