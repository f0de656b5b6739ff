"""Upstream's functions in words, for *Connection* and ``doctor``."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.mobius.types import Capabilities, Offer


@dataclass(frozen=True)
class Offered:
    """``note``: what the product does without it, or how it is known."""

    label: str
    offer: Offer
    note: str = ""

    @property
    def words(self) -> str:
        match self.offer:
            case Offer.YES:
                sentence = _("%(function)s: available.")
            case Offer.NO:
                sentence = _("%(function)s: not available.")
            case _:
                sentence = _("%(function)s: not known yet.")
        return f"{sentence % {'function': self.label}} {self.note}".rstrip()


_WORDS = {
    "pending": (
        gettext_lazy("List of pending questions"),
        gettext_lazy("Only questions from known runs can be found."),
    ),
    "pending_of_run": (
        gettext_lazy("Pending questions of one run"),
        gettext_lazy("All pending questions are read instead."),
    ),
    "closed": (
        gettext_lazy("List of closed questions"),
        gettext_lazy(
            "Questions are tracked once they've been seen while pending. Older ones aren't shown."
        ),
    ),
    "project_events": (
        gettext_lazy("Live events of the project"),
        gettext_lazy("Pending questions are polled instead."),
    ),
    "run_events": (
        gettext_lazy("Live events of a run"),
        gettext_lazy("Runs are read by ID instead, if that's available."),
    ),
    "runs": (gettext_lazy("List of runs"), gettext_lazy("Only runs with questions are known.")),
    "run": (
        gettext_lazy("One run by its ID"),
        gettext_lazy("A run's details come from its events and questions."),
    ),
    "steps": (gettext_lazy("Steps of a run"), gettext_lazy("A run is shown without its steps.")),
    "groups": (
        gettext_lazy("Groups and their members"),
        gettext_lazy(
            "Members come from the question itself, or from the people assigned to the group here."
        ),
    ),
    "token_owner": (
        gettext_lazy("Owner of a member token"),
        gettext_lazy("A token is assumed to belong to the Mobius ID that an administrator set."),
    ),
    "signals": (gettext_lazy("Signals to a run"), gettext_lazy("Signals can't be sent.")),
    "cancellation": (
        gettext_lazy("Cancelling a run"),
        gettext_lazy("Runs can't be cancelled from here."),
    ),
    "claims": (
        gettext_lazy("Claiming a group's question"),
        gettext_lazy("No questions can be claimed so far."),
    ),
    "device_sign_in": (
        gettext_lazy("Signing in at Mobius"),
        gettext_lazy("People paste their member tokens."),
    ),
}


_KNOWN_BY = {
    "signals": gettext_lazy(
        "Not tested: all Mobius servers with this version of the API offer it."
    ),
    "cancellation": gettext_lazy("Not tested: assumed to be available until Mobius refuses it."),
    "claims": gettext_lazy("Available for questions marked as claimable."),
    "device_sign_in": gettext_lazy("Found out when someone first signed in."),
}
"""Notes for functions that can't be tested without an effect."""


def offered(capabilities: Capabilities) -> list[Offered]:
    """The most important first."""
    offers = capabilities.offers()
    return [
        Offered(str(label), offers[name], str(_note(name, offers[name], instead)))
        for name, (label, instead) in _WORDS.items()
    ]


def _note(name: str, offer: Offer, instead: Promise) -> str | Promise:
    match offer:
        case Offer.YES:
            return _KNOWN_BY.get(name, "")
        case Offer.NO:
            return instead
        case _:
            return ""
