import errno
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from inbox.engine import server
from inbox.management import demo_project, serving_note
from inbox.management.preparing import migrate, prepare
from inbox.management.server_command import ServerCommand
from inbox.management.serving_note import single_instance_lock
from inbox.upstream import installation


class Command(ServerCommand):
    help = "Serve the embedded engine: the Mobius API, on a port and a database of its own."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
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
            help="an open file descriptor; the engine ignores Ctrl-C, and stops when it is closed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """The first line on stdout has the actual address."""
        alone = options["parent_pipe"] is None
        if not alone:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        with single_instance_lock(settings.DATA_DIR, "engine"):
            migrate("engine")
            if alone:
                prepare()
                installation.secure_files()
                demo_project.provision()
            try:
                server.run(
                    host=options["host"],
                    port=options["port"],
                    on_ready=lambda base_url: self._report(base_url, alone=alone),
                    parent_pipe=options["parent_pipe"],
                )
            except OSError as error:
                raise CommandError(_why(error, options["host"], options["port"])) from None

    def _report(self, base_url: str, *, alone: bool) -> None:
        lines = [f"The engine is listening at {base_url}"]
        if alone:
            serving_note.write(settings.DATA_DIR, engine=base_url)
            lines += demo_project.exports(base_url)
        # For the parent or a shell, never for the log: the exports have a key.
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _why(error: OSError, host: str, port: int) -> str:
    reason = "it's in use by another program" if error.errno == errno.EADDRINUSE else str(error)
    return (
        f"The engine can't listen on {host} port {port}: {reason}. "
        "Choose another with ENGINE_PORT, or 0 for any."
    )
