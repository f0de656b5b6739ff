"""What the reader is told about an attempt at answering."""

from datetime import timedelta

from django.utils import timezone

from inbox.access import Viewer
from inbox.models import Interaction
from inbox.presenters.answers import closing_sentence, value_words
from inbox.presenters.effect import after_mine, progress
from inbox.presenters.people import People
from inbox.presenters.when import moment, span
from inbox.reviewers.names import names_of
from inbox.services.outcome import Kind, Outcome
from inbox.services.truth import mine

KEPT = "What you typed is kept."
NOT_SENT = "Yours was not sent. What you typed is kept."
JUST_NOW = timedelta(minutes=2)


def answered(viewer: Viewer, item: Interaction) -> Outcome:
    """The answer is in, and whether anything more is needed."""
    said = _said(item, mine(viewer, item).value)
    if item.pending:
        return Outcome(
            Kind.PENDING_OTHERS, item, f"Your answer is in{said}", _still_needed(viewer, item)
        )
    goes_on = "The run goes on." if item.run_id else "Nobody else has to answer."
    counts = progress(item)
    if counts is not None and counts[1] > 1:
        goes_on = f"All {counts[1]} have answered. {goes_on}"
    return Outcome(Kind.ANSWERED, item, f"Your answer is in{said}", goes_on)


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
    text = f"You can answer once {name} gives it back. {NOT_SENT}"
    return Outcome(Kind.HELD, item, taken(name, item), text)


def taken(name: str, item: Interaction) -> str:
    """``Lee took this 3 s ago``, ``Lee has held this since 10:02``."""
    now = timezone.now()
    if item.claimed_at is None:
        return f"{name} holds this question"
    if now - item.claimed_at < JUST_NOW:
        return f"{name} took this {span(max(1.0, (now - item.claimed_at).total_seconds()))} ago"
    return f"{name} has held this since {moment(item.claimed_at, now)}"


def question_changed(item: Interaction) -> Outcome:
    """The question is not the one that was read."""
    return Outcome(
        Kind.QUESTION_CHANGED,
        item,
        "The question has changed since you opened it",
        "Nothing was sent. Read it again below; what you typed is kept.",
    )


def still_open(item: Interaction) -> Outcome:
    """Mobius failed, and the answer is not in."""
    return Outcome(
        Kind.STILL_OPEN,
        item,
        "Your answer did not arrive",
        "Mobius failed while taking it, and the question is still open. "
        "What you typed is kept: send it again.",
    )


def not_accepted(item: Interaction, said: str) -> Outcome:
    """Mobius refuses this answer of an open question."""
    reason = f"Mobius says: {said.rstrip('.')}. " if said else ""
    return Outcome(Kind.NOT_ACCEPTED, item, "Mobius did not accept this answer", f"{reason}{KEPT}")


def token_refused(item: Interaction, *, own: bool) -> Outcome:
    """401."""
    if not own:
        text = f"An administrator has to renew this installation's key. {KEPT}"
        return Outcome(Kind.TOKEN_REFUSED, item, "Mobius refuses the installation's key", text)
    return Outcome(
        Kind.TOKEN_REFUSED,
        item,
        "Mobius no longer accepts your member token",
        f"Your answer was not sent. {KEPT} Put in a new token on your account page.",
    )


def no_credential(item: Interaction, *, lost: bool) -> Outcome:
    """Nothing to answer with."""
    title = "Your member token can no longer be read" if lost else "You have no member token yet"
    why = "Its encryption key is gone" if lost else "Mobius takes answers by it, under your name"
    text = f"{why}. Your answer was not sent. {KEPT} Put the token in on your account page."
    return Outcome(Kind.NO_CREDENTIAL, item, title, text)


def unreachable(item: Interaction, *, sent: bool) -> Outcome:
    """No answer from Mobius: nothing was sent, or it is not known what became of it."""
    if not sent:
        text = "Your answer was not sent. What you typed is kept: send it again in a moment."
        return Outcome(Kind.UNREACHABLE, item, "Mobius cannot be reached", text)
    return Outcome(
        Kind.UNREACHABLE,
        item,
        "Mobius has not said whether your answer arrived",
        "What you typed is kept, and we ask again every minute. "
        "Sending it again is safe: it counts once.",
    )


def rate_limited(item: Interaction, retry_after: float | None) -> Outcome:
    """429."""
    when = "in a moment" if retry_after is None else f"in {span(max(1.0, retry_after))}"
    return Outcome(
        Kind.RATE_LIMITED,
        item,
        "Mobius takes no more answers just now",
        f"Your answer was not sent. What you typed is kept: send it again {when}.",
        retry_after,
    )


def _still_needed(viewer: Viewer, item: Interaction) -> str:
    """What the answer has done, as upstream counted it: ``It was answer 3 of 5. …``."""
    counts = progress(item)
    if counts is None:
        return "Others have still to answer."
    names = People(names_of(item.members or ()), viewer.mobius_id)
    return f"It was answer {counts[0]} of {counts[1]}. {after_mine(item, names)}"


def _said(item: Interaction, value: object) -> str:
    words = value_words(item.questions[0] if item.questions else {}, value)
    return "" if words.long else f": {words.text.rstrip('.')}"


def _responders(item: Interaction) -> list[str | None]:
    return [response.get("user_id") for response in item.responses]
