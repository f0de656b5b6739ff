"""Messages about the outcome of a service call, and how pages show them."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from inbox.services.outcome import Kind, Outcome
from inbox.services.problem import Problem
from inbox.web.ui.labels import whole
from inbox.web.ui.when import span

_STATUS = {
    Kind.NOT_ACCEPTED: 422,
    Kind.UNKNOWN_PERSON: 422,
    Kind.WRONG_NAME: 422,
    Kind.STILL_OPEN: 503,
    Kind.NOT_RECORDED: 503,
    Kind.UNREACHABLE: 503,
    Kind.UNCONFIRMED: 503,
    Kind.RATE_LIMITED: 503,
}
_RETRYABLE = frozenset(
    {
        *_STATUS,
        Kind.CLAIMED_BY_ANOTHER,
        Kind.QUESTION_CHANGED,
        Kind.TOKEN_REFUSED,
        Kind.NO_CREDENTIAL,
    }
)


@dataclass(frozen=True)
class Message:
    """``title`` says what happened, ``text`` what was kept and what to do. Both are plain text."""

    outcome: Outcome[Any]
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.title.rstrip('.')}. {self.text}"

    @property
    def status(self) -> int:
        """The HTTP status of the page that shows it."""
        return 200 if self.outcome.done else _STATUS.get(self.outcome.kind, 409)

    @property
    def retryable(self) -> bool:
        """Whether sending it again can help, so that the form stays usable."""
        return self.outcome.kind in _RETRYABLE

    @property
    def needs_token(self) -> bool:
        """Whether a member token is needed, which is added on the account page."""
        return self.outcome.kind in (Kind.TOKEN_REFUSED, Kind.NO_CREDENTIAL)

    @property
    def tone(self) -> str:
        """The notice's tone: ``ok``, ``info``, ``warn`` or ``bad``."""
        if self.outcome.kind is Kind.ENDED_BEFORE:
            return "info"
        if self.outcome.done:
            return "ok"
        if self.outcome.kind in (Kind.NOT_ACCEPTED, Kind.NOT_ALLOWED, Kind.WRONG_NAME):
            return "bad"
        return "warn" if self.retryable else "info"

    def add_retry_after(self, response: HttpResponseBase) -> HttpResponseBase:
        """Add ``Retry-After`` if Mobius said how long to wait."""
        if self.outcome.retry_after is not None:
            response["Retry-After"] = str(max(1, round(self.outcome.retry_after)))
        return response


def sentences(*parts: str) -> str:
    """Join whole sentences; empty ones are left out."""
    return " ".join(part for part in parts if part)


def saved_draft_words(saved: bool) -> str:
    """Says that a typed text was saved; empty if there was none."""
    return _("Your draft is saved.") if saved else ""


def mobius_says(outcome: Outcome[Any]) -> str:
    """Why Mobius refused it, as far as it said."""
    if reason := outcome.message.rstrip("."):
        return _("Mobius says: %(reason)s.") % {"reason": reason}
    if outcome.status is not None:
        return _("Mobius returned an error (%(status)d).") % {"status": outcome.status}
    return ""


def try_again(outcome: Outcome[Any]) -> str:
    """When sending it again can help."""
    if outcome.retry_after is None:
        return _("Try again in a moment.")
    return _("Try again in %(time)s.") % {"time": span(max(1.0, outcome.retry_after))}


def problem_text(problem: Problem | None) -> str:
    """The text of a problem that an operator has to fix; empty for none."""
    return "" if problem is None else problem.text(_(problem.kind), whole)


def upstream_problem(
    outcome: Outcome[Any], unchanged: str, *, token_use: str = "", saved: str = ""
) -> Message | None:
    """The message for failures that mean the same on every page; None for any other outcome.

    ``unchanged`` says that nothing took place, ``token_use`` what a member token is needed for,
    ``saved`` that a text was saved.
    """
    add_token = _("Add your token on the Account page.")
    parts: tuple[str, ...] = (unchanged, saved, try_again(outcome))
    match outcome.kind:
        case Kind.NO_CREDENTIAL if outcome.lost:
            title = _("Your member token can no longer be read")
            parts = (_("Its encryption key is missing."), unchanged, saved, add_token)
        case Kind.NO_CREDENTIAL:
            title = _("You don't have a member token yet")
            parts = (token_use, unchanged, saved, add_token)
        case Kind.TOKEN_REFUSED if outcome.service_key:
            title = _("Mobius refused the installation's service key")
            advice = _("Add your own member token on the Account page, then try again.")
            parts = (unchanged, saved, advice)
        case Kind.TOKEN_REFUSED:
            title = _("Mobius no longer accepts your member token")
            parts = (unchanged, saved, _("Add a new token on the Account page."))
        case Kind.UNREACHABLE:
            title = _("Mobius can't be reached")
        case Kind.RATE_LIMITED:
            title = _("Mobius is limiting requests")
        case _:
            return None
    return Message(outcome, title, sentences(*parts))
