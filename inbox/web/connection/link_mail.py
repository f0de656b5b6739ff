from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from inbox.models import Reviewer
from inbox.notify.mails import Mail, NotSent
from inbox.people import links
from inbox.people.accounts import Added
from inbox.people.oidc.identity_provider import may_use_password, oidc
from inbox.web.ui.messages import sentences


@dataclass(frozen=True)
class LinkRow:
    """``address``: where the link can be, or was, mailed. ``problem``: why it was not. ``unseen``:
    a Mobius ID that has not appeared in the data yet.
    """

    username: str
    link: str = field(repr=False)
    token: str = field(repr=False)
    address: str = ""
    sent: bool = False
    problem: str = ""
    unseen: str = ""

    @property
    def offered(self) -> bool:
        return bool(self.link and self.address) and not self.sent

    @property
    def sent_words(self) -> str:
        return _("Sent to %(address)s") % {"address": self.address}

    def mailed(self, failed: NotSent | None) -> "LinkRow":
        if failed is None:
            return replace(self, sent=True)
        return replace(self, problem=_not_sent(self.address, failed))


@sensitive_variables()
def link_rows(added: Sequence[Added]) -> list[LinkRow]:
    names = [account.person.username for account in added]
    addresses = dict[str, str]()
    if settings.SENDS_MAIL:
        users = get_user_model().objects.filter(username__in=names)
        addresses = dict(users.values_list("username", "email"))
    return [
        LinkRow(
            username=account.person.username,
            link=account.link,
            token=links.token_of(account.link) if account.link else "",
            address=addresses.get(account.person.username, ""),
            unseen=account.person.mobius_id or "" if account.unseen else "",
        )
        for account in added
    ]


@sensitive_variables()
def read_rows(tokens: Iterable[str], sent: Collection[str]) -> list[LinkRow]:
    """Links that no longer work are left out. ``sent``: tokens that were mailed before."""
    found = []
    for token in tokens:
        try:
            user = links.find(token).user
        except links.NotValid:
            continue
        if user is not None:
            found.append(
                LinkRow(
                    username=user.get_username(),
                    link=links.url_of(token),
                    token=token,
                    address=user.email if settings.SENDS_MAIL else "",
                    sent=token in sent,
                )
            )
    return found


@sensitive_variables()
def mails_of(rows: Iterable[LinkRow]) -> list[Mail]:
    """Each in its person's language."""
    rows = list(rows)
    reviewers = Reviewer.objects.filter(user__username__in=[row.username for row in rows])
    by_name = {
        reviewer.user.get_username(): reviewer for reviewer in reviewers.select_related("user")
    }
    return [_mail(by_name[row.username], row) for row in rows]


@sensitive_variables()
def _mail(reviewer: Reviewer, row: LinkRow) -> Mail:
    known = reviewer.language in dict(settings.LANGUAGES)
    with translation.override(reviewer.language if known else settings.LANGUAGE_CODE):
        facts = {
            "name": reviewer.name,
            "username": row.username,
            "inbox": f"{settings.PUBLIC_URL}/",
            "hours": round(links.SIGN_IN_LASTS.total_seconds() / 3600),
        }
        if not may_use_password(row.username):
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
        greeting = _("Hello %(name)s,")
        paragraphs = (greeting % facts, reason % facts, row.link, lasts % facts)
    return Mail((row.address,), subject, "\n\n".join(paragraphs) + "\n")


def _not_sent(address: str, failed: NotSent) -> str:
    words = _("The email to %(address)s wasn't sent: the mail server can't be reached.")
    if failed.said:
        words = _("The mail server didn't accept the email to %(address)s: %(said)s.")
    facts = {"address": address, "said": failed.said.rstrip(".")}
    return sentences(words % facts, _("Give them the link yourself; it still works."))
