import asyncio
import os
import signal
import sys
from argparse import SUPPRESS
from functools import partial
from socket import socket
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connection

from inbox.lib import static_files, version
from inbox.management import demo_project, serving_note
from inbox.management.engine_process import EngineProcess
from inbox.management.preparing import migrate, prepare, require_migrations, wait_for_database
from inbox.management.server_command import ServerCommand
from inbox.management.serving_note import single_instance_lock
from inbox.people import demo, links
from inbox.processes import web_process, workers
from inbox.processes.dedicated_connection import name_connections
from inbox.processes.workers import Workers
from inbox.upstream.connection import connection as mobius_connection


class Command(ServerCommand):
    help = (
        "Serve the inbox until Ctrl-C: the web process and, if MOBIUS_BASE_URL isn't set, "
        "the embedded engine as its child."
    )

    def get_version(self) -> str:
        return version.SHOWN

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--production",
            action="store_true",
            help=(
                "don't migrate and don't start the embedded engine; refuse to start if a "
                "migration hasn't been applied or a setting that a server needs is missing"
            ),
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=1,
            metavar="N",
            help="web processes on the port (default: 1); more than one needs PostgreSQL",
        )
        parser.add_argument(
            "--wait-for-database",
            type=int,
            default=0,
            metavar="SECONDS",
            help="how long to wait for a database that can't be opened yet (default: 0)",
        )
        # How a worker is started, with what it inherits.
        parser.add_argument("--worker", metavar="DESCRIPTORS", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        name_connections()
        if options["worker"] is not None:
            workers.serve(options["worker"])
            return
        signal.signal(signal.SIGTERM, _leave)
        if options["workers"] > 1 and connection.vendor != "postgresql":
            raise CommandError(
                "More than one worker needs PostgreSQL. Set DATABASE_URL, or leave --workers out."
            )
        if options["production"]:
            _refuse_incomplete_settings()
        if seconds := options["wait_for_database"]:
            wait_for_database(seconds, self.stdout.write)
        with single_instance_lock(settings.DATA_DIR, "serve"):
            listener = web_process.bind(settings.BIND_ADDRESS, settings.PORT)
            self._serve(listener, production=options["production"], count=options["workers"])

    def _serve(self, listener: socket, *, production: bool, count: int) -> None:
        if not settings.ENVIRONMENT.PUBLIC_URL:
            # With PORT=0 the port is known only now.
            settings.PUBLIC_URL = f"http://127.0.0.1:{listener.getsockname()[1]}"
            settings.CSRF_TRUSTED_ORIGINS = [settings.PUBLIC_URL]
        address = _reachable_at(listener)
        engine = None
        more: list[str] = []
        kind = partial(Workers, count) if count > 1 else web_process.Server
        server: web_process.Server | Workers = kind(on_ready=lambda: self._welcome(more))
        failed: list[int] = []

        def engine_ended(status: int) -> None:
            self.stderr.write(f"The engine ended unexpectedly (status {status}); stopping.")
            failed.append(status)
            server.stop()

        try:
            if production:
                require_migrations()
            else:
                self._step("Updating the database")
                migrate("default")
            prepare()
            self._step("Collecting static files")
            static_files.collect_if_changed()
            if settings.EMBEDDED:
                engine = self._start_engine()
                engine.watch(engine_ended)
                serving_note.write(settings.DATA_DIR, web=address, engine=settings.MOBIUS_BASE_URL)
                self._step("Asking the demo's questions")
                demo_project.top_up()
            else:
                refuse_demo_people()
                serving_note.write(settings.DATA_DIR, web=address)
                self._step("Connecting to Mobius")
                if problem := asyncio.run(mobius_connection.check()):
                    self.stderr.write(str(problem))
                if links.needs_setup():
                    more += self._setup()
            self._step("Starting the web server")
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            # Ctrl-C is the usual way to stop; uvicorn raises it again after its shutdown.
            return
        finally:
            if engine is not None:
                engine.stop()
            listener.close()
        if failed or not server.started:
            raise CommandError("Stopped because of the failure shown above.")

    def _step(self, text: str) -> None:
        """A first start is slow on a small machine."""
        self.stdout.write(f"{text} …")
        self.stdout.flush()

    def _start_engine(self) -> EngineProcess:
        """Set ``MOBIUS_BASE_URL`` to its address."""
        self._step("Starting the embedded engine")
        migrate("engine")
        demo_project.provision()
        demo_project.make_people()
        engine = EngineProcess(
            manage=settings.BASE_DIR / "manage.py",
            port=settings.ENGINE_PORT,
            environment={**os.environ, "DATA_DIR": str(settings.DATA_DIR)},
        )
        try:
            # With ENGINE_PORT=0 the address is known only now.
            settings.MOBIUS_BASE_URL = engine.start()
        except BaseException:
            # Ctrl-C too must not leave the engine running.
            engine.stop()
            raise
        return engine

    def _setup(self) -> list[str]:
        """The setup link goes only to a terminal."""
        if not self.stdout.isatty():
            return [
                "There is no administrator yet. "
                f"Run {sys.executable} manage.py setup_link to get a link for creating one."
            ]
        return [
            "There is no administrator yet. "
            "Create one with this link (works once, expires in an hour):",
            links.make_setup(),
        ]

    def _welcome(self, more: list[str]) -> None:
        lines = [f"The inbox is open at {settings.PUBLIC_URL}/"]
        if settings.OWN_KEY_EXPORTED:
            lines.append(
                "The exported MOBIUS_API_KEY belongs to this folder's own engine, so the "
                "exports are ignored."
            )
        if settings.EMBEDDED:
            lines += [
                "Sign in as rina, sam or lee (reviewers), tess (team lead) or admin; "
                "the password is demo.",
                "To try the API with curl, run this in another terminal: "
                f'eval "$({sys.executable} manage.py mobius_env)"',
            ]
        lines += [*more, "Press Ctrl-C to stop."]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _leave(number: int, frame: FrameType | None) -> None:
    """Exit through every ``finally``, so that the engine is stopped as well."""
    sys.exit(0)


def _reachable_at(listener: socket) -> str:
    host, port = listener.getsockname()[:2]
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec # noqa: S104 - what a socket says
    host = everywhere.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refuse_incomplete_settings() -> None:
    if settings.EMBEDDED:
        raise CommandError(
            "MOBIUS_BASE_URL isn't set, and with --production the embedded engine isn't started."
        )
    if not settings.ENVIRONMENT.PUBLIC_URL:
        raise CommandError("PUBLIC_URL isn't set. Set it to the address of the inbox.")
    if settings.DEBUG:
        raise CommandError("DEBUG is on, which shows source code to visitors. Turn it off.")


def refuse_demo_people() -> None:
    """The password of demo accounts is public."""
    names = demo.demo_accounts()
    if names:
        raise CommandError(
            f"There are accounts with the demo password ({', '.join(names)}), and MOBIUS_BASE_URL "
            "is set to a real Mobius. Use another DATA_DIR or DATABASE_URL, or change those "
            "passwords first (python manage.py changepassword NAME)."
        )
