"""What upstream offers, in words for administrators: on *Connection* and by ``doctor``."""

from dataclasses import dataclass

from inbox.mobius.types import Capabilities, Offer


@dataclass(frozen=True)
class Offered:
    """One function of upstream. ``note``: what the product does without it, or how it is known."""

    label: str
    offer: Offer
    note: str = ""

    @property
    def words(self) -> str:
        """The function, whether it is offered, and the note."""
        said = {
            Offer.YES: "offered",
            Offer.NO: "not offered",
            Offer.UNKNOWN: "not known yet",
        }
        return f"{self.label}: {said[self.offer]}. {self.note}".rstrip()


_WORDS = {
    "pending": (
        "List of pending questions",
        "Questions of known runs are read; those of other runs can't be found.",
    ),
    "pending_of_run": ("Pending questions of one run", "All pending questions are read instead."),
    "closed": (
        "List of closed questions",
        "Questions are followed once they've been seen pending; older ones aren't shown.",
    ),
    "project_events": ("Live events of the project", "Pending questions are polled instead."),
    "run_events": (
        "Live events of a run",
        "Runs are read by ID instead, if that's available.",
    ),
    "runs": ("List of runs", "Runs are known from their questions."),
    "run": ("One run by its ID", "A run's details come from its events and questions."),
    "steps": ("Steps of a run", "A run is shown without its steps."),
    "groups": (
        "Groups and their members",
        "Members come from the question itself, or else from the group mapping here.",
    ),
    "token_owner": (
        "Owner of a member token",
        "A token is assumed to belong to the Mobius ID that an administrator set.",
    ),
    "signals": ("Signals to a run", "Signals can't be sent."),
    "cancellation": ("Cancelling a run", "Runs can't be cancelled from here."),
    "claims": ("Claiming a group's question", "No question seen so far is marked as claimable."),
}


_KNOWN_BY = {
    "signals": "Not tested: every Mobius with this API generation offers it.",
    "cancellation": "Not tested: shown as available until it's refused once.",
    "claims": "Available for questions marked as claimable.",
}
"""Of what no request without effect could tell."""


def offered(known: Capabilities) -> list[Offered]:
    """Each function, in the order in which it matters."""
    offers = known.offers()
    return [
        Offered(label, offers[name], _note(name, offers[name], instead))
        for name, (label, instead) in _WORDS.items()
    ]


def _note(name: str, offer: Offer, instead: str) -> str:
    match offer:
        case Offer.YES:
            return _KNOWN_BY.get(name, "")
        case Offer.NO:
            return instead
        case _:
            return ""
