"""What the reader is told about an attempt at answering."""

from datetime import timedelta

from django.utils import timezone

from inbox.access import Viewer
from inbox.models import Interaction
from inbox.presenters.answers import choice_words, closing_sentence, did_words
from inbox.presenters.effect import after_mine, progress
from inbox.presenters.people import People
from inbox.presenters.when import moment, span
from inbox.reviewers.names import names_of
from inbox.reviewers.service_key import one_answer_is_enough
from inbox.services import accepted
from inbox.services.accepted import RECEIVED, Underway
from inbox.services.outcome import Kind, Outcome
from inbox.services.truth import mine

KEPT = "What you typed is kept."
NOT_SENT = "Yours was not sent. What you typed is kept."
JUST_NOW = timedelta(minutes=2)


def answered(viewer: Viewer, item: Interaction) -> Outcome:
    """The answer is in, and whether anything more is needed."""
    title = _sent(item, mine(viewer, item).value)
    if item.pending:
        return Outcome(Kind.PENDING_OTHERS, item, title, _still_needed(viewer, item))
    goes_on = "The run has resumed." if item.run_id else "Nobody else has to answer."
    counts = progress(item)
    if counts is not None and counts[1] > 1:
        goes_on = f"All {counts[1]} have answered. {goes_on}"
    return Outcome(Kind.ANSWERED, item, title, goes_on)


def received(item: Interaction) -> Outcome:
    """Mobius took the answer, and does not show it yet."""
    return Outcome(Kind.RECEIVED, item, RECEIVED, accepted.what_follows(item))


def processing(item: Interaction, underway: Underway) -> Outcome:
    """An answer of this person, or one that is enough, is on its way."""
    return Outcome(Kind.PROCESSING, item, underway.title, f"{underway.text} {NOT_SENT}")


def already_mine(viewer: Viewer, item: Interaction) -> Outcome:
    """The person answered it before, here or elsewhere."""
    given = mine(viewer, item)
    at = f" at {moment(given.at, timezone.now())}" if given.at else ""
    title = f"You answered this{at}{_said(item, given.value)}"
    return Outcome(Kind.ALREADY_MINE, item, title, "This one was not sent. What you typed is kept.")


def closed(viewer: Viewer, item: Interaction) -> Outcome:
    """Somebody or something else was first."""
    people = People(names_of([item.responder_id, *_responders(item)]), viewer.mobius_id)
    sentence = closing_sentence(item, people, timezone.now())
    title = sentence.rstrip(".") or f"This question is {item.status or 'closed'}"
    return Outcome(Kind.CLOSED, item, title, NOT_SENT)


def held(item: Interaction) -> Outcome:
    """Somebody else has claimed it."""
    name = names_of([item.claimed_by]).get(item.claimed_by or "", "Somebody")
    text = f"You can answer if {name} releases it. {NOT_SENT}"
    return Outcome(Kind.HELD, item, taken(name, item), text)


def taken(name: str, item: Interaction) -> str:
    """``Lee claimed this 3 s ago``, ``Claimed by Lee since 10:02``."""
    now = timezone.now()
    if item.claimed_at is None:
        return f"Claimed by {name}"
    if now - item.claimed_at < JUST_NOW:
        return f"{name} claimed this {span(max(1.0, (now - item.claimed_at).total_seconds()))} ago"
    return f"Claimed by {name} since {moment(item.claimed_at, now)}"


def question_changed(item: Interaction) -> Outcome:
    """The question is not the one that was read."""
    return Outcome(
        Kind.QUESTION_CHANGED,
        item,
        "The question has changed since you opened it",
        "Nothing was sent. Read it again below; what you typed is kept.",
    )


def still_open(item: Interaction) -> Outcome:
    """The request failed and the question is open: the answer may at most still arrive."""
    return Outcome(
        Kind.STILL_OPEN,
        item,
        "We couldn't confirm your answer was received",
        "Mobius returned an error or no response, and the question is still open. "
        "Your draft is saved; send it again. It counts once.",
    )


def not_recorded(item: Interaction) -> Outcome:
    """The question was read after a failed request, and the answer is not in."""
    return Outcome(
        Kind.STILL_OPEN,
        item,
        "The question is still open",
        "Your answer wasn't recorded.",
    )


def not_accepted(item: Interaction, said: str) -> Outcome:
    """Mobius refuses this answer of an open question."""
    reason = f"Mobius says: {said.rstrip('.')}. " if said else ""
    return Outcome(Kind.NOT_ACCEPTED, item, "Mobius did not accept this answer", f"{reason}{KEPT}")


def key_refused(item: Interaction) -> Outcome:
    """401 or 403 to the service key."""
    return Outcome(
        Kind.TOKEN_REFUSED,
        item,
        "Mobius refuses the installation's key",
        f"Your answer was not sent. {KEPT} Add a member token of your own on the Account page, "
        "and send it with that.",
    )


def token_refused(item: Interaction) -> Outcome:
    """401."""
    return Outcome(
        Kind.TOKEN_REFUSED,
        item,
        "Mobius no longer accepts your member token",
        f"Your answer was not sent. {KEPT} Add a new token on the Account page.",
    )


def no_credential(item: Interaction, *, lost: bool) -> Outcome:
    """Nothing to answer with."""
    title = "Your member token can no longer be read" if lost else "You have no member token yet"
    why = "Mobius uses it to record answers under your name"
    if lost:
        why = "Its encryption key is gone"
    elif not one_answer_is_enough(item):
        why = "Everybody who was asked has to answer this, each with a token of their own"
    text = f"{why}. Your answer was not sent. {KEPT} Add your token on the Account page."
    return Outcome(Kind.NO_CREDENTIAL, item, title, text)


def unreachable(item: Interaction, *, sent: bool) -> Outcome:
    """No answer from Mobius: nothing was sent, or it is not known what became of it."""
    if not sent:
        text = "Your answer was not sent. What you typed is kept: send it again in a moment."
        return Outcome(Kind.UNREACHABLE, item, "Mobius cannot be reached", text)
    return Outcome(
        Kind.UNREACHABLE,
        item,
        "We couldn't confirm your answer was received",
        "Your draft is saved, and we check with Mobius every minute. "
        "You can also send it again; it counts once.",
    )


def rate_limited(item: Interaction, retry_after: float | None, *, read: bool) -> Outcome:
    """429. ``read``: the question was read after it, and the answer is not in."""
    when = "in a moment" if retry_after is None else f"in {span(max(1.0, retry_after))}"
    if read:
        text = f"Your answer wasn't recorded. Your draft is saved; send it again {when}."
    else:
        text = (
            "We couldn't confirm your answer was received. Your draft is saved; send it again "
            f"{when}. It counts once."
        )
    title = "Mobius is limiting requests"
    return Outcome(Kind.RATE_LIMITED, item, title, text, retry_after)


def _still_needed(viewer: Viewer, item: Interaction) -> str:
    """Who has answered, as upstream counts it, and for whom the question waits still."""
    names = People(names_of(item.members or ()), viewer.mobius_id)
    if not item.says_how_many:
        return after_mine(item, names)
    counts = progress(item)
    if counts is None:
        return "Others still have to answer."
    return f"{counts[0]} of {counts[1]} have answered, including you. {after_mine(item, names)}"


def _sent(item: Interaction, value: object) -> str:
    """``Approved``, ``Rejected``, ``Answer sent: Northgate``."""
    question = item.questions[0] if item.questions else {}
    match did_words(question, value):
        case "approved" | "rejected" as did:
            return did.capitalize()
        case _:
            return f"Answer sent{_said(item, value)}"


def _said(item: Interaction, value: object) -> str:
    words = choice_words(item.questions[0] if item.questions else {}, value)
    return f": {words.rstrip('.')}" if words else ""


def _responders(item: Interaction) -> list[str | None]:
    return [response.get("user_id") for response in item.responses]
