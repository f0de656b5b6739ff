"""Emails with a link: to sign in, or to prove an address. In their person's language."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from inbox.models import Reviewer
from inbox.notify.mails import Mail
from inbox.notify.messages import as_read_by
from inbox.people import links, new_address
from inbox.people.oidc.identity_provider import may_use_password, oidc


@sensitive_variables()
def mail_of(reviewer: Reviewer, link: str, *, forgotten: bool = False) -> Mail:
    """``forgotten``: the person has asked for it, or someone else has in their name."""
    username = reviewer.user.get_username()
    with as_read_by(reviewer):
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


@sensitive_variables()
def address_mail_of(reviewer: Reviewer) -> Mail:
    """Goes to ``reviewer.new_email``."""
    with as_read_by(reviewer):
        facts = {
            "name": reviewer.name,
            "username": reviewer.user.get_username(),
            "inbox": f"{settings.PUBLIC_URL}/",
            "hours": round(new_address.LASTS.total_seconds() / 3600),
        }
        subject = _("Confirm your email address for Reviewer inbox")
        greeting = _("Hello %(name)s,")
        reason = _(
            "Use this link to confirm that Reviewer inbox at %(inbox)s may send notifications to "
            "this address. They are those of the account %(username)s."
        )
        lasts = _(
            "The link works once and expires after %(hours)d hours. If you didn't ask for it, "
            "don't use it: nothing else will be sent to you."
        )
        paragraphs = (greeting % facts, reason % facts, new_address.url(reviewer), lasts % facts)
    return Mail((reviewer.new_email,), subject, "\n\n".join(paragraphs) + "\n")
