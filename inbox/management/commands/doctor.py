import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from inbox.management import doctor
from inbox.management.findings import Verdict
from inbox.management.preparing import find_engine, make_ready


class Command(BaseCommand):
    """Exits with 1 if something is wrong."""

    help = (
        "Check settings, disk, database, clock, keys, Mobius, people, the identity provider and "
        "the proxy in front. Each line says what to do. The exit status is 1 if something is wrong."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        make_ready()
        find_engine()
        self.stdout.write(f"People open the inbox at {settings.PUBLIC_URL}/")
        findings = doctor.examine()
        for finding in findings:
            self.stdout.write(f"{finding.verdict:>5}  {finding.text}")
        if any(finding.verdict is Verdict.FAILS for finding in findings):
            sys.exit(1)
