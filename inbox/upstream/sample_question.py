"""A test question, which checks the whole path from Mobius to an answer."""

from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.live.page_activity import page_activity
from inbox.mirror import project
from inbox.mirror.freshness import trouble_of
from inbox.mobius.errors import InvalidResponse, MobiusError, Unavailable, Unreachable, WebPage
from inbox.models import Decision, Interaction, Upstream
from inbox.models.decision import RESPOND
from inbox.people.clients import service_client

MESSAGE = (
    "Test question\n\nSent from the *Connection* page. Approve it to check that questions arrive "
    "here and answers reach Mobius."
)
LASTS = timedelta(hours=1)


class Stage(StrEnum):
    """``CLOSED``: closed without an answer."""

    SENT = "sent"
    APPEARED = "appeared"
    ANSWERED = "answered"
    CLOSED = "closed"


class Reason(StrEnum):
    """``UNCONFIRMED``: Mobius may have it."""

    NOT_ACCEPTED = "not_accepted"
    UNCONFIRMED = "unconfirmed"


class NotSent(Exception):
    """``message`` is what Mobius said, ``trouble`` the failure of the request."""

    def __init__(self, reason: Reason, error: MobiusError) -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = error.upstream_message
        self.trouble = trouble_of(error)


async def send(upstream: Upstream, recipient: str) -> str:
    """Return the ID. Raises ``NotSent``."""
    body = {
        "type": "approval",
        "message": MESSAGE,
        "target": {"type": "user", "id": recipient},
        "spec": {"mode": "confirm"},
        "expires_at": (timezone.now() + LASTS).isoformat(),
    }
    try:
        question = await service_client(upstream).create_interaction(body)
    except InvalidResponse as error:
        if isinstance(error, WebPage) or (error.status or 0) >= HTTPStatus.MULTIPLE_CHOICES:
            raise NotSent(Reason.NOT_ACCEPTED, error) from None
        raise NotSent(Reason.UNCONFIRMED, error) from None
    except (Unreachable, Unavailable) as error:
        raise NotSent(Reason.UNCONFIRMED, error) from None
    except MobiusError as error:
        raise NotSent(Reason.NOT_ACCEPTED, error) from None
    finally:
        page_activity.acted()
    await sync_to_async(project.record_test_question)(upstream, question.id)
    return question.id


def find(upstream: Upstream, id: str) -> Interaction | None:
    return Interaction.objects.filter(upstream=upstream, mobius_id=id).first()


def stage_of(row: Interaction | None) -> Stage:
    if row is None:
        return Stage.SENT
    if row.pending:
        return Stage.APPEARED
    return Stage.ANSWERED if row.status == "completed" else Stage.CLOSED


def was_anything_answered(upstream: Upstream) -> bool:
    return Decision.objects.of(upstream).filter(verb=RESPOND, observed=False).exists()
