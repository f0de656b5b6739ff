"""The words of upstream that this product does not know are kept as they came."""

from inbox.mobius.types import Interaction, Run, Step

LONGEST_STATUS = 40


def status_word(told: Interaction | Run | Step) -> str:
    """The status by its known name, or upstream's own word where there is none."""
    if told.status.value != "other":
        return told.status.value
    return told.status_word[:LONGEST_STATUS] or "other"
