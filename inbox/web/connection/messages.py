from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.models.notification import Channel
from inbox.people.key_answers import Mode, Why
from inbox.upstream import sample_question
from inbox.upstream.group_mapping import NotMapped
from inbox.web.ui.freshness import trouble_text
from inbox.web.ui.messages import sentences


def key_answers_text(mode: Mode) -> str:
    if not mode.on:
        own = _("Everyone answers with their own member token.")
        return sentences(_why_off(mode) % {"setting": mode.setting}, own)
    if mode.why is Why.SET:
        why = _("On: SERVICE_KEY_ANSWERS is %(setting)s.") % {"setting": mode.setting}
    else:
        why = _("On: Mobius doesn't say who a member token belongs to.")
    who_it_answers_for = _(
        "The key answers for people without a member token whose Mobius ID an administrator has "
        "set, where one answer is enough."
    )
    paused = _(
        "Mobius refused it less than a minute ago, so no one answers with it right now. After a "
        "minute, the next answer tries it."
    )
    return sentences(why, who_it_answers_for, paused if mode.paused else "")


def channel_lack(channel: str) -> str:
    """What a channel needs before it can be used."""
    match channel:
        case Channel.EMAIL | Channel.PUSH if not settings.LINKS_LEAD_HERE:
            return _("PUBLIC_URL is an address of this machine, which no one else can open.")
        case Channel.EMAIL:
            return _("It needs a mail server: EMAIL_URL.")
        case Channel.PUSH:
            return _("It needs an https PUBLIC_URL or an ADMIN_EMAIL.")
        case _:
            return _("Team leads haven't added any.")


def _why_off(mode: Mode) -> str:
    match mode.why:
        case Why.SET:
            return _("Off: SERVICE_KEY_ANSWERS is %(setting)s.")
        case Why.LATER:
            return _(
                "Off: with this generation of its API, Mobius asks people for their own token."
            )
        case Why.PROVEN:
            return _("Off: Mobius has previously said who a member token belongs to.")
        case Why.OFFERED:
            return _("Off: Mobius says who a member token belongs to.")
        case _:
            return _("Off: it isn't known yet whether Mobius says who a member token belongs to.")


def not_sent(refused: sample_question.NotSent) -> str:
    match refused.reason:
        case sample_question.Reason.UNCONFIRMED:
            anyway = _(
                "If Mobius received the question anyway, it will appear like any other question."
            )
            return sentences(trouble_text(refused.trouble, timezone.now()), anyway)
        case _ if refused.message:
            reason = {"reason": refused.message.rstrip(".")}
            return _("Mobius didn't accept the question: %(reason)s.") % reason
        case _:
            failure = trouble_text(refused.trouble, timezone.now())
            return sentences(_("Mobius didn't accept the question."), failure)


def not_mapped(refused: NotMapped) -> str:
    if refused.invalid:
        return sentences(*refused.invalid)
    names = ", ".join(refused.missing)
    return _("No account exists for %(names)s. Nothing was changed.") % {"names": names}
