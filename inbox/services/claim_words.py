"""What the reader is told about a claim or a release."""

from inbox.access import Viewer
from inbox.mobius.errors import Denied, MobiusError, RateLimited, Unauthorized
from inbox.models import Interaction
from inbox.presenters.when import span
from inbox.reviewers.names import names_of
from inbox.services import words
from inbox.services.outcome import Kind, Outcome

KEPT = "What you typed is kept."


def done(verb: str, item: Interaction) -> Outcome:
    """It is as the person wished."""
    if verb == "claim":
        text = "Others can view it, but only you can answer until you release it."
        return Outcome(Kind.CLAIMED, item, "You claimed this question", text)
    return Outcome(
        Kind.RELEASED, item, "You released this question", "Anyone in the group can claim it."
    )


def held(item: Interaction) -> Outcome:
    """Somebody else was first, or has it."""
    name = names_of([item.claimed_by]).get(item.claimed_by or "", "Somebody")
    text = f"You can answer if {name} releases it. {KEPT}"
    return Outcome(Kind.HELD, item, words.taken(name, item), text)


def closed(viewer: Viewer, item: Interaction) -> Outcome:
    """It can no longer be taken, and how it ended."""
    return Outcome(Kind.CLOSED, item, words.closed(viewer, item).title, KEPT)


def no_claims(item: Interaction) -> Outcome:
    """Every member answers it, so nobody takes it."""
    text = "Everybody who was asked answers this one, so nobody can claim it."
    return Outcome(Kind.NO_CLAIMS, item, "This question is not for one person", text)


def no_credential(item: Interaction, *, lost: bool) -> Outcome:
    """Nothing to take it with."""
    title = "Your member token can no longer be read" if lost else "You have no member token yet"
    why = (
        "Its encryption key is gone."
        if lost
        else "Mobius uses it to record who claimed a question."
    )
    text = f"{why} {KEPT} Add your token on the Account page."
    return Outcome(Kind.NO_CREDENTIAL, item, title, text)


def not_sent(item: Interaction) -> Outcome:
    """The request was not sent."""
    text = f"Nothing was changed. {KEPT} Try again in a moment."
    return Outcome(Kind.UNREACHABLE, item, "Mobius cannot be reached", text)


def unknown(item: Interaction, error: MobiusError) -> Outcome:
    """The request failed, and the question could not be read after it."""
    title = "We couldn't confirm that Mobius received this"
    text = "The page shows who has claimed it as soon as Mobius responds. You can try again"
    if isinstance(error, RateLimited):
        text = f"{KEPT} {text} {_when(error)}."
        return Outcome(Kind.RATE_LIMITED, item, title, text, error.retry_after)
    return Outcome(Kind.UNREACHABLE, item, title, f"{KEPT} {text}.")


def not_recorded(verb: str, item: Interaction) -> Outcome:
    """The question was read after a failed request, and is as it was before."""
    if verb == "claim":
        title, text = "The question is still open", "Your claim wasn't recorded."
    else:
        title, text = "You still have this question claimed", "Your release wasn't recorded."
    return Outcome(Kind.STILL_OPEN, item, title, text)


def as_before(verb: str, item: Interaction, error: MobiusError) -> Outcome:
    """Refused or lost, and the question is as it was."""
    if isinstance(error, Unauthorized):
        text = f"Nothing was changed. {KEPT} Add a new token on the Account page."
        return Outcome(Kind.TOKEN_REFUSED, item, "Mobius no longer accepts your member token", text)
    if isinstance(error, Denied):
        said = f"Mobius says: {error.message.rstrip('.')}. {KEPT}"
        return Outcome(Kind.NOT_ACCEPTED, item, "Mobius did not allow this", said)
    if isinstance(error, RateLimited):
        text = f"Nothing was changed. {KEPT} Try again {_when(error)}."
        title = "Mobius is limiting requests"
        return Outcome(Kind.RATE_LIMITED, item, title, text, error.retry_after)
    if verb == "claim":
        return Outcome(Kind.STILL_OPEN, item, "It is still unclaimed", f"{KEPT} Try again.")
    return Outcome(
        Kind.STILL_OPEN, item, "The claim is still yours", f"{KEPT} Try again to release it."
    )


def _when(error: RateLimited) -> str:
    after = error.retry_after
    return "in a moment" if after is None else f"in {span(max(1.0, after))}"
