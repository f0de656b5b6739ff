"""From where something is done."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """``address`` is the network address of the person's browser; empty for what is done in the
    background.
    """

    address: str = ""


BACKGROUND = Origin()
