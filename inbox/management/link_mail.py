from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from inbox.notify import mails
from inbox.people.accounts import Added
from inbox.people.oidc.identity_provider import may_use_password, oidc
from inbox.web.people.link_mail import LinkRow, link_rows, mails_of


def add_option(parser: CommandParser) -> None:
    parser.add_argument(
        "--mail",
        action="store_true",
        help="email the sign-in link instead of printing it, if the account has an address",
    )


def check_option(*, wanted: bool) -> None:
    """Raises CommandError if mails can't be sent."""
    if wanted and not settings.SENDS_MAIL:
        raise CommandError("--mail needs EMAIL_URL, the address of a mail server.")


def purpose_of(username: str) -> str:
    return "choose a password" if may_use_password(username) else f"sign in with {oidc().name}"


@sensitive_variables()
def mailed(added: Sequence[Added], *, wanted: bool) -> list[LinkRow]:
    """The account may have no address."""
    rows = [row for row in link_rows(added) if row.link]
    if not wanted:
        return rows
    offered = [row for row in rows if row.offered]
    failures = mails.send_all(mails_of(offered)) if offered else []
    results = {row.token: row.mailed(failed) for row, failed in zip(offered, failures, strict=True)}
    return [results.get(row.token) or _without_address(row) for row in rows]


def _without_address(row: LinkRow) -> LinkRow:
    return replace(row, problem=f"There is no email address for {row.username}.")
