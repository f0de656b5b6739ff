"""Member tokens under a new key."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from inbox.people import rotation
from inbox.services.audit import decision_log

TWO_KEYS = "Put the new key before the old one: CREDENTIAL_KEYS=new,old"


class Command(BaseCommand):
    """Seals every stored member token, and the log's head, by the first ``CREDENTIAL_KEYS``."""

    help = (
        "Re-encrypt every stored member token with the first of CREDENTIAL_KEYS. "
        f"{TWO_KEYS}; after this command you can remove the old one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say how many. Nothing is changed where one of them cannot be read."""
        try:
            count = rotation.rotate()
        except rotation.KeysLost as lost:
            raise CommandError(
                f"The key of {len(lost.names)} stored token(s) is lost, and nothing was changed: "
                f"{', '.join(lost.names)}. Put the old key back behind the new one in "
                "CREDENTIAL_KEYS and run this again; or have these people add their token "
                "again on the Account page, or remove it there, and run this again."
            ) from None
        except ImproperlyConfigured as wrong:
            raise CommandError(str(wrong)) from None
        words = "1 token is" if count == 1 else f"{count} tokens are"
        self.stdout.write(f"{words} sealed with the first key of CREDENTIAL_KEYS.")
        if not decision_log.reseal():
            raise CommandError(
                "The tokens were re-encrypted, but the end of the decision log wasn't resealed: "
                "none of the current keys had sealed it. Put the old key back behind the new one "
                "and run this again; verify_decisions shows the state of the log."
            )
        self.stdout.write("So is the end of the decision log.")
