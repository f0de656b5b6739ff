"""How an attempt at answering, claiming or releasing ended, in facts and in the reader's words."""

from dataclasses import dataclass
from enum import StrEnum

from inbox.models import Interaction


class Kind(StrEnum):
    """What is true now. The first five are what was asked for."""

    ANSWERED = "answered"
    PENDING_OTHERS = "pending_others"
    RECEIVED = "received"
    CLAIMED = "claimed"
    RELEASED = "released"
    ALREADY_MINE = "already_mine"
    PROCESSING = "processing"
    CLOSED = "closed"
    HELD = "held"
    NO_CLAIMS = "no_claims"
    QUESTION_CHANGED = "question_changed"
    STILL_OPEN = "still_open"
    NOT_ACCEPTED = "not_accepted"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a kind, not a token
    NO_CREDENTIAL = "no_credential"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"


_STATUS = {
    Kind.ANSWERED: 200,
    Kind.PENDING_OTHERS: 200,
    Kind.RECEIVED: 200,
    Kind.CLAIMED: 200,
    Kind.RELEASED: 200,
    Kind.NOT_ACCEPTED: 422,
    Kind.STILL_OPEN: 503,
    Kind.UNREACHABLE: 503,
    Kind.RATE_LIMITED: 503,
}


@dataclass(frozen=True)
class Outcome:
    """``interaction`` is the item as the mirror has it now.

    ``title`` says what happened, ``text`` what was kept and what to do; both are plain text, and
    both may be shown to the reader as they are. ``retry_after`` is in seconds, None where nobody
    said how long to wait.
    """

    kind: Kind
    interaction: Interaction
    title: str
    text: str
    retry_after: float | None = None

    @property
    def good(self) -> bool:
        """The answer is in or accepted; the question is taken, or given back."""
        return self.kind in (
            Kind.ANSWERED,
            Kind.PENDING_OTHERS,
            Kind.RECEIVED,
            Kind.CLAIMED,
            Kind.RELEASED,
        )

    @property
    def again(self) -> bool:
        """Sending the same once more can help, so the form stays usable."""
        return self.kind in (
            Kind.QUESTION_CHANGED,
            Kind.STILL_OPEN,
            Kind.NOT_ACCEPTED,
            Kind.TOKEN_REFUSED,
            Kind.NO_CREDENTIAL,
            Kind.UNREACHABLE,
            Kind.RATE_LIMITED,
            Kind.HELD,
        )

    @property
    def account(self) -> bool:
        """What helps is on the account page: a member token."""
        return self.kind in (Kind.TOKEN_REFUSED, Kind.NO_CREDENTIAL)

    @property
    def status(self) -> int:
        """The HTTP status of the page that tells it."""
        return _STATUS.get(self.kind, 409)
