from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.audit.origin import os_user
from inbox.lib.startup import StartRefused
from inbox.management.preparing import migrate
from inbox.management.serving_note import single_instance_lock
from inbox.upstream import installation, reseal


class Command(BaseCommand):
    help = (
        "Declare a break in the decision log after lost keys or a restored backup. An entry "
        "records the reason, the log continues after it, and member tokens that no key can "
        "decrypt are removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="what happened; recorded in the log")

    def handle(self, *args: Any, **options: Any) -> None:
        """Works even when the server refuses to start."""
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("--reason must say what happened.")
        migrate("default")
        if not settings.CREDENTIAL_KEYS:
            self._make_keys()
        try:
            done = reseal.reseal(reason=reason, account=os_user())
        except OSError as error:
            raise CommandError(
                f"The break was logged, but {error.filename} can't be written: {error.strerror}. "
                "Verification won't accept it until you have run this again."
            ) from None
        lines = [
            f"The break is entry {done.number:,} of the decision log, which continues from there."
        ]
        if done.answers:
            lines.append(f"Answers logged again because their entries were lost: {done.answers}.")
        if done.accounts:
            lines.append(
                "Member tokens that no key can decrypt were removed, and their owners were "
                f"notified: {', '.join(done.accounts)}."
            )
        self.stdout.write("\n".join(lines))

    def _make_keys(self) -> None:
        # A running server has the old keys in memory and would continue to seal with them.
        with single_instance_lock(settings.DATA_DIR, "serve"):
            try:
                installation.make_secrets()
            except StartRefused as refused:
                raise CommandError(str(refused)) from None
