"""The result of a service call: its kind and facts. Pages supply the wording and the status."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from inbox.answering.underway import Underway
from inbox.mobius.errors import (
    Conflict,
    Denied,
    MobiusError,
    NotFound,
    RateLimited,
    Unauthorized,
    Unreachable,
)
from inbox.models import Group, Interaction, Run

Subject = TypeVar("Subject", Interaction, Group, Run)


class Kind(StrEnum):
    """``KEY_REFUSED``: the service key may not answer this question, or any at the moment.
    ``ANOTHER_OWNER``: Mobius recorded the answer as someone else's, whose token it was sent with.

    ``OVERDUE``: a held answer could not be sent in time. ``SUBMITTED_AGAIN``: the page showed an
    earlier round.
    """

    ANSWERED = "answered"
    PENDING_OTHERS = "pending_others"
    RECEIVED = "received"
    WAITING = "waiting"
    UNDONE = "undone"
    ACCEPTED = "accepted"
    CHANGES_REQUESTED = "changes_requested"
    CLAIMED = "claimed"
    RELEASED = "released"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    SIGNALLED = "signalled"
    RETRIED = "retried"
    ENDED_BEFORE = "ended_before"
    NUDGED = "nudged"

    # Something or someone was first, or it can't be done.
    ALREADY_ANSWERED = "already_answered"
    PROCESSING = "processing"
    CLOSED = "closed"
    CLAIMED_BY_ANOTHER = "claimed_by_another"
    NO_CLAIMS = "no_claims"
    QUESTION_CHANGED = "question_changed"
    OWN_WORK = "own_work"
    NOT_IN_REVIEW = "not_in_review"
    SUBMITTED_AGAIN = "submitted_again"
    CONFLICT = "conflict"
    ALREADY_SO = "already_so"
    DELETED = "deleted"
    UNKNOWN_PERSON = "unknown_person"
    WRONG_NAME = "wrong_name"
    NOT_RETRYABLE = "not_retryable"
    TOO_SOON = "too_soon"
    THEY_ANSWERED = "they_answered"
    NO_ACCOUNT = "no_account"
    DEACTIVATED = "deactivated"
    YOURSELF = "yourself"
    TOO_LATE = "too_late"
    NOTHING_TO_UNDO = "nothing_to_undo"

    # The request failed, or was not sent.
    NO_CREDENTIAL = "no_credential"
    TOKEN_REFUSED = "token_refused"  # nosec B105 # noqa: S105 - a kind, not a token
    KEY_REFUSED = "key_refused"
    ANOTHER_OWNER = "another_owner"
    NOT_ALLOWED = "not_allowed"
    NOT_ACCEPTED = "not_accepted"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    STILL_OPEN = "still_open"
    NOT_RECORDED = "not_recorded"
    UNCONFIRMED = "unconfirmed"
    OVERDUE = "overdue"


DONE = frozenset(
    {
        Kind.ANSWERED,
        Kind.PENDING_OTHERS,
        Kind.RECEIVED,
        Kind.WAITING,
        Kind.UNDONE,
        Kind.ACCEPTED,
        Kind.CHANGES_REQUESTED,
        Kind.CLAIMED,
        Kind.RELEASED,
        Kind.CHANGED,
        Kind.CANCELLED,
        Kind.SIGNALLED,
        Kind.RETRIED,
        Kind.ENDED_BEFORE,
        Kind.NUDGED,
    }
)


@dataclass(frozen=True)
class Outcome(Generic[Subject]):
    """``subject`` is the interaction, group or run as the mirror has it now.

    Attributes:
        verb: the operation, as the decision log calls it.
        user_id, person: Mobius ID and name of the other person concerned.
        at: when the last nudge was sent.
        checked: False if Mobius could not be read after the request.
        message: what Mobius said.
        status: HTTP status of a refusal.
        retry_after: in seconds; None if Mobius did not say.
        lost: a token is stored that no key decrypts.
    """

    kind: Kind
    subject: Subject
    verb: str = ""
    user_id: str = ""
    person: str = ""
    routing: str = ""
    signal: str = ""
    at: datetime | None = None
    underway: Underway | None = None
    checked: bool = True
    message: str = ""
    status: int | None = None
    retry_after: float | None = None
    lost: bool = False

    @property
    def done(self) -> bool:
        return self.kind in DONE


def refused(error: MobiusError, subject: Subject, **facts: Any) -> Outcome[Subject]:
    match error:
        case Unauthorized():
            kind = Kind.TOKEN_REFUSED
        case Denied():
            kind = Kind.NOT_ALLOWED
        case NotFound():
            kind = Kind.DELETED
        case Conflict():
            kind = Kind.CONFLICT
        case RateLimited():
            kind = Kind.RATE_LIMITED
        case Unreachable():
            kind = Kind.UNREACHABLE
        case _:
            kind = Kind.NOT_ACCEPTED
    return Outcome(kind, subject, **facts_of(error), **facts)


def facts_of(error: MobiusError) -> dict[str, Any]:
    return {
        "message": error.upstream_message,
        "status": error.status,
        "retry_after": error.retry_after,
    }
