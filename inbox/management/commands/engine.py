"""The embedded engine alone."""

import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.engine import server


class Command(BaseCommand):
    """Serves the Mobius API and runs the runs, until SIGTERM, Ctrl-C or its parent's end."""

    help = "Serve the embedded engine: the Mobius API, on a port and a database of its own."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The address, and the parent."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument(
            "--port",
            type=int,
            default=settings.ENGINE_PORT,
            help="0 takes any free one (default: ENGINE_PORT)",
        )
        parser.add_argument(
            "--parent-pipe",
            type=int,
            metavar="FD",
            help="an open file descriptor; the engine ignores Ctrl-C and ends when it closes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; the first line on stdout holds the true address."""
        if options["parent_pipe"] is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        call_command("migrate", database="engine", verbosity=0, interactive=False)
        try:
            server.run(
                host=options["host"],
                port=options["port"],
                on_ready=self._say,
                parent_pipe=options["parent_pipe"],
            )
        except OSError as error:
            raise CommandError(
                f"The engine cannot listen on {options['host']} port {options['port']}: "
                f"{error.strerror}. Set ENGINE_PORT to a free one, or to 0 for any."
            ) from None

    def _say(self, base_url: str) -> None:
        self.stdout.write(f"The engine answers at {base_url}")
        self.stdout.flush()
