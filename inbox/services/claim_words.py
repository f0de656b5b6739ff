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
        text = "Others read along until you answer it or give it back."
        return Outcome(Kind.CLAIMED, item, "You have this question", text)
    return Outcome(Kind.RELEASED, item, "This is free again", "Everybody in the group can take it.")


def held(item: Interaction) -> Outcome:
    """Somebody else was first, or has it."""
    name = names_of([item.claimed_by]).get(item.claimed_by or "", "Somebody")
    text = f"You can answer once {name} gives it back. {KEPT}"
    return Outcome(Kind.HELD, item, words.taken(name, item), text)


def closed(viewer: Viewer, item: Interaction) -> Outcome:
    """It can no longer be taken, and how it ended."""
    return Outcome(Kind.CLOSED, item, words.closed(viewer, item).title, KEPT)


def no_claims(item: Interaction) -> Outcome:
    """Every member answers it, so nobody takes it."""
    text = "Everybody who was asked answers this one, so nobody can take it alone."
    return Outcome(Kind.NO_CLAIMS, item, "This question is not for one person", text)


def no_credential(item: Interaction, *, lost: bool) -> Outcome:
    """Nothing to take it with."""
    title = "Your member token can no longer be read" if lost else "You have no member token yet"
    why = "Its encryption key is gone." if lost else "Mobius knows by it who takes a question."
    text = f"{why} {KEPT} Put the token in on your account page."
    return Outcome(Kind.NO_CREDENTIAL, item, title, text)


def not_sent(item: Interaction, error: MobiusError) -> Outcome:
    """Nothing has left."""
    if isinstance(error, RateLimited):
        after = error.retry_after
        when = "in a moment" if after is None else f"in {span(max(1.0, after))}"
        title = "Mobius takes nothing more just now"
        text = f"Nothing was changed. {KEPT} Try again {when}."
        return Outcome(Kind.RATE_LIMITED, item, title, text, after)
    text = f"Nothing was changed. {KEPT} Try again in a moment."
    return Outcome(Kind.UNREACHABLE, item, "Mobius cannot be reached", text)


def unknown(item: Interaction) -> Outcome:
    """It may have arrived, and Mobius does not say."""
    title = "Mobius has not said whether that arrived"
    text = f"{KEPT} The page shows who has it as soon as Mobius says so. Trying again is safe."
    return Outcome(Kind.UNREACHABLE, item, title, text)


def refused_unread(item: Interaction) -> Outcome:
    """Refused, and why cannot be read just now."""
    title = "Somebody was faster, or it has closed"
    text = f"Mobius refused, and cannot be asked who has it now. {KEPT} Try again in a moment."
    return Outcome(Kind.UNREACHABLE, item, title, text)


def as_before(verb: str, item: Interaction, error: MobiusError) -> Outcome:
    """Refused or lost, and the question is as it was."""
    if isinstance(error, Unauthorized):
        text = f"Nothing was changed. {KEPT} Put in a new token on your account page."
        return Outcome(Kind.TOKEN_REFUSED, item, "Mobius no longer accepts your member token", text)
    if isinstance(error, Denied):
        said = f"Mobius says: {error.message.rstrip('.')}. {KEPT}"
        return Outcome(Kind.NOT_ACCEPTED, item, "Mobius did not allow this", said)
    if verb == "claim":
        return Outcome(
            Kind.STILL_OPEN, item, "It is still free", f"Nobody has it. {KEPT} Try again."
        )
    return Outcome(Kind.STILL_OPEN, item, "You still have it", f"{KEPT} Try again to give it back.")
