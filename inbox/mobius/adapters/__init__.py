"""One adapter for each generation of the API. Nothing else depends on a generation."""

from inbox.mobius.adapters.adapter import Adapter, Call, UnreadableError
from inbox.mobius.adapters.guide import GuideAdapter


def choose() -> Adapter:
    """The adapter for the installation's Mobius: there is one generation so far."""
    return GuideAdapter()
