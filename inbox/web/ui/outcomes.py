"""A table for each operation, since the same outcome reads differently on each page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.answering.outcome import Kind, Outcome
from inbox.models import Interaction
from inbox.web.ui.messages import Message, sentences
from inbox.web.ui.when import span

Sentence = str | Promise


@dataclass(frozen=True)
class Words:
    """``unchanged``: nothing took place."""

    title: Sentence
    text: Sentence = ""
    advice: Sentence = ""
    unchanged: bool = False


@dataclass(frozen=True)
class Operation:
    """``token_use``: what Mobius needs a member token for."""

    unchanged: Sentence
    otherwise: Words
    words: Mapping[Kind, Words]
    token_use: Sentence = ""

    def message(
        self,
        outcome: Outcome[Any],
        facts: Mapping[str, Any],
        *,
        saved: Sentence = "",
        words: Words | None = None,
    ) -> Message:
        """``saved``: a text was saved, which matters unless the outcome is done. ``words`` replace
        the operation's own.
        """
        words = words or self._words(outcome)
        facts = {
            **facts,
            "mobius_says": mobius_says(outcome),
            "token_use": self.token_use,
            "try_again": _try_again(outcome),
        }
        text = sentences(
            words.text % facts,
            str(self.unchanged) if words.unchanged else "",
            "" if outcome.done else str(saved),
            words.advice % facts,
        )
        return Message(outcome, words.title % facts, text)

    def _words(self, outcome: Outcome[Any]) -> Words:
        if outcome.kind is Kind.NO_CREDENTIAL and outcome.lost:
            return TOKEN_LOST
        if outcome.kind is Kind.KEY_REFUSED and outcome.status == HTTPStatus.FORBIDDEN:
            return KEY_FORBIDDEN
        return self.words.get(outcome.kind) or FAILURES.get(outcome.kind, self.otherwise)


MOBIUS_SAYS, TOKEN_USE, TRY_AGAIN = "%(mobius_says)s", "%(token_use)s", "%(try_again)s"

FAILURES = {
    Kind.UNREACHABLE: Words(_("Mobius can't be reached"), advice=TRY_AGAIN, unchanged=True),
    Kind.RATE_LIMITED: Words(_("Mobius is limiting requests"), advice=TRY_AGAIN, unchanged=True),
    Kind.NO_CREDENTIAL: Words(
        _("You don't have a member token yet"),
        TOKEN_USE,
        _("Add your token on the Account page."),
        unchanged=True,
    ),
    Kind.TOKEN_REFUSED: Words(
        _("Mobius no longer accepts your member token"),
        advice=_("Add a new token on the Account page."),
        unchanged=True,
    ),
    Kind.KEY_REFUSED: Words(
        _("Mobius refused the installation's service key"),
        advice=_("Try again in a minute, or add your own member token on the Account page."),
        unchanged=True,
    ),
    Kind.ANOTHER_OWNER: Words(
        _("Mobius recorded this as the answer of %(person)s"),
        _("Your member token is theirs. It was removed, and administrators were notified."),
        _("Add your own token on the Account page."),
    ),
}
"""Failures that mean the same on every page."""
TOKEN_LOST = Words(
    _("Your member token can no longer be read"),
    _("Its encryption key is missing."),
    _("Add your token on the Account page."),
    unchanged=True,
)
KEY_FORBIDDEN = Words(
    _("The service key may not answer this question for you"),
    MOBIUS_SAYS,
    _("Add your own member token on the Account page, then try again."),
    unchanged=True,
)

STILL_OPEN = _("Mobius returned an error or didn't respond, and the question is still open.")
UNCONFIRMED = _(
    "We check with Mobius every minute. You can also send it again; it will only count once."
)
ANSWER_UNCONFIRMED = _("We couldn't confirm that your answer was received")

ANSWER = Operation(
    unchanged=_("Your answer wasn't sent."),
    token_use=_("Mobius uses it to record your answers under your name."),
    otherwise=Words(_("Mobius didn't accept this answer"), MOBIUS_SAYS),
    words={
        Kind.WAITING: Words(_("Your answer will be sent"), _("You can undo it until then.")),
        Kind.PROCESSING: Words("%(title)s", "%(text)s", unchanged=True),
        Kind.ALREADY_ANSWERED: Words("%(title)s", unchanged=True),
        Kind.CLOSED: Words("%(title)s", unchanged=True),
        Kind.CLAIMED_BY_ANOTHER: Words("%(title)s", "%(text)s", unchanged=True),
        Kind.QUESTION_CHANGED: Words(
            _("The question has changed since you opened it"),
            _("Nothing was sent. Review it again before you answer."),
        ),
        Kind.STILL_OPEN: Words(
            ANSWER_UNCONFIRMED,
            STILL_OPEN,
            _("You can send it again. It will only count once."),
        ),
        Kind.NOT_RECORDED: Words(
            _("The question is still open"), _("Your answer wasn't recorded.")
        ),
        Kind.UNCONFIRMED: Words(ANSWER_UNCONFIRMED, advice=UNCONFIRMED),
    },
)
SHARED_ANSWER = replace(
    ANSWER, token_use=_("Everyone who was asked has to answer this with their own token.")
)
ANSWER_NOT_RECORDED = _("Your answer wasn't recorded.")
ANSWER_NOT_CONFIRMED = _("We couldn't confirm that your answer was received.")

REVIEW_UNCONFIRMED = _("We couldn't confirm that your review was received")

REVIEW = Operation(
    unchanged=_("Your review wasn't sent."),
    token_use=_("Mobius uses it to record your review under your name."),
    otherwise=Words(_("Mobius didn't accept this review"), MOBIUS_SAYS),
    words={
        Kind.ACCEPTED: Words(_("Accepted"), "%(effect)s"),
        Kind.CHANGES_REQUESTED: Words(_("Changes requested"), _("It's back with %(names)s.")),
        Kind.RECEIVED: Words(_("Review received"), _("Mobius is still processing it.")),
        Kind.OWN_WORK: Words(_("You can't review your own work"), unchanged=True),
        Kind.NOT_IN_REVIEW: Words(_("This isn't in review any more"), "%(back)s", unchanged=True),
        Kind.SUBMITTED_AGAIN: Words(
            _("This was submitted again after you opened it"),
            _("Nothing was sent. Check the new answers before you review it."),
        ),
        Kind.CLOSED: Words("%(title)s", unchanged=True),
        Kind.NOT_ALLOWED: Words(
            _("Mobius doesn't let you review this"), MOBIUS_SAYS, unchanged=True
        ),
        Kind.DELETED: Words(_("This question no longer exists in Mobius"), unchanged=True),
        Kind.STILL_OPEN: Words(
            REVIEW_UNCONFIRMED,
            _("Mobius returned an error or didn't respond, and the question is still in review."),
            _("You can send it again. It will only count once."),
        ),
        Kind.NOT_RECORDED: Words(
            _("The question is still in review"), _("Your review wasn't recorded.")
        ),
        Kind.UNCONFIRMED: Words(REVIEW_UNCONFIRMED, advice=UNCONFIRMED),
    },
)
REVIEW_NOT_RECORDED = _("Your review wasn't recorded.")
REVIEW_NOT_CONFIRMED = _("We couldn't confirm that your review was received.")

UNDO = Operation(
    unchanged="",
    otherwise=Words(
        _("There's nothing to undo"), _("You don't have an answer waiting to be sent.")
    ),
    words={
        Kind.UNDONE: Words(_("Undone"), _("Your answer wasn't sent.")),
        Kind.TOO_LATE: Words(
            _("It's too late to undo this"), _("Your answer has already been sent.")
        ),
    },
)
UNDONE_WITH_TITLE = Words(_("Undone"), _("Your answer to “%(title)s” wasn't sent."))

CLAIM = Operation(
    unchanged=_("Nothing was changed."),
    token_use=_("Mobius uses it to record who claimed a question."),
    otherwise=Words(_("Mobius didn't allow this"), MOBIUS_SAYS),
    words={
        Kind.CLAIMED: Words(
            _("You claimed this question"),
            _("Others can view it, but only you can answer until you release it."),
        ),
        Kind.CLAIMED_BY_ANOTHER: Words("%(title)s", "%(text)s"),
        Kind.CLOSED: Words("%(title)s"),
        Kind.NO_CLAIMS: Words(
            _("This question can't be claimed"),
            _("Everyone who was asked has to answer it."),
        ),
        Kind.NOT_RECORDED: Words(_("The question is still open"), _("Your claim wasn't recorded.")),
        Kind.STILL_OPEN: Words(_("The question is still unclaimed"), advice=_("Try again.")),
    },
)
RELEASE = replace(
    CLAIM,
    words={
        **CLAIM.words,
        Kind.RELEASED: Words(
            _("You released this question"), _("Anyone in the group can claim it.")
        ),
        Kind.NOT_RECORDED: Words(
            _("The question is still claimed by you"), _("Your release wasn't recorded.")
        ),
        Kind.STILL_OPEN: Words(
            _("The question is still claimed by you"), advice=_("Try again to release it.")
        ),
    },
)
CLAIM_UNCONFIRMED = Words(
    _("We couldn't confirm that Mobius received this"),
    _("This page will show who has claimed it as soon as Mobius responds."),
    TRY_AGAIN,
)

NUDGE = Operation(
    unchanged=_("No nudge was sent."),
    otherwise=Words(
        _("This question is waiting for you"), advice=_("Answer it instead."), unchanged=True
    ),
    words={
        Kind.NUDGED: Words(_("Nudged %(name)s at %(time)s"), _("%(name)s has been notified.")),
        Kind.TOO_SOON: Words(
            _("%(name)s was nudged %(when)s"),
            _("Each person can be nudged about a question once an hour. Try again at %(time)s."),
        ),
        Kind.CLOSED: Words("%(title)s", unchanged=True),
        Kind.THEY_ANSWERED: Words(_("%(name)s has already answered"), unchanged=True),
        Kind.CLAIMED_BY_ANOTHER: Words(
            _("Someone else has claimed it"),
            _("Only they can answer now, so %(name)s wasn't nudged."),
        ),
        Kind.NO_ACCOUNT: Words(
            _("%(id)s has no account here"), advice=_("Contact them another way."), unchanged=True
        ),
        Kind.DEACTIVATED: Words(
            _("%(name)s's account is deactivated"),
            advice=_("Contact them another way."),
            unchanged=True,
        ),
    },
)
CLOSED = {
    "completed": _("The question has been answered"),
    "expired": _("The question has expired"),
    Interaction.CANCELLED: _("The question was cancelled"),
    Interaction.BYPASSED: _("The question was bypassed by a signal"),
}

SIGNAL = Operation(
    unchanged=_("No signal was sent."),
    token_use=_("Mobius uses it to record this under your name."),
    otherwise=Words(_("Mobius didn't accept this"), MOBIUS_SAYS, unchanged=True),
    words={
        Kind.SIGNALLED: Words(
            _("“%(signal)s” was sent to %(run)s"),
            _(
                "Any step waiting for this signal resumes. If none is waiting yet, Mobius keeps "
                "the signal until one is."
            ),
        ),
        Kind.ENDED_BEFORE: Words("%(ended)s", unchanged=True),
        Kind.UNCONFIRMED: Words(
            _("We couldn't confirm that the signal was received"),
            advice=_(
                "Before you send it again, check below whether the run has resumed. Otherwise it "
                "may arrive twice."
            ),
        ),
        Kind.NOT_ALLOWED: Words(
            _("Mobius doesn't let you do this"),
            advice=_("Ask your Mobius administrator for permission."),
            unchanged=True,
        ),
        Kind.DELETED: Words(_("This run no longer exists in Mobius"), unchanged=True),
    },
)
CANCEL_QUESTION = Operation(
    unchanged=_("The question wasn't cancelled."),
    token_use=_("Mobius uses it to record this under your name."),
    otherwise=Words(_("Mobius didn't accept this"), MOBIUS_SAYS, unchanged=True),
    words={
        Kind.CANCELLED: Words(
            _("The question was cancelled"),
            _("Mobius notifies whatever was waiting for the answer."),
        ),
        Kind.CLOSED: Words("%(title)s", unchanged=True),
        Kind.NOT_ALLOWED: Words(
            _("Mobius doesn't let you do this"),
            advice=_("Ask your Mobius administrator for permission."),
            unchanged=True,
        ),
        Kind.DELETED: Words(_("This question no longer exists in Mobius"), unchanged=True),
        Kind.STILL_OPEN: Words(_("The question wasn't cancelled"), STILL_OPEN, TRY_AGAIN),
        Kind.UNCONFIRMED: Words(
            _("We couldn't confirm that the question was cancelled"),
            _("Check the question again in a minute. It's safe to cancel it again."),
        ),
    },
)
CANCEL = replace(
    SIGNAL,
    unchanged=_("The run wasn't changed."),
    words={
        **SIGNAL.words,
        Kind.CANCELLED: Words(
            _("%(run)s was cancelled"), _("Its open questions were cancelled too.")
        ),
        Kind.ENDED_BEFORE: Words("%(ended)s", _("Nothing was cancelled.")),
        Kind.WRONG_NAME: Words(
            "%(wrong_name)s", _("Type %(name)s to cancel the run. Nothing was cancelled.")
        ),
        Kind.STILL_OPEN: Words(
            _("The run wasn't cancelled"),
            _("Mobius returned an error, and the run's status is still “%(status)s”. Try again."),
        ),
        Kind.UNCONFIRMED: Words(
            _("We couldn't confirm that the run was cancelled"),
            _("Check the run again in a minute. It's safe to cancel it again."),
        ),
    },
)
RETRY = replace(
    SIGNAL,
    unchanged=_("The run wasn't changed."),
    words={
        **SIGNAL.words,
        Kind.RETRIED: Words(_("%(run)s was retried"), _("It goes on with the step that failed.")),
        Kind.NOT_RETRYABLE: Words("%(not_retryable)s", unchanged=True),
        Kind.STILL_OPEN: Words(
            _("The run wasn't retried"),
            _("Mobius returned an error, and the run's status is still “%(status)s”. Try again."),
        ),
        Kind.UNCONFIRMED: Words(
            _("We couldn't confirm that the run was retried"),
            _("Check the run again in a minute. Only a failed run can be retried."),
        ),
    },
)

GROUP = Operation(
    unchanged=_("Nothing was changed."),
    token_use=_("Mobius uses it to record changes under your name."),
    otherwise=Words(_("Mobius didn't make this change"), MOBIUS_SAYS, unchanged=True),
    words={
        Kind.CHANGED: Words("%(change)s", _("Changes apply to new questions only.")),
        Kind.NOT_ALLOWED: Words(
            _("Mobius doesn't let you change this group"),
            advice=_("Ask your Mobius administrator for permission to change groups."),
            unchanged=True,
        ),
        Kind.ALREADY_SO: Words("%(already_so)s", unchanged=True),
        Kind.UNKNOWN_PERSON: Words(_("Mobius doesn't know the ID %(id)s"), unchanged=True),
        Kind.DELETED: Words(_("%(group)s no longer exists in Mobius"), unchanged=True),
        Kind.STILL_OPEN: Words(
            _("The change wasn't made"),
            _("Mobius returned an error, and %(group)s is unchanged."),
            _("Try again in a moment."),
        ),
        Kind.UNCONFIRMED: Words(
            _("We couldn't confirm that the change was received"),
            _("Check %(group)s again in a minute. Until then, this page shows its previous state."),
        ),
    },
)
GROUP_SHOWN_LATER = replace(
    GROUP.words[Kind.CHANGED], advice=_("The change appears on this page within a minute.")
)

NOT_SENT: dict[str, Sentence] = {
    Kind.CLOSED: _("The question closed before your answer could be sent."),
    Kind.ALREADY_ANSWERED: _("You've already answered this question."),
    Kind.CLAIMED_BY_ANOTHER: _("Someone else claimed the question first."),
    Kind.PROCESSING: _("Another answer was being sent."),
    Kind.QUESTION_CHANGED: _("The question changed before your answer was sent."),
    Kind.NOT_ALLOWED: _("You no longer have access to the question."),
    Kind.DEACTIVATED: _("Your account was deactivated."),
    Kind.NO_CREDENTIAL: _("You don't have a member token."),
    Kind.TOKEN_REFUSED: _("Mobius no longer accepts your member token."),
    Kind.KEY_REFUSED: _("Mobius refused the installation's service key."),
    Kind.ANOTHER_OWNER: _("Your member token belongs to someone else."),
    Kind.NOT_ACCEPTED: _("Mobius didn't accept it."),
    Kind.UNREACHABLE: _("Mobius couldn't be reached."),
    Kind.RATE_LIMITED: _("Mobius is limiting requests."),
    Kind.OVERDUE: _("The inbox or Mobius wasn't available at that time."),
}
"""Why a held answer was not sent."""
RETURNED = {**NOT_SENT, Kind.STILL_OPEN: STILL_OPEN, Kind.NOT_RECORDED: STILL_OPEN}
"""Why a held answer came back; in any other case it is not known whether it arrived."""

_NO_RESPONSE = _("Mobius returned an error or didn't respond.")
CLAIM_LEFT: dict[str, Sentence] = {
    Kind.NO_CREDENTIAL: _("There was no member token."),
    Kind.TOKEN_REFUSED: _("Mobius no longer accepts the member token."),
    Kind.UNREACHABLE: _("Mobius can't be reached."),
    Kind.UNCONFIRMED: _NO_RESPONSE,
    Kind.STILL_OPEN: _NO_RESPONSE,
    Kind.RATE_LIMITED: _("Mobius is limiting requests."),
}
"""Why the claim of a person who leaves was not released; in any other case Mobius says why."""


def mobius_says(outcome: Outcome[Any]) -> str:
    if reason := outcome.message.rstrip("."):
        return _("Mobius says: %(reason)s.") % {"reason": reason}
    if outcome.status is not None:
        return _("Mobius returned an error (%(status)d).") % {"status": outcome.status}
    return ""


def _try_again(outcome: Outcome[Any]) -> Sentence:
    if outcome.retry_after is None:
        return _("Try again in a moment.")
    return _("Try again in %(time)s.") % {"time": span(max(1.0, outcome.retry_after))}
