import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from inbox.management import link_mail
from inbox.management.preparing import make_ready
from inbox.people import accounts as people
from inbox.people.accounts import NotAdded, Person, Role
from inbox.web.ui.messages import not_added


class Command(BaseCommand):
    """Works before the first start and while the server runs."""

    help = "Add a person: their account, Mobius ID and role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the username they sign in with")
        parser.add_argument("--mobius-id", metavar="ID", help="their Mobius ID")
        parser.add_argument("--full-name", metavar="TEXT", help="their full name")
        parser.add_argument("--email", metavar="ADDRESS", help="their email address")
        parser.add_argument("--role", choices=list(Role), help="their role (default: reviewer)")
        parser.add_argument("--admin", action="store_true", help="also let them manage accounts")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read their password from one line of standard input; "
            "without it a one-time sign-in link is printed",
        )
        parser.add_argument(
            "--update", action="store_true", help="change the account if it already exists"
        )
        link_mail.add_option(parser)

    @sensitive_variables("password")
    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        link_mail.check_option(wanted=options["mail"])
        password = None
        if options["password_stdin"]:
            password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
        person = Person(
            username=options["name"],
            mobius_id=options["mobius_id"],
            full_name=options["full_name"],
            email=options["email"],
            role=Role(options["role"]) if options["role"] else None,
            admin=options["admin"],
        )
        try:
            added = people.add(person, password=password, update=options["update"])
        except NotAdded as refused:
            raise CommandError(not_added(refused)) from None
        if added.unseen:
            self.stderr.write(
                f"{person.mobius_id} hasn't been seen in Mobius yet. Check the spelling."
            )
        self.stdout.write(f"{person.username} is set up.")
        purpose = link_mail.purpose_of(person.username)
        for row in link_mail.mailed([added], wanted=options["mail"]):
            if row.sent:
                self.stdout.write(f"The link to {purpose}: {row.sent_words}.")
                continue
            if row.problem:
                self.stderr.write(row.problem)
            self.stdout.write(
                f"Give them this link to {purpose}. It works once and expires after 72 hours:\n"
                f"{row.link}"
            )
