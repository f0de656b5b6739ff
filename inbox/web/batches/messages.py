"""What happened to a question of a batch, or why it isn't included."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.access import Refusal
from inbox.models import Batch
from inbox.services.batch_runner import UNCERTAIN
from inbox.services.batches import LeftOut
from inbox.services.outcome import Kind
from inbox.web.ui.batches import verb_words
from inbox.web.ui.held import returned_reason

_LEFT_OUT: dict[str, str | Promise] = {
    LeftOut.CHANGED: gettext_lazy("It has changed since it was listed."),
    LeftOut.CONFIRMED_ALONE: gettext_lazy("Its workflow requires it to be answered separately."),
    LeftOut.OTHER_FORM: gettext_lazy("It can't be answered with Approve or Reject."),
    LeftOut.EXPIRES_SOON: gettext_lazy("It expires too soon."),
    LeftOut.ON_ITS_WAY: gettext_lazy("Your answer is already on its way."),
    LeftOut.DRAFTED: gettext_lazy("You've typed a comment on it, which wouldn't be sent."),
    Refusal.NO_CLAIMS: gettext_lazy("It can't be claimed."),
    Refusal.CLOSED: gettext_lazy("It's already closed."),
    Refusal.CLAIMED_BY_ANOTHER: gettext_lazy("Someone else has claimed it."),
    Refusal.ANSWERED: gettext_lazy("You have already answered it."),
    Refusal.ALREADY_CLAIMED: gettext_lazy("You have already claimed it."),
    Refusal.NOT_CLAIMED: gettext_lazy("You haven't claimed it."),
}
_CLAIM_REASONS: dict[str, str | Promise] = {
    Kind.CLOSED: gettext_lazy("The question was already closed."),
    Kind.NO_CLAIMS: gettext_lazy("The question can't be claimed."),
}


def left_out_words(reason: str) -> str:
    """Why a question is not in a batch."""
    return str(_LEFT_OUT.get(reason, ""))


def result_words(batch: Batch, kind: str, message: str) -> str:
    """Why a question could not be answered, claimed or released. ``message``: what Mobius said."""
    if not batch.answers and kind in _CLAIM_REASONS:
        return str(_CLAIM_REASONS[kind])
    if kind in UNCERTAIN:
        return _("We couldn't confirm that Mobius received it.")
    return returned_reason(kind, message)


def done_words(batch: Batch, kind: str) -> str:
    if kind == Kind.RECEIVED:
        return _("Received by Mobius")
    return verb_words(batch.verb, 1).result
