from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management.preparing import make_ready
from inbox.upstream import group_mapping
from inbox.web.connection.messages import not_mapped


class Command(BaseCommand):
    help = "Assign people to a Mobius group whose members Mobius doesn't list."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("group_id", metavar="GROUP_ID")
        parser.add_argument(
            "people",
            metavar="PERSON",
            nargs="*",
            help="usernames, replacing the current ones; none removes the mapping",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        group_id = options["group_id"]
        try:
            mapped = group_mapping.map_group(group_id, options["people"])
        except group_mapping.NotMapped as refused:
            raise CommandError(not_mapped(refused)) from None
        for reviewer in mapped:
            if not reviewer.mobius_id:
                self.stderr.write(
                    f"{reviewer.user.get_username()} has no Mobius ID, so they can't see any "
                    "questions until one is set."
                )
        names = ", ".join(reviewer.user.get_username() for reviewer in mapped)
        self.stdout.write(
            f"Assigned to {group_id}: {names}." if names else f"No one is assigned to {group_id}."
        )
