from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from inbox.audit import decision_log
from inbox.people import rotation


class Command(BaseCommand):
    help = (
        "Re-encrypt all member tokens and the secrets of second factors and group channels with "
        "the first of CREDENTIAL_KEYS. Put the new key before the old one "
        "(CREDENTIAL_KEYS=new,old); after this command you can remove the old one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Changes nothing if a token can't be decrypted."""
        try:
            count = rotation.rotate()
        except rotation.KeysLost as lost:
            raise CommandError(
                "The current keys can't decrypt the member tokens, second factors or channels of "
                f"{', '.join(lost.names)}, so nothing was changed. Add the old key after the new "
                "one in CREDENTIAL_KEYS and run this again. If that key is lost, remove these "
                "people's second factors in the admin, have them add their token again on the "
                "Account page or remove it there, and then run this again."
            ) from None
        except ImproperlyConfigured as wrong:
            raise CommandError(str(wrong)) from None
        words = "1 token is" if count == 1 else f"{count} tokens are"
        self.stdout.write(f"{words} encrypted with the first key of CREDENTIAL_KEYS.")
        if not decision_log.reseal():
            raise CommandError(
                "The tokens were re-encrypted, but the end of the decision log wasn't resealed: "
                "none of the current keys had sealed it. Add the old key after the new one "
                "and run this again. verify_decisions shows the state of the log."
            )
        self.stdout.write("The end of the decision log is sealed with the same key.")
