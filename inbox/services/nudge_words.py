"""What a lead is told who nudges somebody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.models import Interaction
from inbox.presenters.when import at, clock


@dataclass(frozen=True)
class Outcome:
    """``title`` says what happened, ``text`` what follows; plain text. ``status`` of the page."""

    title: str
    text: str
    status: int = 409

    @property
    def good(self) -> bool:
        """The notice is sent."""
        return self.status == 200


def done(name: str, now: datetime) -> Outcome:
    """The notice is there."""
    return Outcome(f"Nudged {name} at {clock(now)}", f"{name} has a notice in the bell.", 200)


def too_soon(name: str, last: datetime, every: timedelta, now: datetime) -> Outcome:
    """The last one is too young."""
    text = f"Once an hour for each person and question: again from {clock(last + every)}."
    return Outcome(f"{name} was nudged {at(last, now)}", text)


def closed(item: Interaction) -> Outcome:
    """Nobody waits any more."""
    how = {
        "completed": "was answered",
        "expired": "expired",
        "cancelled": "was cancelled",
        "bypassed": "was bypassed by a signal",
    }.get(item.state, "closed")
    return Outcome(f"The question {how} meanwhile", "Nobody was nudged; there is nothing to do.")


def answered(name: str) -> Outcome:
    """The others are still missing, this one is not."""
    return Outcome(f"{name} has answered meanwhile", f"{name} was not nudged.")


def held(name: str) -> Outcome:
    """Somebody else has claimed it."""
    text = f"Only who claimed it can answer now, so {name} was not nudged."
    return Outcome("Somebody else has claimed it", text)


def no_account(user_id: str) -> Outcome:
    """There is no bell to ring."""
    return Outcome(f"{user_id} has no account here", "Nobody was nudged. Ask them another way.")


def deactivated(name: str) -> Outcome:
    """They cannot sign in to read it."""
    title = f"The account of {name} is deactivated"
    return Outcome(title, "Nobody was nudged. Ask them another way.")


def yourself() -> Outcome:
    """A lead who was asked answers."""
    return Outcome("It is waiting for you", "Nobody was nudged: answer it.")
