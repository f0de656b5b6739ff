"""What an administrator is told about the service key's answers, and a test question not sent."""

from django.utils.translation import gettext as _

from inbox.services.key_answers import Mode, Why
from inbox.services.trial import NotSent, Reason
from inbox.web.ui.messages import sentences


def key_answers_text(mode: Mode) -> str:
    """Whether the service key answers for people, and why."""
    if not mode.on:
        own = _("Everyone answers with their own member token.")
        return sentences(_why_off(mode) % {"setting": mode.setting}, own)
    if mode.why is Why.SET:
        why = _("On: SERVICE_KEY_ANSWERS is %(setting)s.") % {"setting": mode.setting}
    else:
        why = _("On: Mobius doesn't say who a member token belongs to.")
    whom = _(
        "The key answers for people without a member token whose Mobius ID an administrator has "
        "set, where one answer is enough."
    )
    return sentences(why, whom, _refused(mode))


def _why_off(mode: Mode) -> str:
    match mode.why:
        case Why.SET:
            return _("Off: SERVICE_KEY_ANSWERS is %(setting)s.")
        case Why.PROVEN:
            return _("Off: Mobius has said before who a member token belongs to.")
        case Why.OFFERED:
            return _("Off: Mobius says who a member token belongs to.")
        case _:
            return _("Off: it isn't known yet whether Mobius says who a member token belongs to.")


def _refused(mode: Mode) -> str:
    match mode.refused:
        case ():
            return ""
        case ("user",):
            return _(
                "Mobius refused it for questions to one person, so it isn't used for those until "
                "the next restart."
            )
        case ("group",):
            return _(
                "Mobius refused it for questions to a group, so it isn't used for those until the "
                "next restart."
            )
        case _:
            return _(
                "Mobius refused it for questions to one person and to a group, so it isn't used "
                "until the next restart."
            )


def not_sent(refused: NotSent) -> str:
    """Why a test question was not sent, or may not have been."""
    match refused.reason:
        case Reason.NO_MOBIUS_ID:
            return _("Set your Mobius ID first. The question is sent to it.")
        case Reason.UNCONFIRMED:
            anyway = _("If Mobius received the question anyway, it will appear in your inbox.")
            return sentences(refused.message, anyway)
        case _:
            reason = {"reason": refused.message}
            return _("Mobius didn't accept the question: %(reason)s") % reason
