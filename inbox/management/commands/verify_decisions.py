"""Is the decision log as it was written?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inbox.services.decision_verify import verify


class Command(BaseCommand):
    """Read the whole log: its chain, its head, its end."""

    help = "Say whether the decision log is intact; name the first entry that does not fit, exit 1."

    def handle(self, *_: Any, **__: Any) -> None:
        """One line, and the exit status."""
        verdict = verify()
        if not verdict.intact:
            raise CommandError(f"not intact: {verdict.problem}", returncode=1)
        entries = "entry" if verdict.entries == 1 else "entries"
        self.stdout.write(f"intact, {verdict.entries:,} {entries}")
