"""Django's command, which also works before the first start."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from inbox.management.preparing import make_ready


class Command(createsuperuser.Command):
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        super().handle(*args, **options)
