"""The product on this machine."""

import asyncio
import os
import signal
import sys
from socket import socket
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inbox.management import demo_project, serving_note, tables, web_process
from inbox.management.engine_process import EngineProcess
from inbox.management.preparing import prepare
from inbox.management.single_instance import single_instance_lock
from inbox.people import demo
from inbox.services import links
from inbox.services.connection import connection
from reviewer_site import static


class Command(BaseCommand):
    """Serves the web pages and, where no Mobius is configured, the embedded engine beside them."""

    help = (
        "Serve the inbox until Ctrl-C: the web process and, if MOBIUS_BASE_URL isn't set, "
        "the embedded engine as its child."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until Ctrl-C."""
        signal.signal(signal.SIGTERM, _leave)
        with single_instance_lock(settings.DATA_DIR, "serve"):
            self._serve(web_process.bind(settings.BIND_ADDRESS, settings.PORT))

    def _serve(self, held: socket) -> None:
        if not settings.ENVIRONMENT.PUBLIC_URL:
            # With PORT=0 the port is known only now.
            settings.PUBLIC_URL = f"http://127.0.0.1:{held.getsockname()[1]}"
            settings.CSRF_TRUSTED_ORIGINS = [settings.PUBLIC_URL]
        address = _reachable_at(held)
        engine = None
        more: list[str] = []
        server = web_process.Server(on_ready=lambda: self._welcome(more))
        failed: list[int] = []

        def engine_ended(status: int) -> None:
            self.stderr.write(f"The engine ended unexpectedly (status {status}); stopping.")
            failed.append(status)
            server.should_exit = True

        try:
            tables.migrate("default")
            prepare()
            static.collect_if_changed()
            if settings.EMBEDDED:
                engine = self._start_engine()
                engine.watch(engine_ended)
                serving_note.write(settings.DATA_DIR, web=address, engine=settings.MOBIUS_BASE_URL)
                demo_project.top_up()
            else:
                refuse_demo_people()
                serving_note.write(settings.DATA_DIR, web=address)
                if problem := asyncio.run(connection.check()):
                    self.stderr.write(str(problem))
                if links.needs_setup():
                    more += _setup()
            server.run(sockets=[held])
        except KeyboardInterrupt:
            # Ctrl-C is how it is meant to end; the server hands it on once it has closed.
            return
        finally:
            if engine is not None:
                engine.stop()
            held.close()
        if failed or not server.started:
            raise CommandError("Stopped because of the failure shown above.")

    def _start_engine(self) -> EngineProcess:
        """The engine, provisioned and answering; its true address goes into the settings."""
        tables.migrate("engine")
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

    def _welcome(self, more: list[str]) -> None:
        lines = [f"The inbox is open at {settings.PUBLIC_URL}/"]
        if settings.OWN_KEY_EXPORTED:
            lines.append(
                "The exported MOBIUS_API_KEY belongs to this folder's own engine, so the "
                "exports are ignored."
            )
        if settings.EMBEDDED:
            lines += [
                "Sign in as rina, sam, or lee (reviewers), tess (team lead), or admin; "
                "the password is demo.",
                "To try the API with curl, run this in another terminal: "
                f'eval "$({sys.executable} manage.py mobius_env)"',
            ]
        lines += [*more, "Press Ctrl-C to stop."]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _leave(number: int, frame: FrameType | None) -> None:
    """SIGTERM: leave through every ``finally``, so that the engine is awaited too."""
    sys.exit(0)


def _setup() -> list[str]:
    """How the first administrator gets in. A link is for a terminal alone: output may be kept."""
    if not sys.stdout.isatty():
        return [
            "There is no administrator yet. "
            "Run python manage.py setup_link to get a link for creating one."
        ]
    return [
        "There is no administrator yet. "
        "Create one with this link (works once, expires in an hour):",
        links.make_setup(),
    ]


def _reachable_at(held: socket) -> str:
    """Where this machine's own programs reach the web process."""
    host, port = held.getsockname()[:2]
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a socket says
    host = everywhere.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refuse_demo_people() -> None:
    """Accounts whose password everybody knows must not meet a real Mobius."""
    names = demo.demo_accounts()
    if names:
        raise CommandError(
            f"Accounts with the demo password are present ({', '.join(names)}) and "
            "MOBIUS_BASE_URL names a real Mobius: use another DATA_DIR or DATABASE_URL, or change "
            "those passwords first (python manage.py changepassword NAME)."
        )
