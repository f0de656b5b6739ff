"""The first administrator, also before the first start."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from inbox.management.preparing import make_ready


class Command(createsuperuser.Command):
    """Django's own, after the tables and the secrets were made."""

    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at the database first, so that nobody types a password in vain."""
        make_ready()
        super().handle(*args, **options)
