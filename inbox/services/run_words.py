"""What a lead is told about a run that they cancelled, or sent a signal."""

from dataclasses import dataclass
from enum import StrEnum

from inbox.mobius.errors import Denied, MobiusError, NotFound, RateLimited, Unreachable
from inbox.models import Run
from inbox.presenters.when import span
from inbox.presenters.words import short_id

KEPT = "What you typed is kept."


class Verb(StrEnum):
    """What the decision log calls the two."""

    CANCEL = "run_cancelled"
    SIGNAL = "run_signalled"


@dataclass(frozen=True)
class Outcome:
    """``title`` says what happened, ``text`` what to do; plain text, to show as it is.

    ``status`` is that of the page that tells it, ``tone`` that of its notice. ``good``: it is
    done, or there is nothing left to do. ``account``: what helps is on the account page.
    """

    title: str
    text: str
    status: int = 200
    tone: str = "bad"
    account: bool = False
    retry_after: float | None = None

    @property
    def good(self) -> bool:
        """The run is what the lead wanted, or was over before."""
        return self.status == 200


def cancelled(run: Run) -> Outcome:
    """The run ended by this."""
    text = "Whatever it still asked is closed."
    return Outcome(f"{_name(run)} is cancelled", text, tone="ok")


def ended_before(run: Run, verb: Verb) -> Outcome:
    """Nothing to do any more."""
    how = {"completed": "was completed", "failed": "had failed"}.get(run.status, "was over")
    if run.cancelled:
        how = "had been cancelled"
    undone = "Nothing was cancelled." if verb is Verb.CANCEL else "No signal was sent."
    return Outcome(f"{_name(run)} {how} before", undone, tone="info")


def signalled(run: Run, name: str) -> Outcome:
    """Upstream has the signal."""
    text = "A step that waits for it resumes. Otherwise Mobius keeps it until one does."
    return Outcome(f"“{name}” is sent to {_name(run)}", text, tone="ok")


def still_open(run: Run) -> Outcome:
    """It surely did not arrive."""
    text = f"Mobius returned an error, and the run is still {run.status}. Try again."
    return Outcome("The run was not cancelled", text, 503)


def unknown(verb: Verb) -> Outcome:
    """Nobody knows."""
    if verb is Verb.CANCEL:
        text = "Look at the run again in a minute. Cancelling it twice does no harm."
        return Outcome("We couldn't confirm that the run was cancelled", text, 503, "warn")
    text = (
        f"{KEPT} Check below whether the run has resumed before you send it again: "
        "it may arrive twice."
    )
    return Outcome("We couldn't confirm that the signal was received", text, 503, "warn")


def refused(verb: Verb, error: MobiusError) -> Outcome:
    """Upstream said no, or was not there: nothing was done."""
    nothing = "The run was not changed." if verb is Verb.CANCEL else f"No signal was sent. {KEPT}"
    match error:
        case RateLimited():
            wait = error.retry_after
            when = "in a moment" if wait is None else f"in {span(max(1.0, wait))}"
            title = "Mobius is limiting requests"
            return Outcome(title, f"{nothing} Try again {when}.", 503, retry_after=wait)
        case Unreachable():
            return Outcome("Mobius cannot be reached", f"{nothing} Try again in a moment.", 503)
        case Denied():
            text = f"{nothing} Ask who runs Mobius to let you do this there."
            return Outcome("Mobius does not let you do this", text, 409)
        case NotFound():
            return Outcome("Mobius no longer has this run", nothing, 409)
        case _:
            said = f"Mobius says: {error.message.rstrip('.')}. " if error.message else ""
            return Outcome("Mobius did not accept it", f"{said}{nothing}", 422)


def not_the_name(run: Run) -> Outcome:
    """What was typed is another name."""
    text = f"Type {run.typed_name} to cancel the run. Nothing was cancelled."
    title = "That is not the workflow's name" if run.workflow else "That is not the run's id"
    return Outcome(title, text, 422)


def no_credential(*, lost: bool) -> Outcome:
    """Nothing to do it with."""
    title = "Your member token can no longer be read" if lost else "You have no member token yet"
    why = "Its encryption key is gone" if lost else "Mobius uses it to record this under your name"
    text = f"{why}. Nothing was sent. {KEPT} Add your token on the Account page."
    return Outcome(title, text, 409, account=True)


def token_refused() -> Outcome:
    """401."""
    text = f"Nothing was sent. {KEPT} Add a new token on the Account page."
    return Outcome("Mobius no longer accepts your member token", text, 409, account=True)


def _name(run: Run) -> str:
    return f"{run.workflow} {short_id(run.mobius_id)}"
