"""Messages to a lead who nudges someone."""

from datetime import datetime

from django.utils.translation import gettext as _

from inbox.models import Interaction
from inbox.services.nudge import EVERY
from inbox.services.outcome import Kind, Outcome
from inbox.web.ui.messages import Message, sentences
from inbox.web.ui.when import at, clock


def nudge_message(outcome: Outcome[Interaction], now: datetime) -> Message:
    name, last = {"name": outcome.person}, outcome.at or now
    not_sent = _("No nudge was sent.")
    another_way = sentences(not_sent, _("Contact them another way."))
    match outcome.kind:
        case Kind.NUDGED:
            title = _("Nudged %(name)s at %(time)s") % {**name, "time": clock(last)}
            text = _("%(name)s has been notified.") % name
        case Kind.TOO_SOON:
            title = _("%(name)s was nudged %(when)s") % {**name, "when": at(last, now)}
            limit = _(
                "Each person can be nudged about a question once an hour. Try again at %(time)s."
            )
            text = limit % {"time": clock(last + EVERY)}
        case Kind.CLOSED:
            title, text = _closed(outcome.subject), not_sent
        case Kind.THEY_ANSWERED:
            title, text = _("%(name)s has already answered") % name, not_sent
        case Kind.CLAIMED_BY_ANOTHER:
            title = _("Someone else has claimed it")
            text = _("Only they can answer now, so %(name)s wasn't nudged.") % name
        case Kind.NO_ACCOUNT:
            title, text = _("%(id)s has no account here") % {"id": outcome.user_id}, another_way
        case Kind.DEACTIVATED:
            title, text = _("%(name)s's account is deactivated") % name, another_way
        case _:
            title = _("This question is waiting for you")
            text = sentences(not_sent, _("Answer it instead."))
    return Message(outcome, title, text)


def _closed(item: Interaction) -> str:
    match item.state:
        case "completed":
            return _("The question has been answered")
        case "expired":
            return _("The question has expired")
        case Interaction.CANCELLED:
            return _("The question was cancelled")
        case Interaction.BYPASSED:
            return _("The question was bypassed by a signal")
        case _:
            return _("The question is closed")
