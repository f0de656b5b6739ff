from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.models import DeviceSignIn
from inbox.people import device_sign_ins
from inbox.people.member_tokens import CONFIRM_WITHIN, NotAdopted, Reason
from inbox.people.rate_limit import MAX_CALLS
from inbox.upstream import device_sign_in
from inbox.upstream.device_sign_in import NotStarted


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


def not_started(refused: NotStarted) -> str:
    match refused.reason:
        case device_sign_in.Reason.NOT_OFFERED:
            return _("This Mobius doesn't offer signing in from here. Paste your token instead.")
        case device_sign_in.Reason.TOO_MANY:
            words = ngettext(
                "You've started %(times)d sign-in within a minute. Wait a minute, then try again.",
                "You've started %(times)d sign-ins within a minute. Wait a minute, then try again.",
                MAX_CALLS,
            )
            return words % {"times": MAX_CALLS}
        case device_sign_in.Reason.BUSY:
            return _("Mobius is limiting requests. Try again in a minute.")
        case _:
            return _(
                "We couldn't start the sign-in with Mobius. Try again in a minute, or paste your "
                "token."
            )


def ended(sign_in: DeviceSignIn) -> str:
    """Why it has no token; empty while it waits."""
    match sign_in.state:
        case DeviceSignIn.State.DENIED:
            return _("The sign-in was denied in Mobius.")
        case DeviceSignIn.State.EXPIRED:
            return _("The code expired before the sign-in was approved.")
        case DeviceSignIn.State.FAILED if sign_in.message:
            reason = {"reason": sign_in.message.rstrip(".")}
            return _("Mobius ended the sign-in: %(reason)s.") % reason
        case DeviceSignIn.State.FAILED:
            return _("Mobius ended the sign-in without a reason.")
        case DeviceSignIn.State.NOT_ADOPTED:
            return _not_kept(device_sign_ins.why_not_adopted(sign_in))
        case _:
            return ""


def _not_kept(refused: NotAdopted) -> str:
    match refused.reason:
        case Reason.OTHER_PROJECT:
            words = _("The token is for another project, so it wasn't kept.")
        case Reason.TAKEN:
            words = _(
                "You signed in there as %(owner)s, which is the Mobius ID of another account. "
                "Nothing was changed, and your administrator can see this attempt."
            )
        case Reason.ANOTHER_OWNER:
            words = _(
                "You signed in there as %(owner)s, and your Mobius ID is %(mobius_id)s. Nothing "
                "was changed. Sign in as yourself, or ask your administrator to correct your "
                "Mobius ID."
            )
        case Reason.LATE:
            minutes = CONFIRM_WITHIN // 60
            return ngettext(
                "You didn't confirm within %(minutes)d minute that you are %(owner)s.",
                "You didn't confirm within %(minutes)d minutes that you are %(owner)s.",
                minutes,
            ) % {"minutes": minutes, "owner": refused.owner}
        case Reason.SERVICE_KEY | Reason.NOT_A_PERSON:
            words = _("The token doesn't belong to a person, so it wasn't kept.")
        case Reason.UNKNOWN:
            words = _("Mobius doesn't accept the token that it issued, so it wasn't kept.")
        case _:
            words = _("We couldn't check the token with Mobius, so it wasn't kept.")
    return words % {"owner": refused.owner, "mobius_id": refused.mobius_id}


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
