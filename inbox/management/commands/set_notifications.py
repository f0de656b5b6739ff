from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management.preparing import make_ready
from inbox.models import Reviewer
from inbox.models.notification import Channel, Kind, When
from inbox.notify import plan


class Command(BaseCommand):
    help = "Choose what a person is told by a channel: at once, in the digest, or not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="NAME")
        parser.add_argument("event", metavar="EVENT", choices=Kind.values)
        parser.add_argument("channel", metavar="CHANNEL", choices=Channel.values)
        parser.add_argument("when", choices=When.values)

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        username, event = options["username"], options["event"]
        channel, when = Channel(options["channel"]), When(options["when"])
        reviewer = Reviewer.objects.filter(user__username=username).first()
        if reviewer is None:
            raise CommandError(f"There is no account {username}.")
        offered = plan.offered(Kind(event), channel)
        if when not in offered:
            words = ", ".join(offered) or "nothing"
            raise CommandError(f"{event} by {channel} can be: {words}.")
        plan.choose(reviewer, event, channel, when)
        self.stdout.write(f"{username} is told of {event} by {channel}: {when}.")
