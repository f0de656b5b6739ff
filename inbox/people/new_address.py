"""An email address that someone has entered for themselves. The earlier one is used until the new
one is proven, by a link sent to it.

The link is signed, names the account and the address, and works until it was used, another address
was entered, or ``LASTS`` is over. It signs nobody in.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from inbox.models import Reviewer

LASTS = timedelta(hours=24)
_SALT = "inbox.people.new_address"


class NotValid(LookupError):
    """The link was changed, used or replaced, or has expired; or its account is deactivated."""


def url(reviewer: Reviewer) -> str:
    """Of the link for ``reviewer.new_email``."""
    token = signing.dumps([reviewer.pk, reviewer.new_email], salt=_SALT)
    return f"{settings.PUBLIC_URL}{reverse('confirm-address', args=[token])}"


def read(token: str) -> Reviewer:
    """Raises ``NotValid``."""
    try:
        pk, address = signing.loads(token, salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        raise NotValid(token) from None
    people = Reviewer.objects.filter(new_email=address, user__is_active=True)
    reviewer = people.select_related("user").filter(pk=pk).first()
    if reviewer is None or not address:
        raise NotValid(token)
    return reviewer


@transaction.atomic
def confirm(token: str) -> Reviewer:
    """Raises ``NotValid``."""
    reviewer = read(token)
    address = reviewer.new_email
    # Only one of two that are pressed at once finds it.
    if not Reviewer.objects.filter(pk=reviewer.pk, new_email=address).update(new_email=""):
        raise NotValid(token)
    reviewer.user.email = address
    reviewer.user.save(update_fields=["email"])
    return reviewer
