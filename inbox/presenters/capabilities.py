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
        "The questions of known runs are read; those of other runs cannot be discovered.",
    ),
    "pending_of_run": ("Pending questions of one run", "All pending questions are read instead."),
    "closed": (
        "List of closed questions",
        "A question is followed from when it was pending; older ones are not shown.",
    ),
    "project_events": ("Live events of the project", "Pending questions are polled instead."),
    "run_events": (
        "Live events of a run",
        "Runs are read by their ids instead, where that is offered.",
    ),
    "runs": ("List of runs", "Runs are known from their questions."),
    "run": ("One run by its id", "A run shows what its events and questions say."),
    "steps": ("Steps of a run", "A run is shown without its steps."),
    "groups": (
        "Groups and their members",
        "Members come from the question itself, else from the groups assigned here.",
    ),
    "token_owner": (
        "Whose a member token is",
        "A token is taken for the Mobius ID that an administrator has set.",
    ),
    "signals": ("Signals to a run", "Signals cannot be sent."),
    "cancellation": ("Cancelling a run", "Runs cannot be cancelled from here."),
    "claims": ("Claiming a group's question", "No question so far says that it can be claimed."),
}


_KNOWN_BY = {
    "signals": "Not tested: every Mobius of this generation has it.",
    "cancellation": "Not tested: offered until it is refused once.",
    "claims": "Offered for questions that say that they can be claimed.",
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
