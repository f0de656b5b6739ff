from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management import link_mail
from inbox.management.preparing import make_ready
from inbox.people import accounts as people
from inbox.people import people_import
from inbox.web.people.messages import unreadable
from inbox.web.ui.messages import not_added


class Command(BaseCommand):
    """Adds everyone in the file, or no one if a line has a problem."""

    help = f"Add the people in a CSV file with the columns {','.join(people_import.COLUMNS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--update", action="store_true", help="change accounts that already exist"
        )
        link_mail.add_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(
                f"{options['file']} can't be read: {error.strerror or error}."
            ) from None
        try:
            persons = people_import.read(content)
        except people_import.Unreadable as error:
            raise CommandError(unreadable(error)) from None
        make_ready()
        link_mail.check_option(wanted=options["mail"])
        results = people.add_all(persons, update=options["update"])
        problems = [
            (result.person.username, result.refused) for result in results if result.refused
        ]
        if problems:
            lines = "\n".join(f"  {name}: {not_added(refused)}" for name, refused in problems)
            raise CommandError(f"No one was added:\n{lines}")
        for result in results:
            if result.unseen:
                self.stderr.write(
                    f"{result.person.username}: {result.person.mobius_id} hasn't been seen in "
                    "Mobius yet. Check the spelling."
                )
        self.stdout.write(f"{', '.join(result.person.username for result in results)}: set up.")
        rows = link_mail.mailed(results, wanted=options["mail"])
        for row in rows:
            if row.sent:
                self.stdout.write(f"{row.username}: {row.sent_words}.")
            elif row.problem:
                self.stderr.write(f"{row.username}: {row.problem}")
        if left := [row for row in rows if not row.sent]:
            self.stdout.write(
                f"Give them these links to {link_mail.purpose_of(left[0].username)}. "
                "Each works once and expires after 72 hours:"
            )
            for row in left:
                self.stdout.write(f"{row.username}\t{row.link}")
