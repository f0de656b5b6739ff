from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from inbox.answering.outcome import Kind, Outcome
from inbox.audit import rights_log
from inbox.audit.problem import Problem
from inbox.models import Decision
from inbox.people import accounts
from inbox.people.accounts import NotAdded
from inbox.web.ui.labels import whole

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
        Kind.SUBMITTED_AGAIN,
        Kind.TOKEN_REFUSED,
        Kind.KEY_REFUSED,
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
        return 200 if self.outcome.done else _STATUS.get(self.outcome.kind, 409)

    @property
    def retryable(self) -> bool:
        """Sending it again can help."""
        return self.outcome.kind in _RETRYABLE

    @property
    def needs_token(self) -> bool:
        return self.outcome.kind in (
            Kind.TOKEN_REFUSED,
            Kind.KEY_REFUSED,
            Kind.NO_CREDENTIAL,
            Kind.ANOTHER_OWNER,
        )

    @property
    def tone(self) -> str:
        """``ok``, ``info``, ``warn`` or ``bad``."""
        if self.outcome.kind is Kind.ENDED_BEFORE:
            return "info"
        if self.outcome.done:
            return "ok"
        if self.outcome.kind in (Kind.NOT_ACCEPTED, Kind.NOT_ALLOWED, Kind.WRONG_NAME):
            return "bad"
        return "warn" if self.retryable else "info"

    def add_retry_after(self, response: HttpResponseBase) -> HttpResponseBase:
        if self.outcome.retry_after is not None:
            response["Retry-After"] = str(max(1, round(self.outcome.retry_after)))
        return response


def sentences(*parts: str) -> str:
    """Empty ones are left out."""
    return " ".join(part for part in parts if part)


def problem_text(problem: Problem | None) -> str:
    return "" if problem is None else problem.text(_(problem.kind), whole)


def conflict_text(entry: Decision) -> str:
    """Without its full stop."""
    details = entry.value or {}
    names = {"account": "account", "owner": "owner", "other": "owner_account", "own": "mobius_id"}
    facts = {name: details.get(key) for name, key in names.items()}
    if entry.verb == rights_log.REFUSED_CLAIM:
        return _("%(account)s signed in as %(owner)s, the Mobius ID of %(other)s") % facts
    if entry.verb == rights_log.ANOTHER_OWNER:
        if facts["other"]:
            return (
                _("The token of %(account)s answered as %(owner)s, the Mobius ID of %(other)s")
                % facts
            )
        return _("The token of %(account)s answered as %(owner)s") % facts
    if facts["other"]:
        return _("%(account)s pasted the token of %(owner)s, the Mobius ID of %(other)s") % facts
    if facts["own"]:
        return _("%(account)s, whose Mobius ID is %(own)s, pasted the token of %(owner)s") % facts
    return _("%(account)s pasted the token of %(owner)s") % facts


def switched_off_text(channel: str | Promise) -> str:
    """``channel`` is its label."""
    words = _("%(channel)s is switched off by an administrator at the moment. What is due waits.")
    return words % {"channel": channel}


def not_added(refused: NotAdded) -> str:
    match refused.reason:
        case accounts.Reason.HAS_ACCOUNT:
            words = _("%(username)s already has an account.")
        case accounts.Reason.NO_MOBIUS_ID:
            words = _("%(username)s needs a Mobius ID.")
        case accounts.Reason.ID_OF_ANOTHER:
            words = _("%(mobius_id)s is the Mobius ID of %(owner)s.")
        case accounts.Reason.JUST_TAKEN if refused.username:
            words = _("%(username)s or %(mobius_id)s was just taken by another account.")
        case accounts.Reason.JUST_TAKEN:
            words = _("%(mobius_id)s was just taken by another account.")
        case accounts.Reason.HAS_ID:
            words = _("%(username)s already has the Mobius ID %(mobius_id)s.")
        case accounts.Reason.DEACTIVATED:
            words = _("The account %(username)s is deactivated.")
        case accounts.Reason.NAME_OF_SEVERAL_LINES:
            words = _("The full name of %(username)s must be one line of text.")
        case _:
            return sentences(*refused.invalid)
    return words % {
        "username": refused.username,
        "mobius_id": refused.mobius_id,
        "owner": refused.owner,
    }
