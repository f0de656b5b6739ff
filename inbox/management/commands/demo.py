import socket
import time
from random import Random
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.engine import stories
from inbox.engine.stories import asking, past
from inbox.management import demo_project, serving_note

PACE = (8.0, 40.0)
"""Seconds between two questions, roughly as often as people ask them."""

LONGEST_PAST = 390
"""In days. By default the mirror keeps closed questions only a little longer."""


class Command(BaseCommand):
    help = "Ask the demo's questions, unless some are already pending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--traffic", action="store_true", help="keep starting new ones until Ctrl-C"
        )
        parser.add_argument(
            "--history",
            type=int,
            metavar="DAYS",
            help="create this many days of history, once, so that the charts have data",
        )
        parser.add_argument("--seed", type=int, help="ask the same questions each time")

    def handle(self, *args: Any, **options: Any) -> None:
        note = serving_note.read(settings.DATA_DIR)
        if not settings.EMBEDDED or note is None or "engine" not in note:
            raise CommandError("The demo needs the embedded engine. Start it first with make run.")
        if options["history"] is not None:
            self._history(options["history"], options["seed"])
            return
        _refuse_unless_running(note["engine"])
        try:
            if options["traffic"]:
                self._traffic(Random(options["seed"]))  # nosec B311 # noqa: S311 - not a secret
            else:
                demo_project.top_up()
        except KeyboardInterrupt:
            self.stdout.write("")

    def _history(self, days: int, seed: int | None) -> None:
        """In the engine's database, from which the sync reads them."""
        if not 1 <= days <= LONGEST_PAST:
            raise CommandError(f"--history takes 1 to {LONGEST_PAST} days.")
        count = 0
        try:
            for count in past.create(
                handle=settings.MOBIUS_PROJECT,
                days=days,
                now=timezone.now(),
                zone=timezone.get_default_timezone(),
                **({} if seed is None else {"seed": seed}),
            ):
                if count % 200 == 0:
                    self.stdout.write(f"{count} questions created")
        except past.PastExists:
            raise CommandError("The demo already has a history, so nothing was added.") from None
        self.stdout.write(
            f"{count} questions in {days} days. They'll appear in the inbox in a few minutes."
        )

    def _traffic(self, rng: Random) -> None:
        for post in stories.traffic(rng, timezone.now):
            asking.send(settings.MOBIUS_PROJECT, post)
            self.stdout.write(
                f"Started {post.body['spec']['name']}"
                if post.path == "/runs"
                else "Asked a question without a run"
            )
            self.stdout.flush()
            time.sleep(rng.uniform(*PACE))


def _refuse_unless_running(url: str) -> None:
    """Raises CommandError."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=5).close()
    except OSError:
        raise CommandError(
            "The embedded engine isn't running. Start it first with make run."
        ) from None
