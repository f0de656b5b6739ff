"""Signed links that switch off one reason by email, or the digest, and nothing else.

A GET of the link only shows a page; its POST works without a session.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core import signing

from inbox.models import NotificationEvent, Reviewer
from inbox.models.notification import Channel, When
from inbox.notify import plan

DIGEST: Final = "digest"
_SALT = "inbox.notify.off_links"


class NotValid(LookupError):
    """The link was changed, or its account no longer exists."""


@dataclass(frozen=True)
class OffLink:
    """``kind`` is a kind of event, or ``DIGEST``."""

    reviewer: Reviewer
    kind: str

    def use(self) -> None:
        if self.kind == DIGEST:
            times = plan.times_of(self.reviewer)
            times.digest, times.next_digest_at = times.Every.NEVER, None
            times.save()
        else:
            plan.choose(self.reviewer, self.kind, Channel.EMAIL, When.OFF)


def url(reviewer: Reviewer, kind: str) -> str:
    token = signing.dumps([reviewer.pk, kind], salt=_SALT)
    return f"{settings.PUBLIC_URL}/notifications/off/{token}/"


def read(token: str) -> OffLink:
    """Raises ``NotValid``."""
    try:
        pk, kind = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise NotValid(token) from None
    reviewer = Reviewer.objects.filter(pk=pk).first()
    if reviewer is None or kind not in (DIGEST, *NotificationEvent.Kind.values):
        raise NotValid(token)
    return OffLink(reviewer, kind)
