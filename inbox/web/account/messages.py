from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.people.member_tokens import CONFIRM_WITHIN, NotAdopted, Reason
from inbox.people.rate_limit import MAX_CALLS


def not_adopted(refused: NotAdopted, prefix: str) -> str:
    """``prefix`` is how member tokens start, or empty."""
    minutes = CONFIRM_WITHIN // 60
    match refused.reason:
        case Reason.SERVICE_KEY if prefix:
            words = _(
                "This is a service key. Paste your own member token, which starts with %(prefix)s."
            )
        case Reason.SERVICE_KEY:
            words = _("This is a service key. Paste your own member token.")
        case Reason.NOT_A_PERSON:
            words = _("This token doesn't belong to a person.")
        case Reason.UNKNOWN:
            words = _("Mobius didn't accept this token. Copy the whole token again.")
        case Reason.OTHER_PROJECT:
            words = _("This token is for another project.")
        case Reason.TAKEN | Reason.ANOTHER_OWNER:
            words = _of_somebody_else(refused)
        case Reason.LATE:
            words = ngettext(
                "You didn't confirm within %(minutes)d minute. Paste your token again.",
                "You didn't confirm within %(minutes)d minutes. Paste your token again.",
                minutes,
            )
        case Reason.UNPROVEN:
            words = _(
                "Mobius can't tell who this token belongs to. Ask an administrator to set your "
                "Mobius ID first."
            )
        case Reason.TOO_MANY:
            words = ngettext(
                "You've pasted %(tokens)d token within a minute, so this one wasn't checked. "
                "Wait a minute, then paste it again.",
                "You've pasted %(tokens)d tokens within a minute, so this one wasn't checked. "
                "Wait a minute, then paste it again.",
                MAX_CALLS,
            )
        case Reason.BUSY:
            words = _("Mobius is limiting requests, so nothing was saved. Try again in a minute.")
        case _:
            words = _(
                "We couldn't check this token with Mobius, so nothing was saved. Try again in a "
                "minute."
            )
    return words % {
        "prefix": prefix,
        "owner": refused.owner,
        "mobius_id": refused.mobius_id,
        "minutes": minutes,
        "tokens": MAX_CALLS,
    }


def _of_somebody_else(refused: NotAdopted) -> str:
    if refused.reason is Reason.TAKEN:
        return _(
            "This token belongs to %(owner)s, which is the Mobius ID of another account. Nothing "
            "was changed, and your administrator can see this attempt."
        )
    if refused.mobius_id:
        return _(
            "This token belongs to %(owner)s, and your Mobius ID is %(mobius_id)s. Nothing was "
            "changed. Paste your own token, or ask your administrator to correct your Mobius ID."
        )
    return _(
        "This token belongs to %(owner)s, and your Mobius ID isn't set. Nothing was changed. Paste "
        "your own token, or ask your administrator to set your Mobius ID."
    )
