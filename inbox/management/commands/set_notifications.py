from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management.preparing import make_ready
from inbox.models import NotificationEvent, Reviewer
from inbox.models.notification import Channel, Kind, When
from inbox.notify import failures, plan


class Command(BaseCommand):
    help = "Choose what a person is told by a channel: at once, in the digest, or not."

    def add_arguments(self, parser: CommandParser) -> None:
        events = [kind.value for kind in Kind if kind not in NotificationEvent.WITHOUT_CHOICE]
        parser.add_argument("username", metavar="NAME")
        parser.add_argument("event", metavar="EVENT", choices=events)
        parser.add_argument("channel", metavar="CHANNEL", choices=Channel.values)
        parser.add_argument("when", choices=When.values)
        parser.add_argument("--failures", type=int, help="for run_failed: told after so many")
        parser.add_argument("--minutes", type=int, help="for run_failed: within so many minutes")

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
        limits = {name: options[name] for name in ("failures", "minutes") if options[name]}
        if limits and event != Kind.RUN_FAILED:
            raise CommandError("--failures and --minutes are for run_failed.")
        if limits:
            _limit(reviewer, limits)
        plan.choose(reviewer, event, channel, when)
        self.stdout.write(f"{username} is told of {event} by {channel}: {when}.")


def _limit(reviewer: Reviewer, limits: dict[str, int]) -> None:
    limit = failures.limits_of([reviewer])[reviewer.pk]
    for name, number in limits.items():
        setattr(limit, name, number)
    try:
        limit.full_clean()
    except ValidationError as error:
        raise CommandError("\n".join(error.messages)) from None
    limit.save()
