"""Does the main job work?"""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from inbox.management import doctor, serving_note
from inbox.management.doctor import Verdict
from inbox.management.preparing import make_ready


class Command(BaseCommand):
    """Looks at Mobius, the people and the groups; exit 1 where the main job does not work."""

    help = "Check that questions can be seen and answered, and list what is left to do."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each thing that was looked at."""
        make_ready()
        if settings.EMBEDDED:
            note = serving_note.read(settings.DATA_DIR) or {}
            settings.MOBIUS_BASE_URL = note.get("engine", settings.MOBIUS_BASE_URL)
        self.stdout.write(f"The inbox is opened at {settings.PUBLIC_URL}/")
        findings = doctor.examine()
        for finding in findings:
            self.stdout.write(f"{finding.verdict:>5}  {finding.text}")
        if any(finding.verdict is Verdict.FAILS for finding in findings):
            sys.exit(1)
