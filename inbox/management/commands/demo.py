"""Asks more of the demo's questions."""

import asyncio
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.engine import stories
from inbox.engine.stories import past
from inbox.management import demo_project, serving_note
from inbox.mobius.errors import MobiusError, Unreachable

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
        settings.MOBIUS_BASE_URL = note["engine"]
        try:
            if options["traffic"]:
                asyncio.run(self._traffic(Random(options["seed"])))  # nosec B311 # noqa: S311 - not a secret
            else:
                demo_project.top_up()
        except KeyboardInterrupt:
            self.stdout.write("")
        except Unreachable:
            raise CommandError(
                "The embedded engine isn't running. Start it first with make run."
            ) from None
        except MobiusError as error:
            raise CommandError(f"The engine refused the request: {error.message}") from None

    def _history(self, days: int, seed: int | None) -> None:
        """Create past questions in the engine's database. The sync then reads them."""
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

    async def _traffic(self, rng: Random) -> None:
        async with demo_project.service_client() as client:
            for post in stories.traffic(rng, timezone.now):
                await demo_project.send(client, post)
                self.stdout.write(
                    f"Started {post.body['spec']['name']}"
                    if post.path == "/runs"
                    else "Asked a question without a run"
                )
                await asyncio.sleep(rng.uniform(*PACE))
