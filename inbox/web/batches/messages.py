from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.access import Refusal
from inbox.answering.batches import LeftOut
from inbox.answering.outcome import Kind
from inbox.models import Batch

_LEFT_OUT: dict[str, str | Promise] = {
    LeftOut.CHANGED: gettext_lazy("It has changed since it was listed."),
    LeftOut.CONFIRMED_ALONE: gettext_lazy("Its workflow requires it to be answered separately."),
    LeftOut.OTHER_FORM: gettext_lazy("It can't be answered with Approve or Reject."),
    LeftOut.EXPIRES_SOON: gettext_lazy("It expires too soon."),
    LeftOut.ON_ITS_WAY: gettext_lazy("Your answer is already on its way."),
    LeftOut.DRAFTED: gettext_lazy("You've typed a comment on it, which wouldn't be sent."),
    Refusal.CLOSED: gettext_lazy("It's already closed."),
    Refusal.CLAIMED_BY_ANOTHER: gettext_lazy("Someone else has claimed it."),
    Refusal.ANSWERED: gettext_lazy("You have already answered it."),
}


def left_out_words(reason: str) -> str:
    return str(_LEFT_OUT.get(reason, ""))


def done_words(batch: Batch, kind: str) -> str:
    if kind == Kind.RECEIVED:
        return _("Received by Mobius")
    return _("Approved") if batch.verb == Batch.Verb.APPROVE else _("Rejected")
