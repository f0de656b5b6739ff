from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.answering import deactivation
from inbox.answering.deactivation import Deactivated, NotDeactivated
from inbox.management.preparing import find_engine, make_ready
from inbox.models import Interaction, Reviewer
from inbox.web.people.deactivation import (
    blocked_words,
    done_words,
    others_words,
    refused_words,
)
from inbox.web.ui.outcome_messages import claim_left_words


class Command(BaseCommand):
    """It can be run again to finish."""

    help = (
        "Deactivate a person who leaves: withdraw held answers, release claims, remove the member "
        "token, end sessions, and list the questions that wait for them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the username they sign in with")

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        find_engine()
        name = options["name"]
        reviewer = Reviewer.objects.filter(user__username=name).select_related("user").first()
        if reviewer is None:
            raise CommandError(f"No account exists for {name}.")
        try:
            done = async_to_sync(deactivation.deactivate)(reviewer=reviewer)
        except NotDeactivated as refused:
            raise CommandError(refused_words(refused.reason, reviewer)) from None
        self._print(name, done)

    def _print(self, name: str, done: Deactivated) -> None:
        self.stdout.write(f"{name} is deactivated.")
        for words in done_words(done):
            self.stdout.write(f"{words}.")
        kept = {outcome.subject.pk for outcome in done.kept}
        for outcome in done.kept:
            self.stderr.write(
                f"Not released: {_address(outcome.subject)}\t{claim_left_words(outcome)}"
            )
        waiting = [(item, why) for item, why in done.left.blocked if item.pk not in kept]
        for item, why in waiting:
            self.stdout.write(f"Open question: {_address(item)}\t{blocked_words(why)}")
        if others := others_words(done.left):
            self.stdout.write(others)


def _address(item: Interaction) -> str:
    return f"{settings.PUBLIC_URL}{item.get_absolute_url()}"
