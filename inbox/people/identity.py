"""Each account has a place in Mobius."""

from typing import Any

from inbox.models import Reviewer


def make_reviewer(*, instance: Any, created: bool, raw: bool, using: str, **_: Any) -> None:
    """Receiver of ``post_save`` of accounts: each has a place in Mobius from the start."""
    if created and not raw:
        Reviewer.objects.using(using).get_or_create(user=instance)
