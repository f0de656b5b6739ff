from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from inbox.models import Reviewer
from inbox.notify import link_mails
from inbox.notify.mails import Mail, NotSent
from inbox.people import links
from inbox.people.accounts import Added
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
    return [link_mails.mail_of(by_name[row.username], row.link) for row in rows]


def _not_sent(address: str, failed: NotSent) -> str:
    words = _("The email to %(address)s wasn't sent: the mail server can't be reached.")
    if failed.said:
        words = _("The mail server didn't accept the email to %(address)s: %(said)s.")
    facts = {"address": address, "said": failed.said.rstrip(".")}
    return sentences(words % facts, _("Give them the link yourself; it still works."))
