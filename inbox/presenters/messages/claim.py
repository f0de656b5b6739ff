"""What the viewer is told about a claim or a release."""

from django.utils.translation import gettext as _

from inbox.access import Viewer
from inbox.models import Interaction
from inbox.presenters.messages import (
    Message,
    draft,
    mobius_says,
    sentences,
    try_again,
    upstream_problem,
)
from inbox.presenters.messages.answer import closed_title, held_words
from inbox.services.claiming import Verb
from inbox.services.outcome import Kind, Outcome


def claim_message(
    outcome: Outcome[Interaction], viewer: Viewer, *, draft_saved: bool = False
) -> Message:
    """``draft_saved``: the answer form was sent along with a text, and the server has it."""
    item, saved, claims = outcome.subject, draft(draft_saved), outcome.verb == Verb.CLAIM
    unchanged = _("Nothing was changed.")
    token_use = _("Mobius uses it to record who claimed a question.")
    if not outcome.checked:
        return Message(outcome, *_unconfirmed_claim(outcome, saved))
    problem = upstream_problem(outcome, unchanged, token_use=token_use, saved=saved)
    if problem is not None:
        return problem
    parts: tuple[str, ...] = (saved,)
    match outcome.kind:
        case Kind.CLAIMED:
            title = _("You claimed this question")
            parts = (_("Others can view it, but only you can answer until you release it."),)
        case Kind.RELEASED:
            title = _("You released this question")
            parts = (_("Anyone in the group can claim it."),)
        case Kind.HELD:
            title, text = held_words(item)
            parts = (text, saved)
        case Kind.CLOSED:
            title = closed_title(viewer, item)
        case Kind.NO_CLAIMS:
            title = _("This question can't be claimed")
            parts = (_("Everyone who was asked has to answer it."), saved)
        case Kind.NOT_RECORDED if claims:
            title = _("The question is still open")
            parts = (_("Your claim wasn't recorded."), saved)
        case Kind.NOT_RECORDED:
            title = _("You still have this question claimed")
            parts = (_("Your release wasn't recorded."), saved)
        case Kind.STILL_OPEN if claims:
            title, parts = _("The question is still unclaimed"), (saved, _("Try again."))
        case Kind.STILL_OPEN:
            title = _("You still have this question claimed")
            parts = (saved, _("Try again to release it."))
        case _:
            title, parts = _("Mobius didn't allow this"), (mobius_says(outcome), saved)
    return Message(outcome, title, sentences(*parts))


def _unconfirmed_claim(outcome: Outcome[Interaction], saved: str) -> tuple[str, str]:
    title = _("We couldn't confirm that Mobius received this")
    shown = _("The page shows who has claimed it as soon as Mobius responds.")
    return title, sentences(saved, shown, try_again(outcome))
