from typing import Any

from django.core.management.base import BaseCommand

from inbox.mirror.rebuild import rebuild
from inbox.models import Interaction, Upstream

PROGRESS_EVERY = 2000
"""Print a line of progress after so many questions."""


class Command(BaseCommand):
    """The server may be running."""

    help = (
        "Recount the figures of Insights from the questions that are still stored. "
        "Figures of questions older than HISTORY_DAYS stay as they are."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        upstream = Upstream.current()
        total = Interaction.objects.filter(upstream=upstream).count()
        done = reported = 0
        for done in rebuild(upstream):
            if done - reported >= PROGRESS_EVERY:
                reported = done
                self.stdout.write(f"{done:,} of {max(done, total):,} questions")
        words = "1 question" if done == 1 else f"{done:,} questions"
        self.stdout.write(f"Insights has been recounted: {words}.")
