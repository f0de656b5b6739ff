"""What a lead is told about a change of a group."""

from dataclasses import dataclass
from enum import StrEnum

from inbox.mobius.errors import (
    Conflict,
    Denied,
    MobiusError,
    NotFound,
    RateLimited,
    Rejected,
    Unreachable,
)
from inbox.mobius.types import PolicyKind
from inbox.models import Group
from inbox.presenters.when import span

NOTHING = "Nothing was changed."
LATER = "What was asked before keeps the members and the routing it was asked with."
ROUTING = {
    PolicyKind.ANY: ("First to answer", "One member answers for the group"),
    PolicyKind.ALL: ("All members", "The run resumes when everyone has answered"),
}
"""A routing's name, and what it means."""


class Verb(StrEnum):
    """What the decision log calls the changes."""

    ADDED = "member_added"
    REMOVED = "member_removed"
    ROUTED = "routing_changed"


@dataclass(frozen=True)
class Change:
    """``user_id`` for the first two verbs, with what the person is called; ``routing`` for the
    third.
    """

    verb: Verb
    user_id: str = ""
    routing: PolicyKind = PolicyKind.ANY
    name: str = ""


@dataclass(frozen=True)
class Outcome:
    """``title`` says what happened, ``text`` what to do; plain text, to show as it is.

    ``status`` is that of the page that tells it. ``account``: what helps is on the account page.
    ``retry_after`` is in seconds, None where nobody said.
    """

    title: str
    text: str
    status: int = 200
    account: bool = False
    retry_after: float | None = None

    @property
    def good(self) -> bool:
        """The change is made."""
        return self.status == 200


def routing_words(routing: str) -> str:
    """A routing's name; one that this product does not know keeps its own word."""
    known = {kind.value: words for kind, (words, _) in ROUTING.items()}
    return known.get(routing, routing)


def stale(error: MobiusError) -> bool:
    """The refusal shows that the group is not as the mirror has it."""
    return isinstance(error, (Conflict, NotFound))


def done(group: Group, change: Change, *, read: bool) -> Outcome:
    """The change is made; ``read``: the page shows it already."""
    name = change.name
    match change.verb:
        case Verb.ADDED:
            title = f"{name} is in {group.name} now"
        case Verb.REMOVED:
            title = f"{name} is no longer in {group.name}"
        case _:
            title = f"{group.name}: {_lowered(ROUTING[change.routing][0])} from now on"
    return Outcome(title, LATER if read else f"{LATER} This page shows it within a minute.")


def refused(group: Group, change: Change, error: MobiusError) -> Outcome:
    """Upstream said no: nothing was changed."""
    name = change.name
    match error:
        case RateLimited() | Unreachable():
            return _not_now(error)
        case Denied():
            text = f"{NOTHING} Ask who runs Mobius to let you change groups there."
            return Outcome("Mobius does not let you change this group", text, 409)
        case Conflict() if change.verb is Verb.ADDED:
            return Outcome(f"{name} is in {group.name} already", NOTHING, 409)
        case NotFound() if change.verb is Verb.REMOVED:
            return Outcome(f"{name} was not in {group.name} any more", NOTHING, 409)
        case Rejected() | NotFound() if change.verb is Verb.ADDED:
            return Outcome(f"Mobius knows nobody called {change.user_id}", NOTHING, 422)
        case _:
            said = f"Mobius says: {error.message.rstrip('.')}. " if error.message else ""
            return Outcome("Mobius did not make this change", f"{said}{NOTHING}", 409)


def _not_now(error: MobiusError) -> Outcome:
    """Upstream was not there, or takes no more for a while."""
    if not isinstance(error, RateLimited):
        text = f"{NOTHING} Try again in a moment."
        return Outcome("Mobius cannot be reached", text, 503)
    wait = error.retry_after
    when = "in a moment" if wait is None else f"in {span(max(1.0, wait))}"
    text = f"{NOTHING} Try again {when}."
    return Outcome("Mobius is limiting requests", text, 503, retry_after=wait)


def gone(group: Group) -> Outcome:
    """The group went meanwhile."""
    return Outcome(f"Mobius no longer has {group.name}", NOTHING, 409)


def not_arrived(group: Group, change: Change) -> Outcome:
    """Upstream failed while it was asked, and the group is as it was."""
    text = f"Mobius returned an error, and {group.name} is unchanged. Try again in a moment."
    return Outcome("The change did not arrive", text, 503)


def unknown(group: Group, change: Change) -> Outcome:
    """Nobody knows, for upstream does not answer any more."""
    text = f"Look at {group.name} again in a minute. Until then this page shows it as it was."
    return Outcome("We couldn't confirm that the change was received", text, 503)


def no_credential(*, lost: bool) -> Outcome:
    """Nothing to change it with."""
    title = "Your member token can no longer be read" if lost else "You have no member token yet"
    why = (
        "Its encryption key is gone" if lost else "Mobius uses it to record changes under your name"
    )
    return Outcome(title, f"{why}. {NOTHING} Add your token on the Account page.", 409, True)


def token_refused() -> Outcome:
    """401."""
    text = f"{NOTHING} Add a new token on the Account page."
    return Outcome("Mobius no longer accepts your member token", text, 409, True)


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]
