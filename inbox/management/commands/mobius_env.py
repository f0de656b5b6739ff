import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from inbox.management import demo_project, serving_note


class Command(BaseCommand):
    help = 'Print export lines for the embedded engine: eval "$(python manage.py mobius_env)"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--member",
            choices=demo_project.MEMBERS,
            help="print this person's member token instead",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        note = serving_note.read(settings.DATA_DIR)
        if not settings.EMBEDDED:
            self._refuse("MOBIUS_BASE_URL is set to a real Mobius. Use the API key of that server.")
        elif note is None or "engine" not in note:
            self._refuse(
                "The embedded engine hasn't been started yet. Start it first with make run."
            )
        elif name := options["member"]:
            self.stdout.write(settings.SECRETS.member_token(demo_project.MEMBERS[name]))
        else:
            self.stdout.write("\n".join(demo_project.exports(note["engine"])))

    def _refuse(self, why: str) -> None:
        self.stderr.write(why)
        sys.exit(1)
