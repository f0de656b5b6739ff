"""What an upstream was found to offer."""

from enum import StrEnum

from inbox.mobius.types.base import Record


class Offer(StrEnum):
    """Whether something is offered. ``UNKNOWN`` never replaces a known value."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Capabilities(Record):
    """Each field but the last two is a function of upstream.

    Attributes:
        pending: the list of pending interactions, of the whole project.
        pending_of_run: that list, of one run.
        closed: the list of closed interactions.
        token_owner: upstream says who a token belongs to.
        claims: questions show whether they can be claimed.
        page_size: the largest ``limit`` that the list of interactions accepts; 0 if it accepts
            none, None if unknown.
        refused: statuses that a list does not know, such as ``runs: active``.
    """

    pending: Offer = Offer.UNKNOWN
    pending_of_run: Offer = Offer.UNKNOWN
    closed: Offer = Offer.UNKNOWN
    project_events: Offer = Offer.UNKNOWN
    run_events: Offer = Offer.UNKNOWN
    runs: Offer = Offer.UNKNOWN
    run: Offer = Offer.UNKNOWN
    steps: Offer = Offer.UNKNOWN
    groups: Offer = Offer.UNKNOWN
    token_owner: Offer = Offer.UNKNOWN
    signals: Offer = Offer.YES
    cancellation: Offer = Offer.YES
    claims: Offer = Offer.UNKNOWN
    page_size: int | None = None
    refused: tuple[str, ...] = ()

    def offers(self) -> dict[str, Offer]:
        """The functions by name."""
        return {name: value for name, value in self if isinstance(value, Offer)}

    def updated(self, probed: dict[str, Offer]) -> "Capabilities":
        """A copy with the ``probed`` values, except unknown ones."""
        certain = {name: offer for name, offer in probed.items() if offer is not Offer.UNKNOWN}
        return self.model_copy(update=certain)
