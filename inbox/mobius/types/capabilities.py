"""What an upstream was found to offer."""

from enum import StrEnum

from inbox.mobius.types.base import Record


class Offer(StrEnum):
    """``UNKNOWN``: nobody could tell yet. The last value that was known is kept."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Capabilities(Record):
    """Every field but the last two is one function of upstream.

    ``pending``: the list of pending interactions, without naming a run. ``pending_of_run``: the
    same of one run. ``closed``: the list of those that are over. ``token_owner``: upstream says
    whose a token is. ``claims``: questions say that they can be claimed. ``page_size`` is the
    largest ``limit`` that the list of interactions takes: 0 where it takes none, None where nobody
    knows. ``refused`` names statuses that a list does not know, such as ``runs: active``.
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
        """Each function by name, for whoever lists them."""
        return {name: value for name, value in self if isinstance(value, Offer)}

    def updated(self, found: dict[str, Offer]) -> "Capabilities":
        """With what was ``found``; what is unknown keeps its last value."""
        known = {name: one for name, one in found.items() if one is not Offer.UNKNOWN}
        return self.model_copy(update=known)
