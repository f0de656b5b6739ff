"""More of the demo's questions."""

import asyncio
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.engine import demo
from inbox.management import demo_project, serving_note
from inbox.mobius.errors import MobiusError

PACE = (8.0, 40.0)
"""Seconds between two questions: as people ask them, not as machines do."""


class Command(BaseCommand):
    """Asks the demo's questions of the running embedded engine."""

    help = "Ask the demo's questions again if none is pending, or keep asking with --traffic."

    def add_arguments(self, parser: CommandParser) -> None:
        """How long, and what."""
        parser.add_argument(
            "--traffic", action="store_true", help="keep starting new ones until Ctrl-C"
        )
        parser.add_argument("--seed", type=int, help="the same questions each time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask; over HTTP, as any workflow would."""
        note = serving_note.read(settings.DATA_DIR)
        if not settings.EMBEDDED or note is None or "engine" not in note:
            raise CommandError("The demo is for the embedded engine: start it first, by make run.")
        settings.MOBIUS_BASE_URL = note["engine"]
        try:
            if options["traffic"]:
                asyncio.run(self._traffic(Random(options["seed"])))  # noqa: S311 - a demo's dice
            else:
                demo_project.top_up()
        except KeyboardInterrupt:
            self.stdout.write("")
        except MobiusError as error:
            raise CommandError(f"The engine did not take it: {error.message}") from None

    async def _traffic(self, dice: Random) -> None:
        client = demo_project.service_client()
        try:
            for post in demo.traffic(dice, timezone.now):
                await demo_project.send(client, post)
                self.stdout.write(
                    f"asked by {post.body['spec']['name'] if post.path == '/runs' else 'hand'}"
                )
                await asyncio.sleep(dice.uniform(*PACE))
        finally:
            await client.aclose()
