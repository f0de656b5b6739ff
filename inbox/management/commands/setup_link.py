from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inbox.management.preparing import make_ready
from inbox.people import links


class Command(BaseCommand):
    help = "Print a one-time link, valid for an hour, for creating the first administrator."

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        if settings.EMBEDDED:
            raise CommandError(
                "MOBIUS_BASE_URL isn't set, and the demo needs no setup. "
                "Sign in as admin with the password demo."
            )
        if not links.needs_setup():
            raise CommandError(
                "There is already an active administrator, who can give others a sign-in link. "
                "To reset a forgotten password, run python manage.py changepassword NAME."
            )
        self.stdout.write(links.make_setup())
