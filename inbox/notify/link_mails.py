"""The email with a sign-in link, in its person's language."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from inbox.models import Reviewer
from inbox.notify.mails import Mail
from inbox.people import links
from inbox.people.oidc.identity_provider import may_use_password, oidc


@sensitive_variables()
def mail_of(reviewer: Reviewer, link: str, *, forgotten: bool = False) -> Mail:
    """``forgotten``: the person has asked for it, or someone else has in their name."""
    username = reviewer.user.get_username()
    known = reviewer.language in dict(settings.LANGUAGES)
    with translation.override(reviewer.language if known else settings.LANGUAGE_CODE):
        facts = {
            "name": reviewer.name,
            "username": username,
            "inbox": f"{settings.PUBLIC_URL}/",
            "hours": round(links.SIGN_IN_LASTS.total_seconds() / 3600),
        }
        if not may_use_password(username):
            facts["provider"] = oidc().name
            subject = _("Your sign-in link for Reviewer inbox")
            reason = _(
                "Use this link to connect your account in Reviewer inbox at %(inbox)s. Your "
                "username is %(username)s, and you sign in with %(provider)s."
            )
        elif reviewer.user.has_usable_password():
            subject = _("Choose a new password for Reviewer inbox")
            reason = _(
                "Use this link to choose a new password for Reviewer inbox at "
                "%(inbox)s. Your username is %(username)s."
            )
        else:
            subject = _("Your sign-in link for Reviewer inbox")
            reason = _(
                "You've been added to Reviewer inbox at %(inbox)s. Your username is "
                "%(username)s. Use this link to choose a password and sign in."
            )
        lasts = _(
            "The link works once and expires after %(hours)d hours. If you didn't expect it, "
            "don't use it, and ask your administrator."
        )
        if forgotten:
            lasts = _(
                "The link works once and expires after %(hours)d hours. If you didn't ask for it, "
                "don't use it: your password stays as it is."
            )
        greeting = _("Hello %(name)s,")
        paragraphs = (greeting % facts, reason % facts, link, lasts % facts)
    return Mail((reviewer.user.email,), subject, "\n\n".join(paragraphs) + "\n")
